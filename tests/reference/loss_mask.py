"""Masks that the losses multiply with, and the blurred-out background. Source: facts/losses.md 2."""

from __future__ import annotations

import numpy as np

from .derivative import clip
from .filters import gblur


def blurred(mask: np.ndarray, resolution: int) -> np.ndarray:
    """clip(gblur(m, max(1, R // 32)), 0, 0.5) * 2: 1 inside the face, falling outside its edge."""
    return clip(gblur(mask, max(1, resolution // 32)), 0.0, 0.5) * 2.0


def quick96_blurred(mask: np.ndarray) -> np.ndarray:
    """gblur(m, 3) as it is."""
    return gblur(mask, 3)


def blur_out(image: np.ndarray, mask: np.ndarray, resolution: int) -> np.ndarray:
    """The target whose background is a blur of itself without face light (sigma R / 128).

    As the original does it: the divisor is 1 - gblur(m), so the zero padding darkens the frame's border.
    """
    sigma, outside = resolution / 128.0, 1.0 - mask
    light = gblur(image * outside, sigma)
    share = 1.0 - gblur(mask, sigma)
    return image * mask + light / np.where(share == 0.0, 1.0, share) * outside


def blur_out_corrected(image: np.ndarray, mask: np.ndarray, resolution: int) -> np.ndarray:
    """The version without border darkening: divided by gblur(1 - m)."""
    sigma, outside = resolution / 128.0, 1.0 - mask
    share = gblur(outside, sigma)
    return image * mask + gblur(image * outside, sigma) / np.where(share == 0.0, 1.0, share) * outside
