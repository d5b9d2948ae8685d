"""Style loss and "total variation, squared". Source: facts/losses.md 1.3 and 1.4."""

from __future__ import annotations

import numpy as np

from .filters import gblur


def style(t: np.ndarray, s: np.ndarray, radius: float, weight: float) -> np.ndarray:
    """Distance of the means and deviations of each channel: (b,). Population variance, 1e-5 under the root."""
    if radius > 0:
        t, s = gblur(t, radius), gblur(s, radius)
    mean_t, mean_s = t.mean(axis=(-2, -1)), s.mean(axis=(-2, -1))
    # (x - m)^2 written out: NumPy's var takes the modulus of complex input, which has no derivative
    deviation_t = np.sqrt(((t - mean_t[..., None, None]) ** 2).mean(axis=(-2, -1)) + 1e-5)
    deviation_s = np.sqrt(((s - mean_s[..., None, None]) ** 2).mean(axis=(-2, -1)) + 1e-5)
    return weight * np.mean((mean_t - mean_s) ** 2 + (deviation_t - deviation_s) ** 2, axis=-1)


def variation(x: np.ndarray) -> np.ndarray:
    """Sum of squared differences along axes 1 and 2: (b,). For (b, c, h, w): channels and rows, never columns."""
    along_1 = np.sum((x[:, 1:] - x[:, :-1]) ** 2, axis=(1, 2, 3))
    along_2 = np.sum((x[:, :, 1:] - x[:, :, :-1]) ** 2, axis=(1, 2, 3))
    return along_1 + along_2


def spatial_variation(x: np.ndarray) -> np.ndarray:
    """The same formula fed (b, h, w, c): rows and columns, what the name promises. x is (b, c, h, w) here too."""
    return variation(np.moveaxis(x, 1, -1))
