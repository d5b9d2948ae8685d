"""Which faces a reading is made of: spread over the angles of the head and over the time of the footage. Pure."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

REFERENCES = 256        # most source faces that a swap is compared with
PROBES = 64             # destination faces; with 64 a change of 2 points is seen, for 1 point it takes 256
FEWEST = 16             # of either, below which nothing is said
YAW_BINS = 5
PITCH_BINS = 3
CONSIDERED = 4096       # faces that are looked at for it, evenly over a larger set: a pose takes 0.3 ms

Index = NDArray[np.int64]
Floats = NDArray[np.float64]


def considered(count: int) -> Index:
    """The faces of a set of `count` that a choice is made among, rising."""
    return np.unique(np.linspace(0, count - 1, min(count, CONSIDERED)).round().astype(np.int64))


def spread_choice(cells: Sequence[int] | Index, wanted: int, draws: Floats) -> Index:
    """At most `wanted` places, rising, spread evenly over the cells and, within each, over the order of the faces.

    cells: the bin of each face, faces in order of the footage. draws: at least `wanted` numbers in [0, 1): each picks
    one face out of its stretch of the footage.
    """
    bins = np.asarray(cells)
    names, sizes = np.unique(bins, return_counts=True)
    chosen: list[int] = []
    for name, quota in zip(names, shares(sizes.tolist(), wanted), strict=True):
        members = np.flatnonzero(bins == name)
        edges = [len(members) * k // quota for k in range(quota + 1)] if quota else []
        for first, end in pairwise(edges):
            draw = float(draws[len(chosen)])
            chosen.append(int(members[first + int(draw * (end - first))]))
    return np.array(sorted(chosen), np.int64)


def shares(sizes: Sequence[int], wanted: int) -> list[int]:
    """How many of each cell: as equal as the sizes allow, `wanted` in all, or everything where there is less."""
    left, quotas = min(wanted, sum(sizes)), [0] * len(sizes)
    while left:
        open_cells = [i for i, size in enumerate(sizes) if quotas[i] < size]
        part = max(1, left // len(open_cells))
        for i in open_cells:
            more = min(part, sizes[i] - quotas[i], left)
            quotas[i] += more
            left -= more
    return quotas


def cells_of(yaw: Floats, pitch: Floats | None = None) -> Index:
    """The bin of each face by yaw, and by pitch where it is given; bins are of equal width between the extremes."""
    cells = binned(yaw, YAW_BINS)
    return cells if pitch is None else cells * PITCH_BINS + binned(pitch, PITCH_BINS)


def binned(values: Floats, bins: int) -> Index:
    """The number of each value's bin, 0..bins-1."""
    low, high = float(values.min()), float(values.max())
    width = (high - low) / bins
    if width <= 0:
        return np.zeros(len(values), np.int64)
    return np.minimum(((values - low) / width).astype(np.int64), bins - 1)
