"""What is still to be sent to one client. Pure: bytes in, bytes out, and a limit that holds whatever happens.

Ticks and preview news are replaced by newer ones and dropped when there is no room; everything else is never dropped:
when it does not fit, the client must be closed (it comes back and asks for what it missed).
"""

from core.wire.limits import CLIENT_QUEUE_BYTES, KIB

CHUNK_BYTES = 64 * KIB  # one send takes many small frames: each small write costs the kernel a buffer of its own


class ClientQueue:
    """Frames in order, at most `limit_bytes` of them, the chunk that is being sent included."""

    def __init__(self, limit_bytes: int = CLIENT_QUEUE_BYTES) -> None:
        self._limit = limit_bytes
        self._frames: dict[int, bytes] = {}     # by order of arrival
        self._latest: dict[str, int] = {}       # kind -> its frame that is still queued
        self._arrivals = 0
        self._queued_bytes = 0
        self._sending_bytes = 0

    @property
    def pending_bytes(self) -> int:
        """Bytes that the client did not take yet."""
        return self._queued_bytes + self._sending_bytes

    def put(self, frame: bytes, *, latest: str = "") -> bool:
        """Queue a frame; False when there is no room for it and the client must be closed.

        latest: the kind of a message of which only the newest counts ("" = every one counts).
        """
        if latest:
            self._forget(self._latest.pop(latest, -1))
        # Ticks give way first: the next one says more than they did.
        elif self.pending_bytes + len(frame) > self._limit:
            for kind in list(self._latest):
                self._forget(self._latest.pop(kind))
        if self.pending_bytes + len(frame) > self._limit:
            return bool(latest)
        self._arrivals += 1
        self._frames[self._arrivals] = frame
        self._queued_bytes += len(frame)
        if latest:
            self._latest[latest] = self._arrivals
        return True

    def _forget(self, arrival: int) -> None:
        frame = self._frames.pop(arrival, b"")
        self._queued_bytes -= len(frame)

    def take(self) -> bytes:
        """The next frames, joined to about CHUNK_BYTES; empty when there are none. Call `sent` when they are gone."""
        chunk = bytearray()
        while self._frames and len(chunk) < CHUNK_BYTES:
            arrival = next(iter(self._frames))
            chunk += self._frames[arrival]
            self._forget(arrival)
        # What is on its way to the kernel cannot be replaced by a newer one any more.
        self._latest = {kind: arrival for kind, arrival in self._latest.items() if arrival in self._frames}
        self._sending_bytes = len(chunk)
        return bytes(chunk)

    def sent(self) -> None:
        """The chunk of the last `take` is with the kernel."""
        self._sending_bytes = 0
