"""AdaBelief and RMSprop as the original runs them, clipping, the cosine rate.

Source: facts/losses.md 10; facts/networks.md 9; Zhuang et al., "AdaBelief optimizer", 2020 (here without its bias
correction and without epsilon inside s); Tieleman and Hinton, RMSprop, 2012.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

EPSILON = 1e-6          # numpy's finfo(float32).resolution, outside the root
COSINE_PERIOD = 500


def adabelief(
    weight: np.ndarray, m: np.ndarray, s: np.ndarray, gradient: np.ndarray, change: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """New weight, m, s. change: rate, or rate times the dropout mask; moments see every element."""
    m = 0.9 * m + 0.1 * gradient
    s = 0.999 * s + 0.001 * (gradient - m) ** 2
    return weight - change * m / (np.sqrt(s) + EPSILON), m, s


def rmsprop(
    weight: np.ndarray, a: np.ndarray, gradient: np.ndarray, change: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """New weight and accumulator."""
    a = 0.9 * a + 0.1 * gradient**2
    return weight - change * gradient / (np.sqrt(a) + EPSILON), a


def global_norm(gradients: Sequence[np.ndarray]) -> float:
    return float(np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in gradients)))


def clip_by_norm(gradients: Sequence[np.ndarray], limit: float = 1.0) -> list[np.ndarray]:
    """Every gradient times limit / n where the global norm n >= limit."""
    n = global_norm(gradients)
    return [g * (limit / n) if n >= limit else g for g in gradients]


def cosine_rate(rate: float, counter: int, period: int = COSINE_PERIOD) -> float:
    """rate (cos(n 2 pi / period) + 1) / 2 with the optimizer's own counter and the original's pi of ten digits."""
    return rate * (np.cos(counter * 2 * 3.1415926535 / period) + 1.0) / 2.0
