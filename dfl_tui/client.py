"""The console's end of run.sock: it connects, keeps asking whether the supervisor is there, and comes back when it
was gone. Knows no widget: what is heard goes to one function.
"""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from core.settings.error import DflTuiError, RefusedError, WireError
from core.wire.console_record import Closing, Ping, Refused, SupervisorMessage
from core.wire.hello import open_stream
from core.wire.limits import LEASE_SILENCE_S, PING_S
from core.wire.stream import Stream
from dfl_tui.language import _
from dfl_tui.model import Link
from dfl_tui.thread import in_thread

ANSWER_TIMEOUT_S = 30.0    # a save of a large model takes that long; the supervisor answers all else at once
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)   # a supervisor that is started again is back within a second or two


class Client:
    """One connection that is made again for as long as `run` runs.

    find: called in a thread with the number of the attempt (0 first); returns the socket or raises DflTuiError.
    heard: called on the loop with every message and every change of the link.
    """

    def __init__(self, find: Callable[[int], Path], label: str, heard: Callable[[SupervisorMessage | Link], None],
                 *, version: str = "", backoff_s: tuple[float, ...] = BACKOFF_S) -> None:
        self._find = find
        self._label = label
        self._heard = heard
        self._version = version
        self._backoff_s = backoff_s
        self._stream: Stream[SupervisorMessage] | None = None
        self._ids = count(1)
        self._waiting: dict[int, asyncio.Future[SupervisorMessage]] = {}

    async def run(self) -> None:
        """Connect, listen, and connect again, until cancelled."""
        attempt = 0
        while True:
            try:
                stream, welcome = await open_stream(await in_thread(partial(self._find, attempt)), self._label,
                                                    version=self._version)
            except DflTuiError as error:
                self._heard(Link("lost" if attempt else "connecting", str(error)))
            else:
                attempt = 0
                self._stream = stream
                self._heard(welcome)
                self._heard(Link("lost", await self._listen(stream)))
            # A supervisor that hands over, or that its trainer starts again, is back within seconds: begin short.
            await asyncio.sleep(self._backoff_s[min(attempt, len(self._backoff_s) - 1)])
            attempt += 1

    async def ask(self, request: Struct, *, timeout_s: float = ANSWER_TIMEOUT_S) -> SupervisorMessage:
        """The answer to `request` (whose id is set here). Raises RefusedError with the supervisor's words, and
        WireError where there is no connection or no answer in time.
        """
        stream = self._stream
        if stream is None:
            raise WireError(_("there is no connection to the run"), hint=_("it is made again by itself"))
        number = next(self._ids)
        # The answer may come before `send` returns: who waits is known first.
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            async with asyncio.timeout(timeout_s):
                await stream.send(replace(request, id=number))
                answer: SupervisorMessage = await future
        except TimeoutError as error:
            raise WireError(_("the run did not answer within {n} s").format(n=f"{timeout_s:g}"),
                            hint=_("it may still be done: the event log shows it")) from error
        finally:
            self._waiting.pop(number, None)
        if isinstance(answer, Refused):
            raise RefusedError(answer.sentence, hint=answer.hint)
        return answer

    async def _listen(self, stream: Stream[SupervisorMessage]) -> str:
        """Hand on what comes until the connection ends; returns why."""
        pings = asyncio.create_task(self._ping(stream))
        try:
            while True:
                async with asyncio.timeout(LEASE_SILENCE_S):     # a pong comes every PING_S at least
                    message = await stream.receive()
                if message is None:
                    return ""
                if isinstance(message, Closing):
                    return message.reason
                self._take(message)
        except TimeoutError:
            return _("the supervisor is silent")
        except (WireError, OSError) as error:
            return str(error)
        finally:
            pings.cancel()
            self._close()

    def _take(self, message: SupervisorMessage) -> None:
        future = self._waiting.get(getattr(message, "id", 0))
        if future is not None and not future.done():
            future.set_result(message)
        self._heard(message)

    async def _ping(self, stream: Stream[SupervisorMessage]) -> None:
        with contextlib.suppress(WireError):     # the listener hears of the end by itself
            while True:
                # The lease ends with silence, so a console that only looks must say something too.
                await asyncio.sleep(PING_S)
                await stream.send(Ping(next(self._ids)))

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(WireError(_("the connection ended before the answer came"),
                                               hint=_("the event log shows whether it was done")))
