"""A batch as tensors: pictures and masks in float32, 0..1, on the training device."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Bytes = NDArray[np.uint8]


class SampleSide(Protocol):
    """What a side of a sample batch offers: warped, target (b, R, R, 3) BGR; mask, eyes_mouth (b, R, R); uint8."""

    @property
    def warped(self) -> Bytes: ...
    @property
    def target(self) -> Bytes: ...
    @property
    def mask(self) -> Bytes: ...
    @property
    def eyes_mouth(self) -> Bytes | None: ...


class SampleBatch(Protocol):
    """Both sides of a batch."""

    @property
    def src(self) -> SampleSide: ...
    @property
    def dst(self) -> SampleSide: ...


@dataclass(frozen=True, slots=True)
class TrainSide:
    """One person's samples: warped, target (b, 3, R, R); mask and eyes_mouth (b, 1, R, R), the latter if wanted."""

    warped: Tensor
    target: Tensor
    mask: Tensor
    eyes_mouth: Tensor | None


@dataclass(frozen=True, slots=True)
class TrainBatch:
    """What a step trains on."""

    src: TrainSide
    dst: TrainSide


def to_train_batch(batch: SampleBatch, device: torch.device) -> TrainBatch:
    """Copy a batch to the device; the arrays may be overwritten afterwards."""
    return TrainBatch(to_side(batch.src, device), to_side(batch.dst, device))


def to_side(side: SampleSide, device: torch.device) -> TrainSide:
    """One side of `to_train_batch`."""
    eyes_mouth = None if side.eyes_mouth is None else to_tensor(side.eyes_mouth[..., None], device)
    return TrainSide(to_tensor(side.warped, device), to_tensor(side.target, device),
                     to_tensor(side.mask[..., None], device), eyes_mouth)


def to_tensor(array: Bytes, device: torch.device) -> Tensor:
    """(b, R, R, c) bytes -> (b, c, R, R) float32; memory keeps the order of the bytes, which is channels last."""
    tensor = torch.from_numpy(array)
    if device.type == "cuda":  # from pinned memory the copy does not wait for the step before
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=device.type == "cuda").permute(0, 3, 1, 2).float().div_(255)
