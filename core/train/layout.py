"""In which order maps and kernels lie in memory: with the channels last, or plain. Values never change by it.

Most kernels compute in the layout of what they are given, so kernels, moments and pictures are laid out alike and
maps follow. Saves hold plain order whatever is set.
"""

from dataclasses import fields, replace

import torch
from torch import Tensor

from core.train.optim import Optimizer
from core.train.train_batch import TrainBatch, TrainSide


def format_of(is_channels_last: bool) -> torch.memory_format:
    """Torch's word for it."""
    return torch.channels_last if is_channels_last else torch.contiguous_format


@torch.no_grad()
def lay_out(optimizer: Optimizer, *, is_channels_last: bool) -> None:
    """Lay out an optimizer's weights and moments that are not yet. A gradient that is left over is dropped.

    Moments get the very strides of their weight: the optimizer goes over both as they lie in memory, and a kernel of
    one pixel has two sets of strides that mean the same.
    """
    for block, tensors in optimizer.parameters.items():
        for name, weight in tensors.items():
            if weight.dim() != 4 or weight.is_contiguous(memory_format=format_of(is_channels_last)):
                continue
            laid = torch.empty_like(weight, memory_format=format_of(is_channels_last), requires_grad=False)
            weight.data, weight.grad = laid.copy_(weight), None
            kept = optimizer.kept[block][name]
            for slot, moments in kept.items():
                kept[slot] = torch.empty_like(weight, requires_grad=False).copy_(moments)


def plain(batch: TrainBatch) -> TrainBatch:
    """The batch with its pictures in plain order; they come with the channels last."""
    return TrainBatch(plain_side(batch.src), plain_side(batch.dst))


def plain_side(side: TrainSide) -> TrainSide:
    """One side of `plain`."""
    tensors: dict[str, Tensor] = {f.name: tensor.contiguous() for f in fields(side)
                                  if (tensor := getattr(side, f.name)) is not None}
    return replace(side, **tensors)
