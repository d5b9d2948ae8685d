"""Which change killed the trainer, if one did. Pure.

A change is suspected from the moment it is in force until FINISHED iterations were completed with it. A failure in
that time convicts it at once; a kill from outside proves little (people kill, batteries run out), so it takes three.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.events.event import REPLAYED, Ended, Event, SettingsChanged
from core.events.fold import inverse
from core.run.ledger import SUPERVISOR
from core.settings.registry import BY_KEY

FINISHED = 3
KILLS = 3


@dataclass(frozen=True, slots=True)
class Death:
    """A trainer that ended. `reached`: the furthest boundary it stood at, -1 before any; `suspect`: an event."""

    cause: str
    reached: int
    suspect: int | None


def suspect(events: Sequence[Event], *, progress: int) -> Event | None:
    """The newest change of this life, an undo included, if the run did not complete FINISHED iterations (`progress`
    so far) since it.

    One that was convicted before is out of force, and with it the event that took it back: the change before it is the
    newest then. None also where the newest cannot be taken back (other faces): an older one is not to blame for it.
    """
    taken_back: set[int] = set()
    for event in reversed(events):
        # A roll back has given up everything before it, the change as well.
        if event.life != events[-1].life:
            return None
        if not isinstance(event.body, REPLAYED) or event.number in taken_back:
            continue
        if event.author == SUPERVISOR and event.undoes is not None:
            taken_back.add(event.undoes)
            continue
        return event if inverse(event.body) is not None and progress < event.iteration + FINISHED else None
    return None


def convicted(deaths: Sequence[Death], change: Event) -> bool:
    """Whether the last of `deaths` is laid to `change`."""
    last = deaths[-1]
    if not _had_it(last, change):
        return False
    if last.cause in ("failed", "memory"):
        return True
    kills = 0
    for death in reversed(deaths):
        # Only kills in a row count: a trainer that got past the change in between clears it.
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
    return f"event {change.number} {what}: taken back"
