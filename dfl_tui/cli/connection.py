"""A blocking client for one command: say hello, ask, wait for the one answer that bears the id.

News that come in between (events, ticks, previews) are left out; `follow` gives them to those who want to watch.
"""

import contextlib
import itertools
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self, TypeVar

from msgspec.structs import replace

from core.events.act import Act
from core.settings.error import RefusedError, WireError
from core.wire.channel import Channel
from core.wire.console_record import (
    AskEvents,
    AskGenerations,
    AskHistory,
    AskLog,
    AskPreview,
    AskPreviewList,
    Closing,
    Command,
    Done,
    Events,
    Generations,
    History,
    Lease,
    Log,
    Ping,
    Pong,
    Preview,
    PreviewList,
    Refused,
    SupervisorMessage,
    Welcome,
)
from core.wire.hello import connect
from core.wire.limits import PING_S
from dfl_tui.cli.person import label
from dfl_tui.language import _

log = logging.getLogger(__name__)

ANY_ID = 0  # replaced by the connection
ANSWER_S = 120.0  # a save of the largest model takes about a minute; a change waits for one iteration
ANSWERS = Done | Refused | History | Preview | PreviewList | Generations | Events | Log | Pong

Request = (Command | Lease | AskHistory | AskPreview | AskPreviewList | AskGenerations | AskEvents | AskLog)
Answer = TypeVar("Answer", Done, History, Preview, PreviewList, Generations, Events, Log, Pong)


class Connection:
    """One client of one supervisor. A context manager; `welcome` holds the state as it was at the start."""

    welcome: Welcome

    def __init__(self, path: Path) -> None:
        self._channel: Channel[SupervisorMessage]
        self._channel, self.welcome = connect(path, label())
        self._ids = itertools.count(1)
        self._steers = False
        log.info("connected run=%s socket=%s seat=%d", self.welcome.run, path, self.welcome.seat)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        # Left to the supervisor, the lease would end when it sees that we are gone: the next command may be sooner.
        if self._steers and failed is None:
            with contextlib.suppress(RefusedError, WireError, OSError):
                self.ask(Done, Lease(ANY_ID, take=False))
        self._channel.close()

    def command(self, act: Act, *, at: int | None = None) -> Done:
        """Have `act` carried out, or accepted for iteration `at`. Raises RefusedError with the run's own sentence."""
        done = self.ask(Done, Command(ANY_ID, act, at))
        self._steers = True
        return done

    def take_lease(self) -> None:
        """Become the driver, whoever was it; the lease ends with the connection."""
        self.ask(Done, Lease(ANY_ID, take=True))
        self._steers = True

    def ask(self, kind: type[Answer], request: Request) -> Answer:
        """The answer of type `kind` to `request`, whose id is chosen here."""
        number = next(self._ids)
        log.info("asked %r", request)
        self._channel.send(replace(request, id=number))
        deadline = time.monotonic() + ANSWER_S
        while (left := deadline - time.monotonic()) > 0:
            # Ticks and previews come between; only the answer with our number counts.
            message = self._receive(left)
            if isinstance(message, Refused) and message.id == number:
                raise RefusedError(message.sentence, hint=message.hint)
            if isinstance(message, kind) and message.id == number:
                return message
        raise WireError(_("the run gave no answer within {n} s").format(n=f"{ANSWER_S:.0f}"),
                        hint=_("see dfl-tui logs"))

    def follow(self) -> Iterator[SupervisorMessage]:
        """Everything that the supervisor tells; pings keep the seat. Raises WireError when the supervisor ends."""
        pinged = time.monotonic()
        while True:
            if time.monotonic() - pinged >= PING_S:
                self._channel.send(Ping(next(self._ids)))
                pinged = time.monotonic()
            message = self._receive(PING_S)
            if message is not None and not isinstance(message, ANSWERS):
                yield message

    def _receive(self, timeout_s: float) -> SupervisorMessage | None:
        """The next message, or None where nothing began in time."""
        try:
            message = self._channel.receive(timeout_s)
        except TimeoutError:
            return None
        if message is None:
            raise WireError(_("the run's supervisor ended"), hint=_("see dfl-tui logs"))
        if isinstance(message, Closing):
            raise WireError(_("the run's supervisor closed the connection: {reason}").format(reason=message.reason))
        return message
