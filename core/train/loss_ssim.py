"""Structural dissimilarity (facts/losses.md 1.1), in float32: half precision is wrong by half on flat skin."""

from collections.abc import Sequence

import torch
from torch import Tensor

from core.train.loss_blur import blur_valid, gaussian_row

SIGMA = 1.5  # of the window, whatever its size: as in the original
LUMINANCE_FLOOR = 0.01**2
CONTRAST_FLOOR = 0.03**2
TWO_WINDOWS_FROM = 256  # pixels


def windows_for(resolution: int, *, has_two_windows: bool = False) -> tuple[int, ...]:
    """Window sides in pixels: one below 256 pixels, two from there on or where they are asked for."""
    first, second = max(1, int(resolution / 11.6)), max(1, int(resolution / 23.2))
    return (first, second) if has_two_windows or resolution >= TWO_WINDOWS_FROM else (first,)


def dissimilarity(target: Tensor, picture: Tensor, windows: Sequence[int]) -> list[Tensor]:
    """(1 - SSIM) / 2 of each sample and channel, (b, c), for each window side. Not defined over the border.

    The target takes no gradient: its mean is blurred without one. Only the sum of the squares is ever used, so three
    maps are blurred in one call instead of four.
    """
    maps = torch.cat([picture, target * picture, target.square() + picture.square()], 1)
    values = []
    for window in windows:
        row = gaussian_row(window, SIGMA, target.device)
        with torch.no_grad():
            mean_target = blur_valid(target, row)
        mean, cross, squares = blur_valid(maps, row).chunk(3, 1)
        means, mean_squares = mean_target * mean * 2, mean_target.square() + mean.square()
        luminance = (means + LUMINANCE_FLOOR) / (mean_squares + LUMINANCE_FLOOR)
        contrast = (cross * 2 - means + CONTRAST_FLOOR) / (squares - mean_squares + CONTRAST_FLOOR)
        values.append((1 - (luminance * contrast).mean((2, 3))) / 2)
    return values


def structure(target: Tensor, picture: Tensor, *, has_two_windows: bool = False) -> Tensor:
    """The structure term of the loss, (b,): 10 x dissimilarity, averaged over channels and windows."""
    values = dissimilarity(target, picture, windows_for(target.shape[-1], has_two_windows=has_two_windows))
    return torch.stack(values).mean((0, 2)) * 10
