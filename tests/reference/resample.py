"""Interpolation as OpenCV defines it, in float64 and without its fixed-point positions.

Cubic kernel with a = -0.75 (Keys, "Cubic convolution interpolation", 1981, has -0.5). Pictures are (h, w, c);
positions are in pixels, pixel centres at integers. `border`: "replicate", or a number for a constant outside.
"""

from __future__ import annotations

import numpy as np

Border = str | float


def cubic_weights(t: np.ndarray) -> np.ndarray:
    """Weights (..., 4) of the pixels at -1, 0, 1, 2 around the cell, t = the fraction in 0..1."""
    a = -0.75
    d = np.abs(np.stack([t + 1, t, 1 - t, 2 - t], axis=-1))
    near = (a + 2) * d**3 - (a + 3) * d**2 + 1
    far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
    return np.where(d <= 1, near, far)


def linear_weights(t: np.ndarray) -> np.ndarray:
    return np.stack([1 - t, t], axis=-1)


def gather(image: np.ndarray, y: np.ndarray, x: np.ndarray, border: Border) -> np.ndarray:
    """image[y, x] with the border's rule outside. y, x: integers of any one shape."""
    h, w = image.shape[:2]
    picked = image[np.clip(y, 0, h - 1), np.clip(x, 0, w - 1)]
    if border == "replicate":
        return picked
    inside = (y >= 0) & (y < h) & (x >= 0) & (x < w)
    return np.where(inside[..., None], picked, float(border))


def remap(image: np.ndarray, x: np.ndarray, y: np.ndarray, *, cubic: bool = True, border: Border = 0.0) -> np.ndarray:
    """The picture at positions (x, y), each (h', w'): (h', w', c)."""
    weigh, first, taps = (cubic_weights, -1, 4) if cubic else (linear_weights, 0, 2)
    cell_x, cell_y = np.floor(x).astype(int), np.floor(y).astype(int)
    weights_x, weights_y = weigh(x - cell_x), weigh(y - cell_y)
    out = np.zeros((*x.shape, image.shape[2]))
    for j in range(taps):
        for i in range(taps):
            tap = gather(image.astype(np.float64), cell_y + first + j, cell_x + first + i, border)
            out += (weights_y[..., j] * weights_x[..., i])[..., None] * tap
    return out


def warp_affine(
    image: np.ndarray, matrix: np.ndarray, *, cubic: bool = True, border: Border = "replicate"
) -> np.ndarray:
    """matrix (2, 3) maps input to output positions; the output has the input's size."""
    h, w = image.shape[:2]
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    source_x = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
    source_y = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
    return remap(image, source_x, source_y, cubic=cubic, border=border)


def resize(image: np.ndarray, height: int, width: int, *, cubic: bool = True) -> np.ndarray:
    """Half-pixel convention, no antialiasing: output centre (p + 0.5) h / h' - 0.5, borders repeated."""
    y = (np.arange(height) + 0.5) * image.shape[0] / height - 0.5
    x = (np.arange(width) + 0.5) * image.shape[1] / width - 0.5
    return remap(image, *np.meshgrid(x, y), cubic=cubic, border="replicate")
