"""Something that learns: the network, or a discriminator. Its optimizer, and which of its blocks take gradients."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from core.nets.network import Blocked
from core.settings.kind import Value
from core.train.clip import clip_scale, gradient_norm
from core.train.lock import apply_locks
from core.train.loss_scale import LossScale
from core.train.lrd import LrdStream, draw_masks
from core.train.optim import Masks, Optimizer, gradient_of
from core.train.precision import FULL, Precision
from core.train.rate import rates
from core.train.world import ALONE, World


class Pace(NamedTuple):
    """How an update is made. With learning-rate dropout on, `masks` are used where given, else drawn from `stream`.

    precision: in which the judges' lessons are computed.
    """

    settings: Mapping[str, Value]
    iteration: int
    stream: LrdStream
    masks: Masks | None = None
    precision: Precision = FULL


class Outcome(NamedTuple):
    """An update: the gradient's length before clipping, and 1.0, or 0.0 where nothing was changed.

    overflowed: 1.0 where that was because the scaled gradient was too large for fp16. loss_scale: what the loss was
    multiplied with, NaN where it was not.
    """

    norm: Tensor
    sound: Tensor
    overflowed: Tensor
    loss_scale: Tensor


class Learner:
    """Learns by gradients, block by block."""

    def __init__(self, module: Blocked, optimizer: Optimizer, world: World = ALONE) -> None:
        self.module = module
        self.optimizer = optimizer
        self.world = world
        self.blocks = module.blocks
        self.locked: frozenset[str] | None = None   # what the tensors are set to

    def grown(self) -> None:
        """The module has more blocks than before: they learn too."""
        self.optimizer.adopt(self.module)
        self.blocks = self.module.blocks
        self.locked = None

    def open_blocks(self, locked: frozenset[str]) -> list[str]:
        """The blocks that are not locked, in build order; the tensors are set accordingly."""
        if locked != self.locked:
            apply_locks(self.module, locked)
            self.locked = locked
        return [block.name for block in self.blocks if block.name not in locked]

    def freeze(self) -> None:
        """Let nothing of it take gradients: what passes through it does."""
        self.open_blocks(frozenset(block.name for block in self.blocks))

    def gradients(self, loss: Tensor, open_blocks: list[str]) -> list[Tensor]:
        """Backward; the gradients of the open tensors, none where everything is locked."""
        if not loss.requires_grad:
            return []
        loss.backward()  # type: ignore[no-untyped-call]
        return [gradient_of(p) for block in open_blocks for p in self.optimizer.parameters[block].values()]

    def learn(self, loss: Tensor, open_blocks: list[str], pace: Pace, *, sound: Tensor | None = None,
              loss_scale: LossScale | None = None) -> Outcome:
        """One update by the gradient of `loss`, a scalar. sound: 0.0 where a step before it was refused, then this is.

        Not applied where the loss or the gradient is not finite. Both are summed over all ranks first: what follows,
        length, clipping, loss scale and refusal, is then the same on each.
        """
        times = None if loss_scale is None else loss_scale.value
        gradients = self.gradients(loss if times is None else loss * times, open_blocks)
        loss = loss.detach().clone()
        self.world.sum_([*gradients, loss])
        norm = gradient_norm(gradients) if gradients else torch.zeros_like(loss)
        norm = norm if times is None else norm / times
        is_finite = (norm.isfinite() & loss.isfinite()).float()
        sound = is_finite if sound is None else is_finite * sound
        if gradients and (self.optimizer.device.type != "cpu" or sound):
            scale = clip_scale(norm) if pace.settings["clipgrad"] else torch.ones_like(norm)
            # One factor clips and takes the loss scale off again; that is a power of two, so nothing is rounded.
            scale = scale if times is None else scale / times
            self.optimizer.update(open_blocks, rate=rates(pace.settings, pace.iteration, self.blocks), scale=scale,
                                  sound=sound, masks=self._masks(open_blocks, pace))
        self.module.zero_grad()
        return self._outcome(norm, sound, loss, loss_scale)

    def _outcome(self, norm: Tensor, sound: Tensor, loss: Tensor, loss_scale: LossScale | None) -> Outcome:
        """What came of an update; the loss scale follows it."""
        if loss_scale is None:
            return Outcome(norm, sound, torch.zeros_like(norm), torch.full_like(norm, torch.nan))
        overflowed, times = (loss.isfinite() & ~norm.isfinite()).float(), loss_scale.value
        loss_scale.update(overflowed)
        return Outcome(norm, sound, overflowed, times)

    def _masks(self, open_blocks: list[str], pace: Pace) -> Masks | None:
        if pace.settings["lr_dropout"] != "y" or pace.masks is not None:
            return pace.masks if pace.settings["lr_dropout"] == "y" else None
        return draw_masks(self.optimizer, open_blocks, pace.stream, pace.iteration)
