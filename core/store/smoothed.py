"""The loss that people are shown: a mean of the newest rows in which older ones fade.

One definition for what a trainer tells and for what is read from a run's folder: `ls` and `status` name one number, and
a restart does not begin it anew.
"""

import math
from collections.abc import Sequence

from core.store.metric_reader import MetricReader

SMOOTH_ITERATIONS = 100
SEEN_ROWS = 2_000       # what lies before them has a weight of 0.99 ^ 2,000 = 2e-9


class Smoothed:
    """A mean in which older values fade over about `iterations`; exact from the first value on."""

    def __init__(self, iterations: int) -> None:
        self._share = 1.0 / iterations
        self._sum = self._weight = 0.0

    def add(self, value: float) -> None:
        """Take a value; one that is not finite is left out."""
        if math.isfinite(value):
            self._sum += self._share * (value - self._sum)
            self._weight += self._share * (1.0 - self._weight)

    @property
    def value(self) -> float:
        """The mean, NaN before the first value."""
        return self._sum / self._weight if self._weight else math.nan


def smoothed_series(reader: MetricReader, names: Sequence[str], last: int) -> list[Smoothed]:
    """Each series as it stands after iteration `last`, on the line of the newest row; NaN for a series that is not
    there. Raises StoreError."""
    means = [Smoothed(SMOOTH_ITERATIONS) for _ in names]
    there = [column.name for column in reader.columns]
    rows = reader.rows(max(1, last - SEEN_ROWS + 1), last) if there else ()
    for mean, name in zip(means, names, strict=True):
        if name in there:
            for row in rows:
                mean.add(float(row[there.index(name)]))
    return means
