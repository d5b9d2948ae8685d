"""The journal and its fold in the supervisor's hands: the one place where events are made.

Writing blocks the loop for one fsync. That is on purpose: between the decision for an event, its line on disk and the
state that follows from it, nothing else can happen. Events are rare.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from core.events.event import REPLAYED, Body, Event, RolledBack, Warned
from core.events.fold import apply
from core.settings.error import StoreError
from core.store.disk import Disk
from core.store.folder import RunFolder
from core.store.journal import JournalWriter, folded

Listener = Callable[[Event, int | None], None]
SUPERVISOR = "supervisor"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has its number, life and time. `ref`: the request of the trainer that it answers."""

    body: Body
    iteration: int = 0
    author: str = SUPERVISOR
    why: str = ""
    undoes: int | None = None
    asked: int | None = None
    ref: int | None = None


class Ledger:
    """All events of a run and the state they make. `listeners` hear every event after it is durable."""

    def __init__(self, folder: RunFolder, disk: Disk | None = None) -> None:
        self._writer = JournalWriter(folder.journal, disk)
        self.events: list[Event] = self._writer.events
        self.state = folded(self.events, folder.journal)
        self.torn = self._writer.torn
        self.listeners: list[Listener] = []
        self._owed: deque[Draft] = deque()     # notes that a full disk did not take yet

    def append(self, draft: Draft) -> Event:
        """Make an event durable, fold it, tell the listeners.

        Its iteration is lifted to the last event's, for within a life iterations never fall.
        Raises StoreError when it could not be written: then nothing happened.
        """
        self.pay()
        return self._append(draft)

    def _append(self, draft: Draft) -> Event:
        state, body = self.state, draft.body
        life, iteration = state.life, max(draft.iteration, state.iteration)
        if isinstance(body, RolledBack):
            life, iteration = body.life, body.to_iteration
        event = Event(number=state.number + 1, iteration=iteration, life=life, at=time.time(), author=draft.author,
                      body=body, why=draft.why, undoes=draft.undoes, asked=draft.asked)
        after = apply(state, event, self.events)  # first: a journal must never hold what cannot be folded
        self._writer.append(event)
        self.state = after
        for listener in self.listeners:
            listener(event, draft.ref)
        return event

    def note(self, draft: Draft) -> str:
        """Write a fact that nobody waits for. When the disk does not take it, it is kept and written later, before
        any other event. Returns "" or the sentence of what is wrong with the disk.

        Not for what is REPLAYED: written later, it would stand at an iteration that was trained without it.
        """
        if isinstance(draft.body, REPLAYED):
            raise TypeError(f"{type(draft.body).__name__} must be appended where it takes effect, or not at all")
        # Behind what is owed already: facts stay in the order in which they became known.
        self._owed.append(draft)
        try:
            self.pay()
        except StoreError as error:
            log.error("event unwritten kind=%s error=%s", type(draft.body).__name__, error)
            return str(error)
        return ""

    def note_torn(self) -> None:
        """Say in the journal that its last line was cut short, if it was."""
        if self.torn:
            self.note(Draft(Warned("journal", self.torn)))

    def pay(self) -> None:
        """Write what is owed. Raises StoreError when the disk still does not take it."""
        while self._owed:
            self._append(self._owed[0])
            self._owed.popleft()

    @property
    def owes(self) -> str:
        """A sentence when something is not written yet, else ""."""
        return f"{len(self._owed)} events wait for room on the disk" if self._owed else ""

    def drop_owed(self, kind: type[Body]) -> None:
        """What is owed of that kind is true no more: it will not be written."""
        self._owed = deque(draft for draft in self._owed if not isinstance(draft.body, kind))

    def close(self) -> None:
        """Close the journal."""
        self._writer.close()
