"""Structural likeness at several scales (facts/losses.md 1.6), in float32 as `loss_ssim` is."""


import torch
import torch.nn.functional as F
from torch import Tensor

from core.train.loss_blur import blur_valid, gaussian_row
from core.train.loss_ssim import CONTRAST_FLOOR, LUMINANCE_FLOOR, SIGMA

POWERS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW = 11
SPOT_SIGMAS = (0.5, 1.0, 2.0, 4.0, 8.0)     # of the original's L1, by the number of scales
STRUCTURE_SHARE = 0.84                      # of structure in MS-SSIM+L1; the rest is the difference of pixels


def powers_for(resolution: int) -> tuple[float, ...]:
    """The weight of each scale whose side still holds a window; together at least 1."""
    kept = [power for level, power in enumerate(POWERS) if resolution // 2**level >= WINDOW]
    total = sum(kept)
    return tuple(power / total if total < 1 else power for power in kept)


def multiscale(target: Tensor, picture: Tensor) -> Tensor:
    """1 - MS-SSIM of each sample, (b,). The target takes no gradient."""
    powers = powers_for(target.shape[-1])
    product: Tensor | None = None
    for level, power in enumerate(powers):
        luminance, contrast = likeness(target, picture)
        is_last = level == len(powers) - 1
        value = (luminance * contrast if is_last else contrast).mean((2, 3)).relu() ** power    # (b, c)
        product = value if product is None else product * value
        if not is_last:
            target, picture = halved(target), halved(picture)
    if product is None:
        raise ValueError(f"a picture of {target.shape[-1]} pixels has no room for a window of {WINDOW}")
    return 1 - product.mean(1)


def multiscale_and_pixels(target: Tensor, picture: Tensor, *, is_dfl: bool) -> Tensor:
    """0.84 (1 - MS-SSIM) + 0.16 x the mean difference of pixels, (b,).

    is_dfl: the difference is weighed by one Gaussian spot of a few pixels in the middle of the picture, and by the
    number of scales, as in the original (facts/losses.md 11.8): colours away from the nose are not held by it.
    """
    apart = (target - picture).abs()
    if is_dfl:
        scales = len(powers_for(target.shape[-1]))
        row = gaussian_row(target.shape[-1], SPOT_SIGMAS[scales - 1], target.device)
        difference = scales * (apart * row * row[:, None]).sum((2, 3)).mean(1)
    else:
        difference = apart.mean((1, 2, 3))
    return STRUCTURE_SHARE * multiscale(target, picture) + (1 - STRUCTURE_SHARE) * difference


def likeness(target: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
    """Maps of luminance and of contrast with structure, 1 where both are equal: (b, c, h - 10, w - 10)."""
    row = gaussian_row(WINDOW, SIGMA, target.device)
    with torch.no_grad():
        mean_target = blur_valid(target, row)
    maps = torch.cat([picture, target * picture, target.square() + picture.square()], 1)
    mean, cross, squares = blur_valid(maps, row).chunk(3, 1)
    means, mean_squares = mean_target * mean * 2, mean_target.square() + mean.square()
    luminance = (means + LUMINANCE_FLOOR) / (mean_squares + LUMINANCE_FLOOR)
    return luminance, (cross * 2 - means + CONTRAST_FLOOR) / (squares - mean_squares + CONTRAST_FLOOR)


def halved(x: Tensor) -> Tensor:
    """Means of 2x2 pixels; an odd side's last row and column are repeated."""
    odd_h, odd_w = x.shape[2] % 2, x.shape[3] % 2
    if odd_h or odd_w:
        x = F.pad(x, [0, odd_w, 0, odd_h], mode="replicate")
    return F.avg_pool2d(x, 2)
