"""Separable Gaussian blurs, and the soft mask that is made with one (facts/losses.md 1.2 and 2)."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

CPU = torch.device("cpu")
MASK_BLUR_SHARE = 32  # the soft mask grows by this fraction of the side


def blur_valid(x: Tensor, row: Tensor) -> Tensor:
    """`x` (b, c, h, w) correlated with the outer product of `row` (n,) and itself, without padding: h - n + 1.

    Two passes over one axis each: the same function as one pass over both, at 128 px three times faster, at 256 px
    and a window of 22 eight times.
    """
    channels, n = x.shape[1], len(row)
    row = row.to(x.dtype)   # the same tensor in float32, which all but float64 tests of exactness have
    x = F.conv2d(x, row.view(1, 1, 1, n).expand(channels, 1, 1, n), groups=channels)
    return F.conv2d(x, row.view(1, 1, n, 1).expand(channels, 1, n, 1), groups=channels)


@lru_cache(maxsize=64)
def gaussian_row(n: int, sigma: float, device: torch.device = CPU) -> Tensor:
    """n weights of a Gaussian around the middle (between two for even n), sum 1; float32. Kept: do not change it.

    Kept because a copy to a GPU waits for all that was started there.
    """
    offsets = torch.arange(n, dtype=torch.float64) - (n - 1) / 2
    return torch.softmax(-offsets.square() / (2 * sigma**2), 0).float().to(device)


def gaussian_blur(x: Tensor, radius: float) -> Tensor:
    """`x` (b, c, h, w) blurred with sigma `radius`, zeros around: size is kept and borders lose mass."""
    n = max(3, int(4 * radius)) | 1  # odd
    return blur_valid(F.pad(x, [n // 2] * 4), gaussian_row(n, radius, x.device))


@torch.no_grad()
def soft_mask(mask: Tensor) -> Tensor:
    """The face mask (b, 1, R, R) grown outward with a soft edge: 1 inside the face, 0 a little outside."""
    blurred = gaussian_blur(mask, max(1, mask.shape[-1] // MASK_BLUR_SHARE))
    return blurred.clamp_(0, 0.5).mul_(2)
