"""Where training goes on: the newest sound generation on the line of the present life, and the journal after it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.events.event import Event, RolledBack
from core.settings.error import StoreError
from core.store.folder import RunFolder
from core.store.generation import Generations
from core.store.line import line_of
from core.store.manifest import Generation
from core.store.metric import cut_to
from core.train.course import Course

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """Where training begins: from a generation, or (None) from new weights. `notes`: what a person should know."""

    generation: Generation | None
    course: Course
    iteration: int
    drawn: dict[str, int]
    notes: tuple[str, ...]

    @property
    def kept(self) -> dict[str, Any]:
        """What was drawn until here, as core/train/batches.py keeps it."""
        extra = self.generation.extra if self.generation is not None else {}
        return {"drawn": self.drawn, "worst": extra.get("worst")}


def find_start(generations: Generations, events: Sequence[Event]) -> Start:
    """The newest sound generation, and the course from there. Reads and hashes all of its blobs.

    Raises StoreError where there were generations and none can be used: to begin again from new weights is a person's
    decision, never ours.
    """
    found = generations.newest_sound(line_of(events))
    generation = found.generation
    born_again = last_roll_back(events)
    if generation is None:
        if found.notes or born_again:
            why = "; ".join(found.notes) or "the one that the run was rolled back to is gone"
            raise StoreError(f"no save of this run can be used: {why}",
                             hint="roll back to an older one, or restore the run folder from a backup")
        return Start(None, Course(events, 1), 0, {"src": 0, "dst": 0}, ())
    course = Course(events, position_of(generation, born_again))
    drawn = {side: int(count) for side, count in generation.extra["drawn"].items()}
    return Start(generation, course, generation.iteration, drawn, found.notes)


def last_roll_back(events: Sequence[Event]) -> Event | None:
    """The event with which the present life began, None in the first."""
    return next((e for e in reversed(events) if isinstance(e.body, RolledBack)), None)


def position_of(generation: Generation, born_again: Event | None) -> int:
    """How much of the journal the state of `generation` holds.

    One of an earlier life is what the present one began with, and with it the roll back's own event: after that one the
    settings are those of the generation again.
    """
    if born_again is not None and generation.journal < born_again.number:
        return born_again.number
    return generation.journal


def cut_metrics(folder: RunFolder, start: Start) -> None:
    """Remove the rows that are trained again."""
    removed = cut_to(folder.metrics, start.iteration, start.course.life)
    if folder.readings.is_dir():    # a run that is older than readings has none
        cut_to(folder.readings, start.iteration, start.course.life)
    if removed:
        log.info("metrics cut rows=%d after_iteration=%d", removed, start.iteration)
