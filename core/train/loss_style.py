"""Losses that make the swap look like dst (facts/losses.md 1.3 and 3), and how smooth a picture is (1.4)."""

import torch
from torch import Tensor

from core.train.loss_blur import gaussian_blur
from core.train.loss_ssim import dissimilarity, windows_for

VARIANCE_FLOOR = 1e-5
FACE_WEIGHT = 10_000 / 100      # of a power that is given in hundredths
BACKGROUND_WEIGHT = 10 / 100


def face_style(swap: Tensor, target: Tensor, power: float) -> Tensor:
    """How far mean and deviation of each colour are apart, blurred over an eighth of the side: (b,).

    swap, target: (b, 3, R, R), both inside their masks; the target takes no gradient.
    """
    radius = swap.shape[-1] // 8
    with torch.no_grad():
        mean_target, deviation_target = moments(gaussian_blur(target, radius))
    mean, deviation = moments(gaussian_blur(swap, radius))
    apart = (mean - mean_target).square() + (deviation - deviation_target).square()
    return apart.mean(1) * (FACE_WEIGHT * power)


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each sample and channel, (b, c)."""
    variance, mean = torch.var_mean(x, dim=(2, 3), correction=0)
    return mean, (variance + VARIANCE_FLOOR).sqrt()


def background_style(swap: Tensor, target: Tensor, power: float) -> Tensor:
    """Structure and pixels of the background, (b,): both pictures are 0 inside the face. One window at any size."""
    (structure,) = dissimilarity(target, swap, windows_for(target.shape[-1])[:1])
    apart = structure.mean(1) + (target - swap).square().mean((1, 2, 3))
    return apart * (BACKGROUND_WEIGHT * power)


def variation(x: Tensor, *, is_dfl: bool) -> Tensor:
    """Sum of the squared differences between neighbours, (b,).

    Down and across. is_dfl: between neighbouring colours and down, which is what the original's formula, made for
    channels-last maps, does on every GPU.
    """
    down = (x[:, :, 1:] - x[:, :, :-1]).square().sum((1, 2, 3))
    other = x[:, 1:] - x[:, :-1] if is_dfl else x[..., 1:] - x[..., :-1]
    return down + other.square().sum((1, 2, 3))
