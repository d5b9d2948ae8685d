"""Who is at the other end, as the kernel says it."""

import os
import socket
import sys

import pytest

from core.settings.error import WireError
from core.wire.peer import check_peer, peer_uid

NOBODY = 65534


def test_our_own_user_is_let_in():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_uid(ours) == os.geteuid()
        check_peer(ours)


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root can be somebody else")
def test_another_user_is_not_let_in():
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(f"\0dfl-tui-test-{os.getpid()}")    # no folder keeps the other user from this one
        server.listen()
        if (child := os.fork()) == 0:
            os.setuid(NOBODY)
            client.connect(server.getsockname())
            os.read(client.fileno(), 1)
            os._exit(0)
        peer, _ = server.accept()
        with peer, pytest.raises(WireError, match=f"runs as user {NOBODY}"):
            check_peer(peer)
        os.waitpid(child, 0)


def test_what_is_no_unix_socket_is_not_let_in():
    with socket.socket(socket.AF_INET) as other, pytest.raises(WireError):
        check_peer(other)
