"""Something that learns: the network, or a discriminator. Its optimizer, and which of its blocks take gradients."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from core.nets.network import Blocked
from core.settings.kind import Value
from core.train.clip import clip_scale, gradient_norm
from core.train.lock import apply_locks
from core.train.lrd import LrdStream, draw_masks
from core.train.optim import Masks, Optimizer, gradient_of
from core.train.rate import rates
from core.train.world import ALONE, World


class Pace(NamedTuple):
    """How an update is made. With learning-rate dropout on, `masks` are used where given, else drawn from `stream`."""

    settings: Mapping[str, Value]
    iteration: int
    stream: LrdStream
    masks: Masks | None = None


class Outcome(NamedTuple):
    """An update: the gradient's length before clipping, and 1.0, or 0.0 where nothing was changed."""

    norm: Tensor
    sound: Tensor


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

    def learn(self, loss: Tensor, open_blocks: list[str], pace: Pace, *, sound: Tensor | None = None) -> Outcome:
        """One update by the gradient of `loss`, a scalar. sound: 0.0 where a step before it was refused, then this is.

        Not applied where the loss or the gradient is not finite. Both are summed over all ranks first: what follows,
        length, clipping and refusal, is then the same on each.
        """
        gradients = self.gradients(loss, open_blocks)
        loss = loss.detach().clone()
        self.world.sum_([*gradients, loss])
        norm = gradient_norm(gradients) if gradients else torch.zeros_like(loss)
        is_finite = (norm.isfinite() & loss.isfinite()).float()
        sound = is_finite if sound is None else is_finite * sound
        if gradients and (self.optimizer.device.type != "cpu" or sound):
            scale = clip_scale(norm) if pace.settings["clipgrad"] else torch.ones_like(norm)
            self.optimizer.update(open_blocks, rate=rates(pace.settings, pace.iteration, self.blocks), scale=scale,
                                  sound=sound, masks=self._masks(open_blocks, pace))
        self.module.zero_grad()
        return Outcome(norm, sound)

    def _masks(self, open_blocks: list[str], pace: Pace) -> Masks | None:
        if pace.settings["lr_dropout"] != "y" or pace.masks is not None:
            return pace.masks if pace.settings["lr_dropout"] == "y" else None
        return draw_masks(self.optimizer, open_blocks, pace.stream, pace.iteration)
