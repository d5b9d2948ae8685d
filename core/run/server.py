"""The run's socket and the clients at it: lets them in, sends news to all, ends those that are silent."""

import asyncio
import contextlib
import logging
import socket
import time
from pathlib import Path

from msgspec import Struct

from core.run.address import listen
from core.run.client import Client, Host, latest_kind
from core.settings.error import WireError
from core.wire.codec import REQUESTS
from core.wire.console_record import Closing
from core.wire.frame import pack
from core.wire.limits import CLIENT_SILENCE_S, MAX_CLIENTS
from core.wire.peer import check_peer
from core.wire.stream import Stream

TIRED_S = 0.2   # before the next accept when the system has no descriptor left

log = logging.getLogger(__name__)


class Server:
    """Clients of one run. `last_left_s`: when the last client went (monotonic)."""

    def __init__(self, listener: socket.socket, path: Path, host: Host) -> None:
        listener.setblocking(False)
        self._listener = listener
        self.path = path
        self._host = host
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._seats = 0
        self.clients: dict[int, Client] = {}
        self.last_left_s = time.monotonic()

    @classmethod
    def at(cls, folder: Path, host: Host) -> "Server":
        """The server of the run in `folder`, whose lock is held. Raises StoreError when no place takes a socket."""
        return cls(*listen(folder), host)

    async def accept(self) -> None:
        """Let clients in, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                peer, _ = await loop.sock_accept(self._listener)
            except OSError as error:    # too many open files: those who are in go on
                log.warning("accept failed error=%s", error)
                await asyncio.sleep(TIRED_S)
                continue
            self._let_in(peer)

    def _let_in(self, peer: socket.socket) -> None:
        try:
            check_peer(peer)
            if len(self.clients) >= MAX_CLIENTS:
                raise WireError(f"{MAX_CLIENTS} clients are connected to this run already", hint="close one of them")
        except WireError as error:
            log.warning("client refused reason=%r", str(error))
            with contextlib.suppress(OSError):
                peer.setblocking(False)
                peer.send(pack(Closing(str(error))))
            peer.close()
            return
        self._seats += 1
        client = Client(self._seats, Stream(peer, REQUESTS), self._host)
        self.clients[client.seat] = client
        self._tasks[client.seat] = asyncio.create_task(self._live(client))

    async def _live(self, client: Client) -> None:
        try:
            await client.live()
        finally:
            # Also where `live` was cancelled: neither a seat nor the lease may outlive its holder.
            del self.clients[client.seat], self._tasks[client.seat]
            self.last_left_s = time.monotonic()
            self._host.left(client)

    def tell_all(self, message: Struct) -> None:
        """Queue news for every client that was welcomed; packed once for all."""
        members = [client for client in self.clients.values() if client.is_in]
        if members:
            frame, latest = pack(message), latest_kind(message)
            for client in members:
                client.send_frame(frame, latest=latest)

    def end_silent(self) -> None:
        """Close clients that were not heard of for CLIENT_SILENCE_S: suspended, or half open."""
        now_s = time.monotonic()
        for client in self.clients.values():
            if now_s - client.heard_s > CLIENT_SILENCE_S:
                client.close(f"nothing was heard from this client for {CLIENT_SILENCE_S:g} s")

    async def close(self, reason: str) -> None:
        """Close every client and the socket; its file is removed (the run's lock is still held)."""
        for client in list(self.clients.values()):
            client.close(reason)
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=2.0)
        self._listener.close()
        with contextlib.suppress(OSError):
            self.path.unlink()
