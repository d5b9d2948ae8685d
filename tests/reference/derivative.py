"""Derivatives of the reference losses without deriving them: the complex step.

f(x + ih v) = f(x) + ih f'(x)v + O(h^2), so Im f / h is the derivative along v without cancellation (Squire and Trapp,
"Using complex variables to estimate derivatives of real functions", SIAM Review 40, 1998). h = 1e-30 leaves no error.
Needs functions that are analytic in their input; kinks go through `absolute`, `at_least` and `clip`, which choose the
branch by the real part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

STEP = 1e-30


def absolute(x: np.ndarray) -> np.ndarray:
    """|x| with the derivative sign(x); sign(0) = 0."""
    return x * np.sign(np.real(x))


def at_least(x: np.ndarray, floor: float) -> np.ndarray:
    """max(x, floor); no slope where the floor holds."""
    return np.where(np.real(x) > floor, x, floor)


def clip(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """x limited to low..high; no slope where a limit holds."""
    real = np.real(x)
    return np.where(real < low, low, np.where(real > high, high, x))


def along(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, direction: np.ndarray) -> float:
    """The derivative of sum(function(x)) along `direction`."""
    return float(np.sum(np.imag(function(x + 1j * STEP * direction))) / STEP)


def at(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, places: Iterable[tuple[int, ...]]) -> np.ndarray:
    """The derivatives of sum(function(x)) by the elements of x at `places`."""
    found = []
    for place in places:
        direction = np.zeros(x.shape)
        direction[place] = 1.0
        found.append(along(function, x, direction))
    return np.array(found)
