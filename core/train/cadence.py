"""How often likeness is read. Pure: by the settings in force and the journal, never by the clock.

At the default, the first reading is timed, and a pace at which readings cost at most 1 % of training is written down as
a choice; it counts from the iteration after its own. A pace that a person set is kept, whatever it costs.
"""

import math
from collections.abc import Mapping, Sequence

from core.events.event import Chose, Event, SettingsChanged
from core.settings.kind import Value
from core.settings.watching_settings import EVERY

WHAT = "likeness_every"
SHARE = 0.01            # of training, at most
ROUND = 100             # iterations


def cadence(events: Sequence[Event], settings: Mapping[str, Value], iteration: int) -> int:
    """Iterations between readings as of `iteration`; 0 for none."""
    asked = int(settings[WHAT])
    if asked != EVERY:
        return asked
    chosen = standing_choice(events, before=iteration)
    return EVERY if chosen is None else chosen


def standing_choice(events: Sequence[Event], *, before: int | None = None) -> int | None:
    """What was chosen for the default, and not set by a person since."""
    for event in reversed(events):
        match event.body:
            case Chose(what=what, value=value) if what == WHAT and (before is None or event.iteration < before):
                return int(value)
            case SettingsChanged(changes=changes) if any(c.key == WHAT for c in changes):
                return None
            case _:
                pass
    return None


def choice(reading_s: float, iteration_s: float) -> Chose:
    """The pace for readings that cost so much, of iterations that take so long."""
    needed = reading_s / (SHARE * max(iteration_s, 1e-6))
    every = EVERY if needed <= EVERY else math.ceil(needed / ROUND) * ROUND
    part = 100 * reading_s / (every * max(iteration_s, 1e-6))
    reason = (f"a reading takes {reading_s:.2f} s and an iteration {iteration_s:.3f} s: every {every:,} iterations it "
              f"costs {part:.2f} % of training")
    return Chose(WHAT, every, reason)
