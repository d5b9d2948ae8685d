"""What every console of a run is told without asking: events, who steers, previews, and twice a second how it stands.

Knows what is said and to all of them at once; knows no single client and no request.
"""

import asyncio
import time
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from core.events.event import Event, RolledBack
from core.run.conductor import Conductor
from core.run.lease import Lease
from core.run.ledger import Ledger
from core.run.machine import Sampler
from core.run.server import Server
from core.run.status import Moment, tick
from core.wire.console_record import EventNews, LeaseNews, Machine, PreviewNews, StateNews, Tick

MACHINE_S = 2.0     # a reading costs a millisecond, and nobody reads a load twice a second


class News:
    """News of the run in `folder` for all clients of `server`, which is set before the first event: it needs its host,
    and that one needs the news. `preview`: iteration of the newest preview."""

    server: Server

    def __init__(self, folder: Path, ledger: Ledger, conductor: Conductor) -> None:
        self.folder = folder
        self._ledger = ledger
        self._conductor = conductor
        self.preview: int | None = None
        self._machine: Machine | None = None
        self._sampler: Sampler | None = None
        self._machine_due_s = 0.0       # monotonic
        self._told: Tick | None = None

    def event(self, event: Event, ref: int | None) -> None:
        """An event is durable."""
        del ref     # the trainer's number; of no interest to consoles
        self._tell(EventNews(event))
        if isinstance(event.body, RolledBack):
            # A console has not all events, so it cannot fold back to where the run went.
            self._tell(StateNews(self._ledger.state))

    def lease(self, lease: Lease) -> None:
        """Somebody else steers, or nobody."""
        self._tell(LeaseNews(lease.seat, lease.label))

    def drew(self, iteration: int) -> None:
        """A preview is there."""
        self.preview = iteration
        self._tell(PreviewNews(iteration))

    def now(self) -> Tick:
        """How the run stands."""
        conductor = self._conductor
        phase, detail = conductor.phase
        beat = conductor.attempt.beat if conductor.attempt else None
        return tick(self._ledger.state, Moment(phase, detail, conductor.progress, beat, conductor.contact, time.time(),
                                               self._machine, conductor.attempt.ranks if conductor.attempt else ()))

    def tick(self) -> None:
        """Send a tick when it says something else than the last one: a run that stands costs no byte."""
        now = self.now()
        if self._told is None or not same(now, self._told):
            self._told = now
            self._tell(now)

    async def read_machine(self) -> None:
        """Read the machine's load while somebody looks."""
        if not self.server.clients or time.monotonic() < self._machine_due_s:
            return
        self._machine_due_s = time.monotonic() + MACHINE_S
        if self._sampler is None:
            self._sampler = await asyncio.to_thread(Sampler, self.folder)
        attempt = self._conductor.attempt
        pid = attempt.trainer.pid if attempt and attempt.trainer else None
        self._machine = await asyncio.to_thread(self._sampler.read, pid)

    def _tell(self, message: Struct) -> None:
        self.server.tell_all(message)


def same(one: Tick, other: Tick) -> bool:
    """Whether two ticks say the same, whenever they were made."""
    return replace(one, at=0.0) == replace(other, at=0.0)
