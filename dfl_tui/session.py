"""One run on screen: its connection, its model, and the data that panels want. Screens share it; widgets draw from it.

Knows no widget. `changed` is called with the message after every change of the model.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import TypeVar

from msgspec import Struct

from core.events.act import Act
from core.run.start import Place, ensure_supervisor, socket_path
from core.settings.error import DflTuiError, RefusedError, WireError
from core.wire.console_record import ClientMessage, Command, Done, Lease, Refused, SupervisorMessage
from dfl_tui.client import Client
from dfl_tui.language import _
from dfl_tui.model import Answer, Answered, Clock, Link, Message, Model, apply, missing_events

FETCH_GAP_S = 1.0       # a panel's data is asked for at most that often, unless a key asks
PATIENT_ATTEMPTS = 4    # until then the trainer, or whoever restarts it, may bring the supervisor back by itself
ANSWERED = TypeVar("ANSWERED", bound=Struct)
IDLE_PHASES = ("parked", "stopped")


class Session:
    """A run's connection and model, from `run()` until that is cancelled."""

    def __init__(self, place: Place, label: str, changed: Callable[[Message], None], *, start: bool = False) -> None:
        self.place = place
        self.model = Model(run=place.name, folder=str(place.folder))
        self._changed = changed
        self._start = start
        self._client = Client(self._find, label, self.hear)
        self._asked: dict[str, tuple[ClientMessage, float]] = {}
        self._fetches: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Connect and stay connected, until cancelled."""
        try:
            await self._client.run()
        finally:
            for fetch in self._fetches.values():
                fetch.cancel()

    def hear(self, message: Message | SupervisorMessage) -> None:
        """Take a message into the model."""
        model = apply(self.model, message)
        if isinstance(message, Link) and message.word == "lost":
            self._asked.clear()     # what was being asked is lost: ask again after the next welcome
        if model is not self.model:
            self.model = model
            self._changed(message)

    def tick_clock(self, wall: float) -> None:
        """Let ages grow, and read older events once what is seen first has come."""
        self.hear(Clock(float(int(wall))))
        earlier = missing_events(self.model.events) if self.model.answers else None
        if earlier is not None:
            self.want({"events": earlier}, monotonic(), at_once=True)

    async def command(self, act: Act, at: int | None = None) -> Done:
        """Have an act carried out. Raises RefusedError or WireError."""
        return expect(Done, await self._client.ask(Command(0, act, at)))

    async def lease(self, *, take: bool) -> Done:
        """Take or release the lease. Raises RefusedError or WireError."""
        return expect(Done, await self._client.ask(Lease(0, take)))

    async def ask(self, request: ClientMessage, kind: type[ANSWERED]) -> ANSWERED:
        """The answer of that kind to a request. Raises RefusedError or WireError."""
        return expect(kind, await self._client.ask(request))

    def want(self, requests: Mapping[str, ClientMessage], now: float, *, at_once: bool = False) -> None:
        """Ask for data that differs from what was asked last; the answers land in `model.answers`."""
        if self.model.link.word != "connected":
            return
        for name, request in requests.items():
            before, when = self._asked.get(name, (None, 0.0))
            running = self._fetches.get(name)
            if request == before or (running is not None and not running.done()):
                continue
            # A growing run changes its question with each bucket: once a second is as fast as an eye wants it.
            if at_once or before is None or now - when >= FETCH_GAP_S:
                self._asked[name] = (request, now)
                self._fetches[name] = asyncio.create_task(self._fetch(name, request))

    def forget(self, name: str) -> None:
        """Ask for that data anew, the same request included."""
        self._asked.pop(name, None)

    async def _fetch(self, name: str, request: ClientMessage) -> None:
        try:
            answer = await self._client.ask(request)
        except RefusedError as error:
            answer = Refused(0, error.message, error.hint)
        except WireError:
            # A lost connection is no answer, and the panel keeps what it shows.
            self._asked.pop(name, None)     # asked again by the next clock
            return
        self.hear(Answered(name, Answer(request, answer)))

    def _find(self, attempt: int) -> Path:
        """The socket (blocking). A supervisor that is gone is looked for first, and started after some patience."""
        if attempt and attempt < PATIENT_ATTEMPTS:
            found = socket_path(self.place)
            if found is None:
                raise WireError(_("none answers yet"))
            return found
        # Who only looks must not start a training; a run that trained when it was last seen goes on.
        tick = self.model.tick
        idle = not self._start if tick is None else tick.phase in IDLE_PHASES
        return ensure_supervisor(self.place, park=idle)


def expect(kind: type[ANSWERED], answer: object) -> ANSWERED:
    """`answer`, which must be of that kind. Raises WireError."""
    if isinstance(answer, kind):
        return answer
    raise WireError(_("the run answered {answer} and not {wanted}").format(answer=type(answer).__name__,
                                                                            wanted=kind.__name__),
                    hint=_("use the same version of dfl-tui for run and console"))


def sentence(error: DflTuiError) -> str:
    """An error as a toast says it: sentence and hint on lines of their own."""
    return f"{error.message}\n{error.hint}" if error.hint else error.message
