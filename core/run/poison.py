"""Which change killed the trainer, if one did. Pure.

A change is suspected from the moment it is in force until FINISHED iterations were completed with it. A failure in
that time convicts it at once; a kill from outside proves little (people kill, batteries run out), so it takes three.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.events.event import Ended, Event, SettingsChanged
from core.events.fold import inverse
from core.events.state import RunState
from core.settings.registry import BY_KEY

FINISHED = 3
KILLS = 3


@dataclass(frozen=True, slots=True)
class Death:
    """A trainer that ended. `reached`: the furthest boundary it stood at, -1 before any; `suspect`: an event."""

    cause: str
    reached: int
    suspect: int | None


def suspect(state: RunState, *, progress: int) -> Event | None:
    """The last change, if the run did not complete FINISHED iterations (`progress` so far) since it."""
    if not state.undoable:
        return None
    last = state.undoable[-1]
    return last if last.life == state.life and progress < last.iteration + FINISHED else None


def convicted(deaths: Sequence[Death], change: Event) -> bool:
    """Whether the last of `deaths` is laid to `change`."""
    last = deaths[-1]
    if not _had_it(last, change):
        return False
    if last.cause in ("failed", "memory"):
        return True
    kills = 0
    for death in reversed(deaths):
        if death.suspect != change.number or not _had_it(death, change) or death.cause != "killed":
            break
        kills += 1
    return kills >= KILLS


def _had_it(death: Death, change: Event) -> bool:
    """Whether the change was in force when that trainer died; one that acts at the start always is."""
    return acts_at_start(change) or death.reached >= change.iteration


def acts_at_start(change: Event) -> bool:
    """Whether a change acts when the trainer starts, and not at an iteration."""
    body = change.body
    return isinstance(body, SettingsChanged) and any(BY_KEY[c.key].when == "restart" for c in body.changes)


def taken_back(change: Event, ended: Ended) -> str:
    """The reason of the inverse event: "batch_size 4096 did not fit in memory: back to 8"."""
    what = "did not fit in memory" if ended.cause == "memory" else "ended the trainer"
    body = change.body
    if isinstance(body, SettingsChanged):
        news = ", ".join(f"{c.key} {c.new}" for c in body.changes)
        olds = ", ".join(str(c.old) for c in body.changes)
        return f"{news} {what}: back to {olds}"
    assert inverse(body) is not None  # only such events are undoable
    return f"event {change.number} {what}: taken back"
