"""One frame: 4 bytes length (big-endian), then exactly one msgpack object. Knows no socket and no message.

The length is checked against a limit before anything is read, so that nobody can make us reserve memory. Decoding
checks every field (facts/console.md 3): whatever is not exactly one message of the expected types is a WireError.
"""

import struct
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from core.settings.error import WireError
from core.wire.limits import MAX_ANSWER_BYTES

HEADER_BYTES = 4
_HEADER = struct.Struct(">I")
_encoder = msgspec.msgpack.Encoder()

Message = TypeVar("Message")


def pack(message: msgspec.Struct, *, limit: int = MAX_ANSWER_BYTES) -> bytes:
    """The frame of a message. Raises WireError when it is longer than `limit`, which the other side would refuse, and
    for text that cannot be written (a path with broken characters)."""
    try:
        payload = _encoder.encode(message)
    except (UnicodeEncodeError, OverflowError) as error:
        raise WireError(f"a message cannot be written: {_sentence(error)}",
                        hint="use names and paths without broken characters") from error
    # Refused here, where the mistake is: at the other side it would cost the connection.
    if len(payload) > limit:
        raise WireError(f"a message of {len(payload):,} bytes does not fit in a frame of {limit:,}",
                        hint="ask for less at once")
    return _HEADER.pack(len(payload)) + payload


def read_length(header: bytes, limit: int) -> int:
    """Bytes of the object that follows `header`. Raises WireError when it is 0 or more than `limit`."""
    length: int = _HEADER.unpack(header)[0]
    if not 0 < length <= limit:
        raise WireError(f"a frame of {length:,} bytes was announced, the limit is {limit:,}",
                        hint="the other side may be another program or another version")
    return length


class Codec(Generic[Message]):
    """Reads messages of one direction: `kinds` is the union of the types that may come, `limit` their largest size;
    `check` raises WireError for what no type can say."""

    def __init__(self, kinds: object, limit: int, check: Callable[[Message], None] | None = None) -> None:
        self._decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(kinds)
        self._check = check
        self.limit = limit

    def decode(self, payload: bytes | bytearray) -> Message:
        """The one message in `payload`. Raises WireError on anything else, bytes after it included."""
        try:
            message = self._decoder.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, OverflowError) as error:
            raise WireError(f"a message is not understood: {_sentence(error)}",
                            hint="the other side may be another program or another version") from error
        # msgspec decodes nested lists by recursion; a few kilobytes of brackets reach Python's limit.
        except RecursionError as error:
            raise WireError("a message is nested too deeply", hint="the other side is another program") from error
        if self._check is not None:
            self._check(message)
        return message


def _sentence(error: Exception) -> str:
    """The decoder's own words, short and on one line: they may quote what a stranger sent."""
    text = "".join(c for c in str(error) if c.isprintable())
    return text if len(text) <= 200 else text[:199] + "…"

