"""What the journal says, and how much of it is in force at the iteration where training stands.

Knows no process and no file. After a crash the newest generation lies before the journal's end: changes that follow it
are applied again, each before the step of its own iteration, so that the same iterations give the same bits.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from core.events.event import REPLAYED, Event
from core.events.fold import apply, fold
from core.events.state import RunState
from core.settings.kind import Value


class Course:
    """The journal's events in order, and the settings and locks of the next step.

    `state` is the fold of all events: choices, backups, pause. `position` events are in force from the start; those
    after them wait for their iteration.
    """

    def __init__(self, events: Sequence[Event], position: int) -> None:
        self.events = list(events)
        self.state: RunState = fold(events)
        self._in_force = fold(events[:position])
        self._pending = deque(e for e in events[position:] if self._is_replayed(e))

    @property
    def life(self) -> int:
        """The life that is trained."""
        return self.state.life

    @property
    def settings(self) -> Mapping[str, Value]:
        """Settings of the next step."""
        return self._in_force.settings

    @property
    def network(self) -> dict[str, Value]:
        """The settings that the network stands by now: with the octaves that are in force, not those of a growth that
        is still to be trained again."""
        grown = {key: self.settings[key] for key in ("resolution", "growth")}
        return {**self.state.settings, **grown}

    @property
    def locked(self) -> frozenset[str]:
        """Names of the blocks that the next step does not train."""
        return frozenset(self._in_force.locks)

    @property
    def position(self) -> int:
        """Number of the last event such that it and all before it are in force: what a generation writes down."""
        # A generation must not claim what is in the journal but not in its weights: a resume would leave it out.
        return self._pending[0].number - 1 if self._pending else len(self.events)

    def first_drawn(self, side: str) -> int:
        """Faces of that side that were drawn before its present face set came in."""
        return self._in_force.first_drawn.get(side, 0)

    def add(self, event: Event) -> None:
        """Take the next event of the journal. Raises JournalError on a gap."""
        self.events.append(event)
        self.state = apply(self.state, event, self.events)
        if self._is_replayed(event):
            self._pending.append(event)

    def advance(self, iteration: int) -> None:
        """Put the changes in force that belong before the step after `iteration` completed ones."""
        while self._pending and self._pending[0].iteration <= iteration:
            event = self._pending.popleft()
            self._in_force = apply(replace(self._in_force, number=event.number - 1), event)

    def _is_replayed(self, event: Event) -> bool:
        return isinstance(event.body, REPLAYED) and event.life == self.state.life
