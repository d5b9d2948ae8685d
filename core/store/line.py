"""Which generations lead to the present state of a run: those of its life, and of earlier lives up to the branch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.events.event import Event, RolledBack
from core.store.manifest import Generation


@dataclass(frozen=True, slots=True)
class Line:
    """`last_event`: number of the journal's last event. `newest`: life -> the last generation of it that still counts
    (None = all of them)."""

    last_event: int
    newest: Mapping[int, int | None]

    def is_abandoned(self, generation: Generation) -> bool:
        """Was the part of the run that made `generation` given up by a roll back?"""
        if generation.life not in self.newest:
            return True
        newest = self.newest[generation.life]
        return newest is not None and generation.number > newest

    def why_too_new(self, generation: Generation) -> str:
        """Why the journal does not hold all that `generation` knows of; "" if it does."""
        if generation.journal <= self.last_event:
            return ""
        return f"it knows event {generation.journal}, and the journal ends with event {self.last_event}"


def line_of(events: Sequence[Event]) -> Line:
    """The line of the present life, from the journal."""
    if not events:
        return Line(0, {})
    # Backwards from the present life: each one began in another, up to the generation that it went back to.
    births = {e.body.life: e.body for e in events if isinstance(e.body, RolledBack)}
    life = life_after(events[-1])
    newest: dict[int, int | None] = {life: None}
    while life in births:
        birth = births.pop(life)
        life = life_after(events[birth.position - 1])  # the life that saved the generation
        newest[life] = birth.generation
    return Line(len(events), newest)


def life_after(event: Event) -> int:
    """The life in force after `event`."""
    return event.body.life if isinstance(event.body, RolledBack) else event.life
