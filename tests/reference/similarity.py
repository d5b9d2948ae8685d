"""DSSIM, MS-SSIM and MS-SSIM + L1.

Source: facts/losses.md 1.1 and 1.6; Wang et al., "Image quality assessment: from error visibility to structural
similarity", 2004; Wang, Simoncelli, Bovik, "Multiscale structural similarity", 2003; Zhao et al., "Loss functions for
image restoration with neural networks", 2017 (the weight 0.84).
"""

from __future__ import annotations

import numpy as np

from .derivative import absolute, at_least
from .filters import dssim_row, valid, valid_transposed

C1 = 0.01**2
C2 = 0.03**2
POWERS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
MS_WINDOW = 11
L1_SIGMAS = (0.5, 1.0, 2.0, 4.0, 8.0)


def window_sizes(resolution: int) -> tuple[int, int]:
    """f1 and f2 of a resolution."""
    return int(resolution / 11.6), int(resolution / 23.2)


def ssim_maps(a: np.ndarray, b: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Luminance and contrast-structure maps (b, c, h - size + 1, w - size + 1)."""
    row = dssim_row(max(1, size))
    m0, m1 = valid(a, row), valid(b, row)
    luminance = (2 * m0 * m1 + C1) / (m0**2 + m1**2 + C1)
    structure = (2 * valid(a * b, row) - 2 * m0 * m1 + C2) / (valid(a**2 + b**2, row) - m0**2 - m1**2 + C2)
    return luminance, structure


def dssim(a: np.ndarray, b: np.ndarray, size: int) -> np.ndarray:
    """(1 - ssim) / 2 for each sample and channel: (b, c)."""
    luminance, structure = ssim_maps(a, b, size)
    return (1.0 - np.mean(luminance * structure, axis=(-2, -1))) / 2.0


def dssim_gradient(a: np.ndarray, b: np.ndarray, size: int) -> np.ndarray:
    """d sum(dssim(a, b, size)) / d b, derived by hand: shape of b.

    With the windowed means m = G(a), p = G(b), q = G(ab), r = G(a^2 + b^2):
    lum = (2 m p + c1)/(m^2 + p^2 + c1), cs = (2q - 2 m p + c2)/(r - m^2 - p^2 + c2);
    the chain back through G is its adjoint, through q a factor a, through r a factor 2b.
    """
    row = dssim_row(max(1, size))
    m, p = valid(a, row), valid(b, row)
    l_top, l_low = 2 * m * p + C1, m**2 + p**2 + C1
    s_top, s_low = 2 * valid(a * b, row) - 2 * m * p + C2, valid(a**2 + b**2, row) - m**2 - p**2 + C2
    luminance, structure = l_top / l_low, s_top / s_low
    by_p = 2 * structure * (m / l_low - l_top * p / l_low**2) + 2 * luminance * (s_top * p / s_low**2 - m / s_low)
    by_q = luminance * 2 / s_low
    by_r = -luminance * s_top / s_low**2
    scale = -0.5 / (luminance.shape[-2] * luminance.shape[-1])
    back = [valid_transposed(x * scale, row, b.shape[-2:]) for x in (by_p, by_q, by_r)]
    return back[0] + a * back[1] + 2 * b * back[2]


def power_factors(resolution: int) -> np.ndarray:
    """The kept scales' exponents: scale i stays while resolution // 2^i >= 11; a sum below 1 divides them."""
    kept = np.array([power for i, power in enumerate(POWERS) if resolution // 2**i >= MS_WINDOW])
    return kept / kept.sum() if kept.sum() < 1.0 else kept


def halve(x: np.ndarray) -> np.ndarray:
    """2x2 means; an odd last row or column is repeated."""
    h, w = x.shape[-2:]
    x = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(0, h % 2), (0, w % 2)], mode="edge")
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4.0


def msssim(a: np.ndarray, b: np.ndarray, resolution: int) -> np.ndarray:
    """1 - multi-scale SSIM for each sample: (b,). Not halved as dssim is."""
    factors = power_factors(resolution)
    product: np.ndarray | float = 1.0
    for i, power in enumerate(factors):
        luminance, structure = ssim_maps(a, b, MS_WINDOW)
        value = np.mean(structure if i + 1 < len(factors) else luminance * structure, axis=(-2, -1))
        product = product * at_least(value, 0.0) ** power
        a, b = halve(a), halve(b)
    return 1.0 - np.mean(product, axis=-1)


def centred_spot(side: int, sigma: float) -> np.ndarray:
    """One Gaussian in the middle of the frame, sum 1: (side, side)."""
    d = np.arange(side, dtype=np.float64) - (side / 2.0 - 0.5)
    row = np.exp(-(d**2) / (2.0 * sigma**2))
    spot = np.outer(row, row)
    return spot / spot.sum()


def spot_l1(a: np.ndarray, b: np.ndarray, resolution: int) -> np.ndarray:
    """mean over C of n * sum(g * |a - b|): (b,). n scales are kept; g sees only the middle of the frame."""
    n = len(power_factors(resolution))
    spot = centred_spot(a.shape[-1], L1_SIGMAS[n - 1])
    return np.mean(n * np.sum(spot * absolute(a - b), axis=(-2, -1)), axis=-1)


def msssim_l1(a: np.ndarray, b: np.ndarray, resolution: int) -> np.ndarray:
    """0.84 MS-SSIM + 0.16 L1: (b,)."""
    return 0.84 * msssim(a, b, resolution) + 0.16 * spot_l1(a, b, resolution)
