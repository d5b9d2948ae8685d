"""Shrinking a picture by area, to any size: the exact mean of what each new pixel covers (facts/console.md 4)."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@lru_cache(maxsize=64)
def overlap(old: int, new: int) -> NDArray[np.float32]:
    """(new, old) weights: how much of each old pixel lies under each new one; rows sum to 1."""
    edges = np.linspace(0, old, new + 1)
    left = np.maximum(edges[:-1, None], np.arange(old)[None, :])
    right = np.minimum(edges[1:, None], np.arange(1, old + 1)[None, :])
    covered = np.clip(right - left, 0, None)
    return np.asarray(covered / covered.sum(axis=1, keepdims=True), dtype=np.float32)


def by_area(picture: NDArray[Any], width: int, height: int) -> NDArray[np.float32]:
    """`picture` (h, w, c), any numbers, at (height, width, c) float32. Enlarging repeats pixels."""
    rows = np.tensordot(overlap(picture.shape[0], height), picture.astype(np.float32), axes=(1, 0))
    return np.ascontiguousarray(
        np.tensordot(rows, overlap(picture.shape[1], width), axes=(1, 1)).transpose(0, 2, 1)
    )
