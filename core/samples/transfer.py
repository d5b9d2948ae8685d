"""Colour transfers with a closed form: a picture gets mean and spread of another one's colours (facts/samples.md 7.1).

Pictures are float32 (R, R, 3), BGR, 0..1. A mask, uint8 (R, R), says which pixels the statistics are taken from; None
takes the whole picture, as the originals do. All pixels are moved. Knows no draws and no faces.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Mask = NDArray[np.uint8] | None
Transfer = Callable[[Picture, Picture, Mask, Mask], Picture]

LEAST_PIXELS = 64           # of a mask; statistics of fewer say nothing, then the whole picture is taken
INSIDE = 128                # levels of a mask from which a pixel belongs to the face
_FLAT = 1e-6                # a spread below it cannot be stretched: the original divides by it and gets NaN
_LCT_RIDGE = 1e-5           # added to the covariances, as in the original
_LEAST_EIGENVALUE = 2.2e-16

_LAB_LOW, _LAB_HIGH = (0.0, -127.0, -127.0), (100.0, 127.0, 127.0)


def inside(mask: Mask) -> Mask:
    """The mask as 0 or 255 for cv2; None where it is None or shows too little."""
    if mask is None:
        return None
    flags = np.asarray(cv2.threshold(mask, INSIDE - 1, 255, cv2.THRESH_BINARY)[1], np.uint8)
    return flags if cv2.countNonZero(flags) >= LEAST_PIXELS else None


def pixels_of(picture: Picture, mask: Mask) -> NDArray[np.float32]:
    """The pixels of a picture inside a mask of `inside`, (n, 3)."""
    return picture.reshape(-1, 3) if mask is None else picture[mask != 0]


def to_lab(picture: Picture) -> Picture:
    """BGR to L 0..100 and a, b."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2Lab), np.float32)


def from_lab(lab: Picture) -> Picture:
    """Lab, cut to its range, to BGR 0..1."""
    for channel, (low, high) in enumerate(zip(_LAB_LOW, _LAB_HIGH, strict=True)):
        np.clip(lab[..., channel], low, high, out=lab[..., channel])
    bgr = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR), np.float32)
    return np.clip(bgr, 0, 1, out=bgr)


def rct(picture: Picture, partner: Picture, mask: Mask = None, partner_mask: Mask = None) -> Picture:
    """Mean and standard deviation of each Lab channel (Reinhard)."""
    lab = to_lab(picture)
    mean, spread = _mean_and_spread(lab, inside(mask))
    to_mean, to_spread = _mean_and_spread(to_lab(partner), inside(partner_mask))
    factor = np.where(spread > _FLAT, to_spread / np.maximum(spread, _FLAT), 1.0)
    return from_lab(_moved(lab, np.diag(factor), mean, to_mean))


def lct(picture: Picture, partner: Picture, mask: Mask = None, partner_mask: Mask = None) -> Picture:
    """Mean and covariance in BGR, by the symmetric roots of both covariances."""
    mean, own = _moments(picture, inside(mask), is_sample=False)
    to_mean, theirs = _moments(partner, inside(partner_mask), is_sample=False)
    ridge = _LCT_RIDGE * np.eye(3)
    matrix = _power(theirs + ridge, 0.5) @ _power(own + ridge, -0.5)
    return np.clip(_moved(picture, matrix, mean, to_mean), 0, 1)


def mkl(picture: Picture, partner: Picture, mask: Mask = None, partner_mask: Mask = None) -> Picture:
    """Mean and covariance in BGR, by the map that moves colours least (Monge, Kantorovitch)."""
    mean, own = _moments(picture, inside(mask), is_sample=True)
    to_mean, theirs = _moments(partner, inside(partner_mask), is_sample=True)
    root, inverse = _power(own, 0.5), _power(own, -0.5)
    matrix = inverse @ _power(root @ theirs @ root, 0.5) @ inverse
    return np.clip(_moved(picture, matrix, mean, to_mean), 0, 1)


def _moved(picture: Picture, matrix: NDArray[np.float64], mean: NDArray[np.float64],
           to_mean: NDArray[np.float64]) -> Picture:
    """matrix (x - mean) + to_mean for every pixel, in one pass."""
    affine = np.hstack([matrix, (to_mean - matrix @ mean)[:, None]])
    return np.asarray(cv2.transform(picture, affine), np.float32)


def _mean_and_spread(picture: Picture, mask: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean, spread = cv2.meanStdDev(picture, mask=mask)
    return np.asarray(mean, np.float64).ravel(), np.asarray(spread, np.float64).ravel()


def _moments(picture: Picture, mask: Mask, *, is_sample: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (3,) and covariance (3, 3), divided by n - 1 for a sample, else by n."""
    mean = np.asarray(cv2.mean(picture, mask=mask)[:3], np.float64)
    # Single precision is enough once the mean is gone, and four times as fast: 1e-6 of a picture's covariance.
    centred = pixels_of(picture, mask) - mean.astype(np.float32)
    return mean, (centred.T @ centred).astype(np.float64) / max(1, len(centred) - is_sample)


def _power(matrix: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """A power of a symmetric matrix; no eigenvalue counts as less than rounding."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, _LEAST_EIGENVALUE) ** exponent) @ vectors.T, np.float64)


CLOSED: dict[str, Transfer] = {"rct": rct, "lct": lct, "mkl": mkl}
