"""Has a reading fallen? A one-sided sum of standardised shortfalls against a reference that only rises.

The reference is an optimistic one, the median of the last readings less twice its error, so that it does not creep up
on noise. A mean as reference and lag-1 noise gave 65 to 100 % false alarms in 240 readings (facts/training.md 4.2).
"""

import math
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from core.events.reading import Verdict
from core.watch.pace import DropPace
from core.watch.robust import median, spread

KEPT = 80                       # readings that noise and reference are taken from
MEDIAN_ERROR = 1.25             # of a median over that of a mean, for a normal
SLACK = 0.5                     # standard deviations that are no shortfall
CLIP = 3.0                      # one wild reading counts for no more
LONG = 40                       # readings from which on their own correlation is believed down to the smaller bound
LEAST_CORRELATION = (0.3, 0.15)
MOST_CORRELATION = 0.8
FAR = 4                         # the lag at which neighbouring readings are taken as independent


class Drop(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept: the last readings, the reference, the sum; `quiet`: readings without alarm still to come.

    holds: the alarm fell at the last reading. noise, recent: of that reading, for the sentence.
    """

    iteration: int = 0
    readings: list[float] = []
    reference: float | None = None
    total: float = 0.0
    quiet: int = 0
    holds: bool = False
    noise: float = 0.0
    recent: float = 0.0


def advance(state: Drop, iteration: int, reading: float, pace: DropPace) -> Drop:
    """Take the next reading. After an alarm the sum begins anew and the reference stays."""
    before, readings = state.readings, [*state.readings, reading][-KEPT:]
    quiet = max(0, state.quiet - 1)
    if len(before) < pace.first:
        return replace(state, iteration=iteration, readings=readings, quiet=quiet, holds=False)
    noise = long_noise(before, pace.least_sd)
    seen = before[-pace.first:]
    sure = median(seen) - 2 * noise * MEDIAN_ERROR / math.sqrt(len(seen))
    reference = sure if state.reference is None else max(state.reference, sure)
    total = max(0.0, state.total + min(max((reference - reading) / noise, -CLIP), CLIP) - SLACK)
    recent = median(readings[-pace.recent:])
    least = max(pace.least, pace.factor * noise * MEDIAN_ERROR / math.sqrt(pace.recent))
    holds = state.quiet == 0 and total > pace.limit and reference - recent > least
    return Drop(iteration, readings, reference, 0.0 if holds else total, quiet, holds, noise, recent)


def long_noise(readings: Sequence[float], least_sd: float) -> float:
    """The standard deviation of a reading, enlarged as far as readings follow each other."""
    near, far = half_variance(readings, 1), half_variance(readings, FAR)
    variance = max(near, far, least_sd * least_sd)
    least = LEAST_CORRELATION[len(readings) >= LONG]
    r = min(max(1 - near / far, least), MOST_CORRELATION) if far > 0 else least
    return math.sqrt(variance * (1 + r) / (1 - r))


def half_variance(readings: Sequence[float], lag: int) -> float:
    """Half the variance of differences over `lag` readings: that of a reading, were they independent."""
    differences = [b - a for a, b in zip(readings, readings[lag:], strict=False)]
    return 0.5 * spread(differences, median(differences)) ** 2


def changed(state: Drop, pace: DropPace) -> Drop:
    """After a change that the readings may answer to: no alarm for a while, the reference stays."""
    return replace(state, total=0.0, quiet=pace.quiet, holds=False)


def restarted(state: Drop) -> Drop:
    """Begin anew: readings after a growth, or on other probes, cannot be held against those before."""
    return Drop(iteration=state.iteration)


def verdict(state: Drop, of: str, pace: DropPace) -> Verdict:
    """Whether the reading has just fallen, in words."""
    if state.reference is None:
        return Verdict("drop", of, state.iteration, False,
                       f"{of}: {len(state.readings)} of {pace.first} readings that a drop is seen against")
    fall = state.reference - state.recent
    numbers = {"fall": fall, "reference": state.reference, "recent": state.recent, "noise": state.noise,
               "sum": state.total, "limit": pace.limit}
    if state.holds:
        sentence = (f"{of} has dropped by {fall:.1f} points: the last {pace.recent} readings lie at "
                    f"{state.recent:.1f}, it had reached {state.reference:.1f} (a reading is off by {state.noise:.1f})")
    elif state.quiet:
        sentence = f"{of}: no drop is told for {state.quiet} more readings after the last change"
    else:
        sentence = (f"{of} has not dropped: the last {pace.recent} readings lie at {state.recent:.1f}, the reference "
                    f"at {state.reference:.1f}, shortfalls sum to {state.total:.1f} of {pace.limit:g}")
    return Verdict("drop", of, state.iteration, state.holds, sentence, numbers, 0.98)
