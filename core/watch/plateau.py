"""Does a reading stand still? An equivalence test of the slope, on windows that double until the noise is small enough.

A window without a *significant* slope proves nothing when the noise is large. So the question is turned round: the
slope with its whole confidence interval must lie within +-delta for each 1,000 iterations. Noise then lengthens the
window by itself, and there is no noise parameter (facts/training.md 4.1). No plateau is found early; the price is
delay, so a plan pairs it with a longest time.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from core.events.reading import Verdict
from core.watch.pace import PlateauPace
from core.watch.student import t95

SCALES = 8              # the longest window is 128 times the shortest
MOST_CORRELATION = 0.7  # of neighbouring residuals; what is above is taken for a trend
CONFIDENCE = 0.95


class Scale(Struct, frozen=True, forbid_unknown_fields=True):
    """Blocks of one length: means of the last ones, the first half of the next, looks in a row that were flat."""

    means: list[float] = []
    half: float | None = None
    flat: int = 0


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """A slope for each 1,000 iterations, what it is off by at most (95 %), and the iterations it was laid through."""

    slope: float
    margin: float
    window: int


class Plateau(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a reading. iteration: of the last block; best: the line whose |slope| + margin was least at the
    last look at any scale; holds: flat since the last change."""

    iteration: int = 0
    scales: list[Scale] = []
    lines: list[Line | None] = []
    holds: bool = False


def advance(state: Plateau, iteration: int, mean: float, pace: PlateauPace, *, spacing: int) -> Plateau:
    """Take the mean of the next base block, which ended at `iteration`; blocks end `spacing` iterations apart."""
    scales = list(state.scales) or [Scale() for _ in range(SCALES)]
    lines: list[Line | None] = list(state.lines) or [None] * SCALES
    carried: float | None = mean
    for number, scale in enumerate(scales):
        if carried is None:
            break
        means = [*scale.means, carried][-pace.window:]
        flat = scale.flat
        if len(means) == pace.window:
            line = line_through(means, spacing << number)
            lines[number] = line
            flat = flat + 1 if abs(line.slope) + line.margin < pace.delta else 0
        # A block of the next length is two of this one: the first half waits for the second.
        half, carried = (carried, None) if scale.half is None else (None, 0.5 * (scale.half + carried))
        scales[number] = Scale(means, half, flat)
    return Plateau(iteration, scales, lines, any(s.flat >= pace.need for s in scales))


def line_through(means: Sequence[float], spacing: int) -> Line:
    """Least squares through equally spaced means; the margin allows for residuals that follow each other."""
    count = len(means)
    centre = (count - 1) / 2
    average = math.fsum(means) / count
    weight = count * (count * count - 1) / 12
    slope = math.fsum((i - centre) * (m - average) for i, m in enumerate(means)) / weight
    rest = [m - average - slope * (i - centre) for i, m in enumerate(means)]
    power = math.fsum(x * x for x in rest)
    error = math.sqrt(power / (count - 2) / weight)
    r = math.fsum(a * b for a, b in pairwise(rest)) / power + 1 / count if power > 0 else 0.0
    r = min(max(r, 0.0), MOST_CORRELATION)
    unit = 1000 / spacing
    return Line(slope * unit, t95(count - 2) * error * math.sqrt((1 + r) / (1 - r)) * unit, spacing * count)


def restarted(state: Plateau) -> Plateau:
    """Begin anew: what was before belongs to another course."""
    return replace(state, scales=[], lines=[], holds=False)


def surest(state: Plateau) -> Line | None:
    """The line that says most: of those that hold, or else of all, the one with the narrowest interval about zero."""
    known = [line for line in state.lines if line is not None]
    return min(known, key=lambda line: abs(line.slope) + line.margin, default=None)


def verdict(state: Plateau, of: str, pace: PlateauPace) -> Verdict:
    """Whether the reading stands still, in words. Likeness is told in points, a loss in per cent."""
    line = surest(state)
    if line is None:
        return Verdict("plateau", of, state.iteration, False, f"{of}: too few readings yet to say whether it stands "
                       "still")
    is_points = of == "likeness"
    factor, unit = (1.0, " points") if is_points else (100.0, " %")
    moved = (f"{of} moves {factor * line.slope:+.2f}{unit} (+-{factor * line.margin:.2f}) in 1,000 iterations, "
             f"over the last {line.window:,}")
    bound = f"less than {factor * pace.delta:g}{unit}"
    end = f"it stands still ({bound})" if state.holds else f"not yet surely {bound}"
    numbers = {"slope": line.slope, "margin": line.margin, "window": float(line.window), "delta": pace.delta}
    return Verdict("plateau", of, state.iteration, state.holds, f"{moved}: {end}", numbers, CONFIDENCE)
