"""Degradations of the input. Source: facts/samples.md 9. Formulas of given draws; the draws' ranges are constants here.

Pictures (h, w, 3), 0..1. Nothing is limited to 0..1 but where said.
"""

from __future__ import annotations

import numpy as np

from .resample import resize

SIGMA = (3.0, 8.0)              # gaussian blur
MOTION_SIDE = (10, 20)          # kernel side, upper end excluded
NOISE_SCALE = (20.0, 40.0)      # of 255
POISSON_MEAN = (15.0, 30.0)
JPEG_QUALITY = (50, 85)         # integer, upper end excluded
SHADOW_CHANCE = 0.5


def gaussian_side(sigma: float) -> int:
    """int(2.9 sigma) below 5, int(2.6 sigma) from 5 on, made odd."""
    side = int(2.9 * sigma) if sigma < 5 else int(2.6 * sigma)
    return side + 1 if side % 2 == 0 else side


def correlate(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """filter2D: the kernel's anchor is its middle (side // 2), the border mirrored without repeating its pixel."""
    k = kernel.shape[0]
    before, after = k // 2, k - 1 - k // 2
    padded = np.pad(image, [(before, after), (before, after), (0, 0)], mode="reflect")
    views = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(0, 1))
    return np.einsum("hwcij,ij->hwc", views, kernel)


def gaussian_blur(image: np.ndarray, sigma: float, side: int | None = None) -> np.ndarray:
    side = gaussian_side(sigma) if side is None else side
    d = np.arange(side) - (side - 1) / 2.0
    row = np.exp(-(d**2) / (2.0 * sigma**2))
    row /= row.sum()
    return correlate(image, np.outer(row, row))


def noise_moments(kind: str, amount: float) -> tuple[float, float]:
    """Mean and deviation of what is added, in 0..1 units. amount: scale (gaussian, laplace) or lambda (poisson), of
    255.
    """
    match kind:
        case "gaussian":
            return 0.0, amount / 255.0
        case "laplace":
            return 0.0, np.sqrt(2.0) * amount / 255.0
        case "poisson":
            return amount / 255.0, np.sqrt(amount) / 255.0
    raise ValueError(kind)


def down_sides(resolution: int) -> tuple[int, int]:
    """[R / 8, R / 4), integers."""
    return resolution // 8, resolution // 4


def downsample(image: np.ndarray, side: int) -> np.ndarray:
    """Cubic down without antialiasing, cubic up."""
    h, w = image.shape[:2]
    return resize(resize(image, side, side), h, w)


def shadow(value: np.ndarray, mask: np.ndarray, inverse: np.ndarray, high: float, low: float) -> np.ndarray:
    """V of HSV (0..1): outside the band times high (saturating), inside times high then low; mixed by the two soft
    masks.
    """
    bright = np.minimum(value * high, 1.0)
    return bright * low * mask + bright * inverse
