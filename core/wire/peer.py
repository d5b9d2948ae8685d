"""Who is at the other end of a Unix socket: the kernel says it, the peer cannot choose it."""

import os
import socket
import struct
import sys

from core.settings.error import WireError

_MAC_LOCAL_PEERCRED = 1     # sys/un.h; the socket module does not know the name
_UCRED = struct.Struct("3i")    # Linux: pid, uid, gid
_XUCRED = struct.Struct("=II")  # macOS: version, uid, then groups


def peer_uid(sock: socket.socket) -> int:
    """User id of the process at the other end. Raises OSError when the kernel does not say."""
    # macOS has no SO_PEERCRED, and other names and sizes for the same question.
    if sys.platform == "darwin":
        return int(_XUCRED.unpack(sock.getsockopt(0, _MAC_LOCAL_PEERCRED, _XUCRED.size))[1])
    return int(_UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[1])


def check_peer(sock: socket.socket) -> None:
    """Raises WireError unless the other end runs as our user (or as root, who can do anything anyway)."""
    try:
        uid = peer_uid(sock)
    except OSError as error:
        raise WireError(f"the system does not say who is at the other end: {error.strerror or error}") from error
    if uid not in (os.geteuid(), 0):
        raise WireError(f"the other end runs as user {uid} and this program as user {os.geteuid()}",
                        hint="a run belongs to the user who made it")
