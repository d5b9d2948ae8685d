"""One connected client of a supervisor: reads its requests, sends what is queued for it. A client that breaks a rule is
told why and closed; nobody else notices."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from core.run.client_queue import ClientQueue
from core.settings.error import DflTuiError, WireError
from core.wire.console_record import (
    ClientMessage,
    Closing,
    Hello,
    Ping,
    Pong,
    PreviewNews,
    Refused,
    Request,
    Tick,
    Welcome,
)
from core.wire.frame import pack
from core.wire.greeting import check_protocol, clean_label
from core.wire.limits import HELLO_TIMEOUT_S, MAX_CLIENT_REQUESTS
from core.wire.stream import Stream

LATEST_ONLY = (Tick, PreviewNews)
FAREWELL_S = 1.0    # how long a closed client may take to read its reason

log = logging.getLogger(__name__)


class Host(Protocol):
    """What a client needs of the supervisor."""

    async def welcome(self, client: "Client") -> Welcome:
        """The whole state, for a client that has just said hello."""

    async def serve(self, client: "Client", request: Request) -> None:
        """Answer a request by `client.send`; a DflTuiError becomes a Refused."""

    def left(self, client: "Client") -> None:
        """The client is gone."""


class Client:
    """A seat at the run. `label` is how others see it; `heard_s` when it was last heard of (monotonic)."""

    def __init__(self, seat: int, stream: Stream[ClientMessage], host: Host) -> None:
        self.seat = seat
        self.label = ""
        self.heard_s = time.monotonic()
        self.is_in = False
        self._stream = stream
        self._host = host
        self._queue = ClientQueue()
        self._has_frames = asyncio.Event()
        self._requests: asyncio.Queue[Request] = asyncio.Queue(MAX_CLIENT_REQUESTS)
        self._reason = ""
        self._must_close = asyncio.Event()

    # --- called by others ---------------------------------------------------------------------------------------------
    def send(self, message: Struct) -> None:
        """Queue a message. Never waits; a client that has no room for it is closed."""
        self.send_frame(pack(message), latest=latest_kind(message))

    def send_frame(self, frame: bytes, *, latest: str) -> None:
        """Queue a frame that is packed already (one for many clients)."""
        if self._must_close.is_set():
            return
        if not self._queue.put(frame, latest=latest):
            self.close("this client did not read for too long: connect again, nothing is lost")
            return
        self._has_frames.set()

    def close(self, reason: str) -> None:
        """Have the client told why, and closed."""
        self._reason = self._reason or reason
        self._must_close.set()

    # --- its life -----------------------------------------------------------------------------------------------------
    async def live(self) -> None:
        """From hello to the end of the connection. Never raises but when cancelled."""
        tasks = [asyncio.create_task(work) for work in (self._send(), self._receive(), self._serve())]
        closing = asyncio.create_task(self._must_close.wait())
        try:
            await asyncio.wait([*tasks, closing], return_when=asyncio.FIRST_COMPLETED)
        finally:
            # The sender is ended last: it may be in the middle of a frame, and the reason comes after that.
            await _end([*tasks[1:], closing])
            await self._say_farewell(tasks[0])
            self._stream.close()
            if self.is_in or self._reason:  # not those that only look whether somebody answers
                log.info("client seat=%s label=%r left reason=%r", self.seat, self.label, self._reason)

    async def _say_farewell(self, sending: asyncio.Task[None]) -> None:
        """The reason is the last message, when the client takes what is before it in time."""
        if self._reason and not sending.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    while self._queue.pending_bytes:
                        await asyncio.sleep(0.01)
        whole = not self._queue.pending_bytes
        await _end([sending])
        if self._reason and whole:
            self._stream.send_last(Closing(self._reason))

    async def _receive(self) -> None:
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                hello = await self._stream.receive()
            if hello is None:
                return
            if not isinstance(hello, Hello):
                raise WireError("the first message must be a hello")
            check_protocol(hello.protocol)
            self.label = clean_label(hello.label)
            self.send(await self._host.welcome(self))
            self.is_in = True
            log.info("client seat=%s label=%r came", self.seat, self.label)
            while (request := await self._stream.receive()) is not None:
                self.heard_s = time.monotonic()
                self._take(request)
        except TimeoutError:
            self.close(f"no hello came within {HELLO_TIMEOUT_S:g} s")
        except (DflTuiError, OSError) as error:
            self.close(str(error))

    def _take(self, request: ClientMessage) -> None:
        """Answer a ping at once and queue the rest, so that a slow answer does not look like a dead supervisor."""
        if isinstance(request, Hello):
            raise WireError("a second hello came")
        if isinstance(request, Ping):
            self.send(Pong(request.id))
            return
        try:
            self._requests.put_nowait(request)
        except asyncio.QueueFull:
            self.send(Refused(request.id, f"{MAX_CLIENT_REQUESTS} requests are unanswered", "wait for their answers"))

    async def _serve(self) -> None:
        """One request after the other: so no client can keep the supervisor busy with more than one."""
        while True:
            request = await self._requests.get()
            try:
                await self._host.serve(self, request)
            except DflTuiError as error:
                self.send(Refused(request.id, error.message, error.hint))
            except Exception:   # a message handler on the wire (style.md 2.6)
                log.exception("request failed seat=%s request=%r", self.seat, type(request).__name__)
                self.send(Refused(request.id, "the supervisor made a mistake with this request",
                                  "its log says more: dfl-tui logs"))

    async def _send(self) -> None:
        with contextlib.suppress(WireError):    # gone: nobody is there to be told
            while True:
                await self._has_frames.wait()
                self._has_frames.clear()
                while chunk := self._queue.take():
                    await self._stream.send_frames(chunk)
                    self._queue.sent()


def latest_kind(message: Struct) -> str:
    """The kind of a message of which only the newest counts, else ""."""
    return type(message).__name__ if isinstance(message, LATEST_ONLY) else ""


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):   # a mistake of ours; CancelledError is none of these
            log.error("client task failed", exc_info=result)
