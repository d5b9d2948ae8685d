"""How often likeness is read. Pure: by the settings in force and the journal, never by the clock.

At the default, the first reading is timed, and a pace at which readings cost at most 1 % of training is written down as
a choice; it counts from the iteration after its own. A pace that a person set is kept, whatever it costs.
"""

import math
from collections.abc import Mapping, Sequence

from core.events.event import Chose, Event, RolledBack, SettingsChanged
from core.settings.kind import Value
from core.settings.watching_settings import EVERY

WHAT = "likeness_every"
SHARE = 0.01            # of training, at most
ROUND = 100             # iterations


class Choices:
    """What was chosen for the default, as the journal stands. Asked at each iteration, so each event is looked at once:
    a journal of 3,000 events took 6 ms to read."""

    def __init__(self) -> None:
        self._seen = 0
        self._marks: list[tuple[int, int, int | None]] = []     # number and iteration of an event, the choice after it

    def cadence(self, events: Sequence[Event], settings: Mapping[str, Value], iteration: int) -> int:
        """Iterations between readings as of `iteration`; 0 for none."""
        asked = int(settings[WHAT])
        if asked != EVERY:
            return asked
        chosen = self.standing(events, before=iteration)
        return EVERY if chosen is None else chosen

    def standing(self, events: Sequence[Event], *, before: int | None = None) -> int | None:
        """What was chosen, and not set by a person since. before: as it was at that iteration, whatever lies ahead:
        what is trained again is read where it was read the first time."""
        for event in events[self._seen:]:
            self._take(event)
        self._seen = len(events)
        return next((value for _, at, value in reversed(self._marks) if before is None or at < before), None)

    def _take(self, event: Event) -> None:
        match event.body:
            case Chose(what=what, value=value) if what == WHAT:
                self._marks.append((event.number, event.iteration, int(value)))
            case SettingsChanged(changes=changes) if any(c.key == WHAT for c in changes):
                self._marks.append((event.number, event.iteration, None))
            case RolledBack(position=position):
                self._marks = [mark for mark in self._marks if mark[0] <= position]
            case _:
                pass


def choice(reading_s: float, iteration_s: float) -> Chose:
    """The pace for readings that cost so much, of iterations that take so long."""
    needed = reading_s / (SHARE * max(iteration_s, 1e-6))
    every = EVERY if needed <= EVERY else math.ceil(needed / ROUND) * ROUND
    part = 100 * reading_s / (every * max(iteration_s, 1e-6))
    reason = (f"a reading takes {reading_s:.2f} s and an iteration {iteration_s:.3f} s: every {every:,} iterations it "
              f"costs {part:.2f} % of training")
    return Chose(WHAT, every, reason)
