"""The blocking end of a connection: for the trainer's pipe thread and for one-shot commands.

A frame that was begun must arrive within FRAME_TIMEOUT_S; between frames the caller chooses how long to wait.
"""

import contextlib
import select
import socket
import threading
from typing import Generic

from msgspec import Struct

from core.settings.error import WireError
from core.wire.frame import HEADER_BYTES, Codec, Message, pack, read_length
from core.wire.limits import FRAME_TIMEOUT_S


class Channel(Generic[Message]):
    """Messages over a connected stream socket, which the channel owns. One thread receives; any thread may send."""

    def __init__(self, sock: socket.socket, codec: Codec[Message]) -> None:
        self._sock = sock
        self._codec = codec
        self._sending = threading.Lock()
        sock.setblocking(True)

    def fileno(self) -> int:
        """The descriptor, for select."""
        return self._sock.fileno()

    def send(self, message: Struct) -> None:
        """Send one message. Raises WireError when the other side is gone."""
        frame = pack(message)
        # One frame at a time: pieces of two threads' frames must not mix.
        with self._sending:
            try:
                self._sock.sendall(frame)
            except OSError as error:
                raise WireError(f"the other side is gone: {error.strerror or error}") from error

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """The next message, or None when the other side closed between two frames.

        Raises TimeoutError when no frame begins within `timeout_s`; WireError on half a frame or a wrong one.
        """
        # One byte with the caller's patience, the rest with the wire's: a frame that was begun has no reason to wait.
        first = self._read(1, timeout_s)
        if not first:
            return None
        try:
            header = first + self._read_whole(HEADER_BYTES - 1)
            return self._codec.decode(self._read_whole(read_length(header, self._codec.limit)))
        except TimeoutError as error:
            raise WireError(f"a message did not arrive whole within {FRAME_TIMEOUT_S:g} s") from error

    def _read_whole(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            piece = self._read(count - len(data), FRAME_TIMEOUT_S)
            if not piece:
                raise WireError("the connection ended in the middle of a message")
            data += piece
        return bytes(data)

    def _read(self, count: int, timeout_s: float | None) -> bytes:
        """Up to `count` bytes; empty at the end of the stream."""
        self._wait_readable(timeout_s)
        try:
            return self._sock.recv(count)
        except ConnectionError:
            return b""
        except OSError as error:
            raise WireError(f"the connection cannot be read: {error.strerror or error}") from error

    def _wait_readable(self, timeout_s: float | None) -> None:
        """Wait by poll, not by a socket timeout: a timeout on the socket would hold for sends of other threads too."""
        if timeout_s is None:
            return
        poll = select.poll()
        poll.register(self._sock.fileno(), select.POLLIN)
        if not poll.poll(timeout_s * 1000):
            raise TimeoutError

    def close(self) -> None:
        """Close the connection; a thread that waits in receive gets None."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
