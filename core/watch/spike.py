"""Has a loss leapt, for one iteration or for some? The bell rings; nobody acts on a single one (facts/training.md 4.3).

Held against median and spread of the last logarithms of the loss, which are renewed only now and then: a leap must not
raise what it is held against.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from core.events.reading import Verdict
from core.watch.robust import median, spread

RENEWED = 25                        # iterations between two looks at median and spread
SPIKE_Z, SPIKE_RATIO = 8.0, 2.0
SUSTAINED_Z, SUSTAINED_RATIO = 4.0, 1.5
OF_THE_LAST, AMONG = 5, 10
LEAST_SD = 1e-6                     # a loss that does not move at all has no spread to be held against


class Spike(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept: the last logarithms, what they are held against, which of the last ten were high.

    leap: the highest spike since the last look (iteration, ratio to the median, z) or none; high: iteration at which
    the loss was found high for long, since the last look.
    """

    iteration: int = 0
    last: list[float] = []
    age: int = 0                    # iterations since the median was renewed
    centre: float | None = None
    sd: float = 0.0
    marks: list[bool] = []
    leap: tuple[int, float, float] | None = None
    high: int | None = None


def advance(state: Spike, iteration: int, logs: Sequence[float | None], window: int) -> Spike:
    """Take the logarithms of the iterations that end with `iteration`, None where a step was not applied; findings are
    of these alone."""
    last, marks, age, centre, sd = list(state.last), list(state.marks), state.age, state.centre, state.sd
    leap: tuple[int, float, float] | None = None
    high: int | None = None
    for number, value in enumerate(logs, iteration - len(logs) + 1):
        if value is None:
            continue
        if centre is not None:
            above = value - centre
            z = above / sd
            if z > SPIKE_Z and above > math.log(SPIKE_RATIO) and (leap is None or above > math.log(leap[1])):
                leap = (number, math.exp(min(above, 700.0)), z)
            marks = [*marks, z > SUSTAINED_Z and above > math.log(SUSTAINED_RATIO)][-AMONG:]
            if high is None and marks.count(True) >= OF_THE_LAST:
                high = number
        last.append(value)
        age += 1
        if age >= RENEWED and len(last) >= window:
            last = last[-window:]
            centre = median(last)
            sd, age = max(spread(last, centre), LEAST_SD), 0
    return Spike(iteration, last[-window:], age, centre, sd, marks, leap, high)


def restarted(state: Spike) -> Spike:
    """Begin anew: another loss has another spread."""
    return Spike(iteration=state.iteration)


def verdicts(state: Spike, of: str) -> list[Verdict]:
    """Whether the loss leapt since the last look, and whether it stays high."""
    if state.centre is None:
        short = f"{of}: {len(state.last)} iterations are too few to say what a spike is"
        return [Verdict(kind, of, state.iteration, False, short) for kind in ("spike", "sustained")]
    usual = math.exp(state.centre)
    if state.leap is None:
        spike = Verdict("spike", of, state.iteration, False, f"{of}: no spike above its usual {usual:.4g}", {}, 0.99)
    else:
        at, ratio, z = state.leap
        spike = Verdict("spike", of, at, True,
                        f"{of} leapt to {ratio:.1f} times its usual {usual:.4g} at iteration {at:,} ({z:.0f} times its "
                        "spread): a single step, nothing is done for it", {"ratio": ratio, "z": z, "usual": usual},
                        0.99)
    is_high = state.high is not None
    count = state.marks.count(True)
    words = (f"{of} was high in {count} of the last {AMONG} iterations (over {SUSTAINED_RATIO:g} times its usual "
             f"{usual:.4g})")
    at = state.high if state.high is not None else state.iteration
    return [spike, Verdict("sustained", of, at, is_high, words, {"high": float(count), "usual": usual}, 0.95)]
