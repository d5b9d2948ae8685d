"""The handshake: how a client comes in, and whom a supervisor lets in."""

import contextlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from core.settings.error import WireError
from core.wire.channel import Channel
from core.wire.codec import ANSWERS
from core.wire.console_record import PROTOCOL, Closing, Hello, SupervisorMessage, Welcome
from core.wire.greeting import check_protocol, clean_label
from core.wire.limits import HELLO_TIMEOUT_S
from core.wire.peer import check_peer

if TYPE_CHECKING:
    from core.wire.stream import Stream


class GoneError(WireError):
    """Nobody answers there, or nobody does any more: a supervisor may just be ending, so look for it again."""


def connect(path: Path, label: str, *, version: str = "") -> tuple[Channel[SupervisorMessage], Welcome]:
    """Connect to the supervisor at `path`, blocking. Raises WireError, with its reason when it does not let us in."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(HELLO_TIMEOUT_S)
        sock.connect(str(path))
        # Both sides look: a socket that somebody else laid into a shared folder could ask for anything.
        check_peer(sock)
        channel = Channel(sock, ANSWERS)
        with contextlib.suppress(WireError):    # one that lets nobody in says why, and hangs up before it hears us
            channel.send(Hello(PROTOCOL, version, clean_label(label)))
        return channel, _welcome(channel.receive(HELLO_TIMEOUT_S))
    except (OSError, WireError) as error:
        sock.close()
        raise _unreachable(path, error) from error


async def open_stream(path: Path, label: str, *, version: str = "") -> "tuple[Stream[SupervisorMessage], Welcome]":
    """Connect to the supervisor at `path` on the running loop. Raises WireError as `connect` does."""
    import asyncio  # late: 25 ms, and one-shot commands need none

    from core.wire.stream import Stream

    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(HELLO_TIMEOUT_S):
            await asyncio.get_running_loop().sock_connect(sock, str(path))
            check_peer(sock)
            stream = Stream(sock, ANSWERS)
            with contextlib.suppress(WireError):    # as in connect
                await stream.send(Hello(PROTOCOL, version, clean_label(label)))
            return stream, _welcome(await stream.receive())
    except (OSError, WireError) as error:
        sock.close()
        raise _unreachable(path, error) from error


def _welcome(answer: SupervisorMessage | None) -> Welcome:
    match answer:
        case Welcome():
            check_protocol(answer.protocol)
            return answer
        case Closing(reason=reason):
            raise WireError(reason)
        case None:
            raise GoneError("the run's supervisor closed the connection")
        case _:
            raise WireError("the other side does not speak as a supervisor does")


def _unreachable(path: Path, error: OSError | WireError) -> WireError:
    if isinstance(error, WireError):
        return error
    if isinstance(error, TimeoutError):
        return WireError(f"the run's supervisor at {path} did not answer within {HELLO_TIMEOUT_S:g} s",
                         hint="dfl-tui doctor says how it stands")
    return GoneError(f"the run's supervisor at {path} cannot be reached: {error.strerror or error}")
