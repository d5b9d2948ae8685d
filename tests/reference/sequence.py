"""The deterministic numbers that the printed vectors use. Source: facts/losses.md, appendix, definitions."""

from __future__ import annotations

import numpy as np

PHI = 0.6180339887498949
P2 = 0.7548776662466927
P3 = 0.5698402909980532


def seq(n: int, a: float) -> np.ndarray:
    """frac((i + 1) * a) for i = 0..n-1."""
    return np.mod((np.arange(n, dtype=np.float64) + 1.0) * a, 1.0)


def tensor(shape: tuple[int, ...], a: float) -> np.ndarray:
    """seq in C order: T(shape, a) of the appendix, NCHW."""
    return seq(int(np.prod(shape)), a).reshape(shape)


def mix(x: np.ndarray, y: np.ndarray, w: float) -> np.ndarray:
    return w * x + (1.0 - w) * y
