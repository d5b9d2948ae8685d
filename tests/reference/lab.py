"""CIE Lab and HSV of float BGR pictures. Source: facts/samples.md 7.1 (sRGB gamma, D65 white 0.950456, 1, 1.088754),
7.2; IEC 61966-2-1 (sRGB); CIE 15 (Lab). Analytic; OpenCV's table differs by up to 0.25 units.
"""

from __future__ import annotations

import numpy as np

RGB_TO_XYZ = np.array([
    [0.412453, 0.357580, 0.180423],
    [0.212671, 0.715160, 0.072169],
    [0.019334, 0.119193, 0.950227],
])
WHITE = np.array([0.950456, 1.0, 1.088754])
KINK = 216.0 / 24389.0      # (6/29)^3


def to_lab(bgr: np.ndarray) -> np.ndarray:
    """(..., 3) BGR 0..1 to L 0..100, a, b."""
    linear = np.where(bgr <= 0.04045, bgr / 12.92, ((np.maximum(bgr, 0) + 0.055) / 1.055) ** 2.4)
    xyz = linear[..., ::-1] @ RGB_TO_XYZ.T / WHITE
    f = np.where(xyz > KINK, np.cbrt(xyz), xyz * (841.0 / 108.0) + 4.0 / 29.0)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def from_lab(lab: np.ndarray) -> np.ndarray:
    """The inverse; colours outside the gamut come back outside 0..1, negative light linearly."""
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    xyz = np.where(f > 6.0 / 29.0, f**3, (f - 4.0 / 29.0) * (108.0 / 841.0)) * WHITE
    linear = (xyz @ np.linalg.inv(RGB_TO_XYZ).T)[..., ::-1]
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055)


def to_hsv(bgr: np.ndarray) -> np.ndarray:
    """H 0..360, S 0..1, V 0..1 (Smith 1978)."""
    b, g, r = bgr[..., 0], bgr[..., 1], bgr[..., 2]
    value, low = bgr.max(axis=-1), bgr.min(axis=-1)
    span = value - low
    safe = np.where(span == 0, 1, span)
    hue = np.where(value == r, (g - b) / safe, np.where(value == g, 2 + (b - r) / safe, 4 + (r - g) / safe))
    hue = np.where(span == 0, 0, (hue * 60) % 360)
    return np.stack([hue, np.where(value == 0, 0, span / np.where(value == 0, 1, value)), value], axis=-1)


def from_hsv(hsv: np.ndarray) -> np.ndarray:
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]

    def channel(n: int) -> np.ndarray:
        k = (n + hue / 60.0) % 6
        return value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1)

    return np.stack([channel(1), channel(3), channel(5)], axis=-1)


def hue_step(amount: float) -> int:
    """k of the integer hue shift in [-k, k] degrees: max(1, int(180 a))."""
    return max(1, int(180 * amount))


def shift_hsv(bgr: np.ndarray, hue: float, saturation: float, value: float) -> np.ndarray:
    """H + hue modulo 360, S + saturation and V + value, each limited to 0..1; back, limited to 0..1."""
    hsv = to_hsv(bgr)
    moved = [(hsv[..., 0] + hue) % 360, np.clip(hsv[..., 1] + saturation, 0, 1), np.clip(hsv[..., 2] + value, 0, 1)]
    return np.clip(from_hsv(np.stack(moved, axis=-1)), 0, 1)


def rotate_chroma(bgr: np.ndarray, angle: float) -> np.ndarray:
    """Lab with (a, b) turned by `angle` radians, limited (L 0..100, a b -127..127), back, limited to 0..1 (7.3)."""
    lab = to_lab(bgr)
    a, b = lab[..., 1], lab[..., 2]
    turned = np.stack([
        np.clip(lab[..., 0], 0, 100),
        np.clip(np.cos(angle) * a - np.sin(angle) * b, -127, 127),
        np.clip(np.sin(angle) * a + np.cos(angle) * b, -127, 127),
    ], axis=-1)
    return np.clip(from_lab(turned), 0, 1)
