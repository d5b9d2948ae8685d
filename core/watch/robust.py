"""Means and spreads that a few wild values do not move. Plain Python floats in a fixed order: replay must give every
bit again, and a parallel sum would not."""

import math
from collections.abc import Sequence

TO_SD = 1.4826      # a normal's standard deviation over its median absolute deviation
TRIM = 0.2          # of each end of a block


def median(values: Sequence[float]) -> float:
    """The middle value. ValueError for none."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if not ordered:
        raise ValueError("there is no median of no values")
    return ordered[middle] if len(ordered) % 2 else 0.5 * (ordered[middle - 1] + ordered[middle])


def spread(values: Sequence[float], centre: float) -> float:
    """The standard deviation about `centre`, from the median absolute deviation."""
    return TO_SD * median([abs(v - centre) for v in values])


def trimmed_mean(values: Sequence[float]) -> float:
    """The mean without the lowest and the highest fifth. ValueError for no values."""
    ordered = sorted(values)
    cut = int(TRIM * len(ordered))
    kept = ordered[cut:len(ordered) - cut]
    if not kept:
        raise ValueError("there is no mean of no values")
    return math.fsum(kept) / len(kept)


def log_of(loss: float) -> float | None:
    """The logarithm of a loss; None where it has none: such a step was not applied and tells nothing of the course."""
    return math.log(loss) if math.isfinite(loss) and loss > 0 else None
