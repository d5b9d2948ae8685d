"""The asyncio end of a connection: for the supervisor and for consoles. Works on the socket itself, without a
transport, so that nothing is buffered where nobody counts it.
"""

import asyncio
import contextlib
import socket
from typing import Generic

from msgspec import Struct

from core.settings.error import WireError
from core.wire.frame import HEADER_BYTES, Codec, Message, pack, read_length
from core.wire.limits import FRAME_TIMEOUT_S, KIB

READ_BYTES = 64 * KIB   # one read takes many small frames: a system call each would cost more than decoding


class Stream(Generic[Message]):
    """Messages over a connected stream socket, which the stream owns. One task receives; any may send."""

    def __init__(self, sock: socket.socket, codec: Codec[Message]) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._codec = codec
        self._pending = bytearray()
        self._sending = asyncio.Lock()

    async def receive(self) -> Message | None:
        """The next message, or None when the other side closed between two frames. Waits without limit for a frame
        to begin; a begun frame must arrive within FRAME_TIMEOUT_S. Raises WireError on half a frame or a wrong one.
        """
        if not self._pending and not await self._fill():
            return None
        try:
            async with asyncio.timeout(FRAME_TIMEOUT_S):
                header = await self._take(HEADER_BYTES)
                payload = await self._take(read_length(header, self._codec.limit))
        except TimeoutError as error:
            raise WireError(f"a message did not arrive whole within {FRAME_TIMEOUT_S:g} s") from error
        return self._codec.decode(payload)

    async def _take(self, count: int) -> bytes:
        while len(self._pending) < count:
            if not await self._fill():
                raise WireError("the connection ended in the middle of a message")
        data = bytes(self._pending[:count])
        del self._pending[:count]
        return data

    async def _fill(self) -> bool:
        """Read what is there; False at the end of the stream."""
        try:
            data = await asyncio.get_running_loop().sock_recv(self._sock, READ_BYTES)
        except ConnectionError:
            return False
        self._pending += data
        return bool(data)

    async def send(self, message: Struct) -> None:
        """Send one message. Raises WireError when the other side is gone."""
        await self.send_frames(pack(message))

    async def send_frames(self, frames: bytes) -> None:
        """Send frames that are packed already. Raises WireError when the other side is gone."""
        try:
            # One at a time: sock_sendall gives other tasks a turn in the middle of a frame.
            async with self._sending:
                await asyncio.get_running_loop().sock_sendall(self._sock, frames)
        except OSError as error:
            raise WireError(f"the other side is gone: {error.strerror or error}") from error

    def send_last(self, message: Struct) -> None:
        """Send a farewell as far as it fits into the socket right now, whoever reads it or not."""
        with contextlib.suppress(OSError):
            self._sock.send(pack(message))

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()
