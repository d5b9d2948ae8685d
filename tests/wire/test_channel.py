"""Both ends of a connection, over real sockets."""

import asyncio
import socket
import threading

import pytest

from core.settings.error import WireError
from core.wire import channel as channel_module
from core.wire import stream as stream_module
from core.wire.channel import Channel
from core.wire.codec import REQUESTS
from core.wire.console_record import PROTOCOL, Closing, Hello, Ping
from core.wire.frame import pack
from core.wire.greeting import check_protocol, clean_label
from core.wire.hello import connect
from core.wire.stream import Stream


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_messages_arrive_in_order_however_they_are_cut(pair):
    ours, theirs = pair
    data = b"".join(pack(Ping(n)) for n in range(20))

    def dribble():
        for i in range(0, len(data), 7):
            theirs.sendall(data[i:i + 7])
        theirs.close()

    thread = threading.Thread(target=dribble)
    thread.start()
    channel = Channel(ours, REQUESTS)
    received = [channel.receive(5) for _ in range(21)]
    thread.join()
    assert received == [*(Ping(n) for n in range(20)), None]


def test_waiting_for_a_message_ends_after_its_time(pair):
    with pytest.raises(TimeoutError):
        Channel(pair[0], REQUESTS).receive(0.01)


def test_half_a_frame_is_an_error_and_not_an_end(pair):
    pair[1].sendall(pack(Ping(1))[:-1])
    pair[1].close()
    with pytest.raises(WireError, match="middle"):
        Channel(pair[0], REQUESTS).receive(1)


def test_a_header_that_does_not_complete_closes(pair, monkeypatch):
    monkeypatch.setattr(channel_module, "FRAME_TIMEOUT_S", 0.05)
    monkeypatch.setattr(stream_module, "FRAME_TIMEOUT_S", 0.05)
    pair[1].sendall(b"\0\0")
    with pytest.raises(WireError, match="whole"):
        Channel(pair[0], REQUESTS).receive(1)
    pair[1].sendall(b"\0\0")
    with pytest.raises(WireError, match="whole"):
        asyncio.run(Stream(pair[0], REQUESTS).receive())


def test_sending_to_a_closed_connection_is_a_wire_error(pair):
    pair[1].close()
    with pytest.raises(WireError, match="gone"):
        Channel(pair[0], REQUESTS).send(Ping(1))


def test_the_stream_reads_what_the_channel_sends_and_the_other_way(pair):
    async def exchange():
        stream = Stream(pair[0], REQUESTS)
        channel = Channel(pair[1], REQUESTS)
        await asyncio.to_thread(channel.send, Ping(1))
        assert await stream.receive() == Ping(1)
        await stream.send(Ping(2))
        assert await asyncio.to_thread(channel.receive, 5) == Ping(2)
        channel.close()
        assert await stream.receive() is None
        stream.close()

    asyncio.run(exchange())


def test_another_major_version_is_refused_and_another_minor_is_not():
    check_protocol((PROTOCOL[0], PROTOCOL[1] + 7))
    with pytest.raises(WireError, match="same version"):
        check_protocol((PROTOCOL[0] + 1, 0))


def test_a_label_cannot_draw_on_other_screens():
    assert clean_label("anna\x1b[2J\n@box") == "anna[2J@box"
    assert clean_label("\0") == "somebody"
    assert len(clean_label("x" * 900)) == 60


def test_a_client_that_is_not_let_in_hears_why(tmp_path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "s"))
    server.listen()

    def answer():
        peer, _ = server.accept()
        assert isinstance(Channel(peer, REQUESTS).receive(5), Hello)
        peer.sendall(pack(Closing("32 clients are here already")))
        peer.close()

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(WireError, match="32 clients"):
        connect(tmp_path / "s", "me")
    thread.join()
    server.close()


def test_a_missing_or_dead_socket_is_named_in_a_sentence(tmp_path):
    with pytest.raises(WireError, match="cannot be reached"):
        connect(tmp_path / "nothing", "me")
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "dead"))
    dead.close()
    with pytest.raises(WireError, match="Connection refused"):
        connect(tmp_path / "dead", "me")
