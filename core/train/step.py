"""One training step: forward, losses, backward, update. Pure arithmetic: it knows no files, clocks or events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from core.nets.network import FaceNetwork
from core.settings.kind import Value
from core.train.clip import clip_scale, gradient_norm
from core.train.lock import apply_locks, effective_locks
from core.train.loss_side import SideLoss, side_loss
from core.train.lrd import LrdStream, draw_masks
from core.train.optim import Masks, Optimizer, gradient_of
from core.train.rate import rate
from core.train.train_batch import TrainBatch


class StepNumbers(NamedTuple):
    """A step in numbers: batch means of the losses, the mask's part of both, the gradient's length before clipping.

    applied: False where a loss or the gradient was not finite; then nothing was changed.
    """

    src: float
    dst: float
    masks: float
    gradient_norm: float
    applied: bool


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step's outcome, still on the device: reading it waits for a GPU.

    src, dst: loss of each sample, (b,), before the update. numbers: (5,), the fields of StepNumbers.
    """

    src: Tensor
    dst: Tensor
    numbers: Tensor

    def read(self) -> StepNumbers:
        """The numbers on the host, in one transfer."""
        src, dst, masks, norm, applied = self.numbers.tolist()
        return StepNumbers(src, dst, masks, norm, bool(applied))


class Step:
    """Trains a network with an optimizer, one batch at a time.

    shared_pass: src and dst go through the common parts as one batch. It changes bits, so it is part of the run.
    """

    def __init__(self, network: FaceNetwork, optimizer: Optimizer, *, shared_pass: bool = True) -> None:
        self.network = network
        self.optimizer = optimizer
        self.shared_pass = shared_pass
        self.blocks = network.blocks
        self.locked: frozenset[str] | None = None  # what the network's tensors are set to

    def __call__(
        self,
        batch: TrainBatch,
        settings: Mapping[str, Value],
        *,
        iteration: int,
        locked: frozenset[str] = frozenset(),
        stream: LrdStream = LrdStream(0, 0),
        masks: Masks | None = None,
    ) -> StepResult:
        """Train on `batch`. iteration: completed iterations before this step.

        With learning-rate dropout on, `masks` are used where they are given, else drawn from `stream`.
        """
        open_blocks = self.open_blocks(settings, locked)
        src, dst = self.losses(batch, settings)
        loss = src.total.sum() + dst.total.sum()
        gradients = self.backward(loss, open_blocks)
        norm = gradient_norm(gradients) if gradients else torch.zeros_like(loss)
        sound = (norm.isfinite() & loss.isfinite()).float()
        if gradients and (self.optimizer.device.type != "cpu" or sound):
            if settings["lr_dropout"] != "y":
                masks = None
            elif masks is None:
                masks = draw_masks(self.optimizer, open_blocks, stream, iteration)
            scale = clip_scale(norm) if settings["clipgrad"] else torch.ones_like(norm)
            self.optimizer.update(open_blocks, rate=rate(settings, iteration), scale=scale, sound=sound, masks=masks)
        self.network.zero_grad(set_to_none=True)
        return result(src, dst, norm, sound)

    def open_blocks(self, settings: Mapping[str, Value], locked: frozenset[str]) -> list[str]:
        """The blocks that this step trains, in build order; the network's tensors are set accordingly."""
        locked = effective_locks(self.blocks, settings, locked)
        if locked != self.locked:
            apply_locks(self.network, locked)
            self.locked = locked
        return [block.name for block in self.blocks if block.name not in locked]

    def losses(self, batch: TrainBatch, settings: Mapping[str, Value]) -> tuple[SideLoss, SideLoss]:
        """The losses of src and dst, with gradients."""
        drawn = self.network.train_pass(batch.src.warped, batch.dst.warped, shared_pass=self.shared_pass)
        is_masked = bool(settings["masked_training"])
        return (side_loss(drawn.src, drawn.src_mask, batch.src, is_masked=is_masked),
                side_loss(drawn.dst, drawn.dst_mask, batch.dst, is_masked=is_masked))

    def backward(self, loss: Tensor, open_blocks: list[str]) -> list[Tensor]:
        """Gradients of the open tensors; none where everything is locked."""
        if not loss.requires_grad:
            return []
        loss.backward()  # type: ignore[no-untyped-call]
        return [gradient_of(p) for block in open_blocks for p in self.optimizer.parameters[block].values()]


def result(src: SideLoss, dst: SideLoss, norm: Tensor, sound: Tensor) -> StepResult:
    """The numbers of a step, detached from its graph."""
    a, b = src.total.detach(), dst.total.detach()
    masks = torch.cat([src.mask.detach(), dst.mask.detach()]).mean()
    return StepResult(a, b, torch.stack([a.mean(), b.mean(), masks, norm, sound]))
