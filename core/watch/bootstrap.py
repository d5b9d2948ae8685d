"""How sure a mean over probes is, and a change of it: percentile bootstrap over the probes. Pure.

A change is told from the *paired* differences: how different single faces are (13 to 14 points) drops out, and what is
left is some tenths. It is over faces and not over training: one reading may be off because the weights moved.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LOW, HIGH = 2.5, 97.5       # per cent

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """A mean and where it lies with 95 %."""

    mean: float
    low: float
    high: float


def picks_of(draws: Floats, probes: int) -> NDArray[np.int64]:
    """Which probes each resample takes, (RESAMPLES, probes). draws: RESAMPLES * probes numbers in [0, 1) of the run's
    own stream, so that the same run gives the same interval."""
    return (draws.reshape(RESAMPLES, probes) * probes).astype(np.int64)


def level(points: Floats, picks: NDArray[np.int64]) -> Interval:
    """The mean of `points` (probes,) and its interval."""
    means = points[picks].mean(axis=1)
    low, high = np.percentile(means, [LOW, HIGH])
    return Interval(float(points.mean()), float(low), float(high))


def change(then: Floats, now: Floats, picks: NDArray[np.int64]) -> Interval:
    """By how many points the probes moved between two readings."""
    return level(now - then, picks)
