"""Counter-based random numbers and the statistics that they must have.

Philox 4x64 with ten rounds: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
Box and Muller, "A note on the generation of random normal deviates", 1958. LRD masks: facts/losses.md 10.4 (for each
element, chance 0.3, anew for every tensor and update).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WORD = (1 << 64) - 1
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)


def philox(counter: Sequence[int], key: Sequence[int]) -> tuple[int, int, int, int]:
    """Four 64-bit words of one counter (four words) under one key (two words)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high_0, low_0 = divmod(MULTIPLIERS[0] * c[0], 1 << 64)
        high_1, low_1 = divmod(MULTIPLIERS[1] * c[2], 1 << 64)
        c = [high_1 ^ c[1] ^ k[0], low_1, high_0 ^ c[3] ^ k[1], low_0]
        k = [(k[0] + WEYL[0]) & WORD, (k[1] + WEYL[1]) & WORD]
    return c[0], c[1], c[2], c[3]


def normal_deviates(share: float, n: int, chance: float) -> float:
    """How many standard deviations a share of n independent trials is off its chance."""
    return float((share - chance) / np.sqrt(chance * (1 - chance) / n))


def correlation_deviates(x: np.ndarray, y: np.ndarray) -> float:
    """Correlation of two masks in units of 1 / sqrt(n): about standard normal when they are independent."""
    x, y = x.ravel() - x.mean(), y.ravel() - y.mean()
    return float(np.mean(x * y) / (x.std() * y.std()) * np.sqrt(x.size))


def byte_surprise(values: np.ndarray) -> float:
    """Chi-square of byte counts against even ones, as deviates: (chi2 - 255) / sqrt(2 * 255)."""
    counts = np.bincount(values.ravel(), minlength=256)
    expected = values.size / 256.0
    return float((np.sum((counts - expected) ** 2 / expected) - 255) / np.sqrt(2 * 255))
