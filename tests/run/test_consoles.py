"""Several clients of one run: who steers, who watches, who is slow, who is silent, who is not let in."""

import asyncio
import itertools
import signal
import socket
import subprocess
import sys

import pytest
from msgspec.structs import replace

from core.events.act import LockBlocks, PreviewNow, SetValues
from core.run.client import Client
from core.run.server import Server
from core.wire.codec import ANSWERS
from core.wire.console_record import (
    PROTOCOL,
    AskHistory,
    Closing,
    Done,
    EventNews,
    Hello,
    LeaseNews,
    Ping,
    Pong,
    Refused,
    Tick,
    Welcome,
)
from core.wire.frame import pack
from core.wire.hello import connect
from core.wire.limits import CLIENT_QUEUE_BYTES, MAX_CLIENTS, MIB
from core.wire.stream import Stream
from tests.run.running import until

pytestmark = pytest.mark.journey


def is_lease(message) -> bool:
    return isinstance(message, LeaseNews)


def test_one_console_steers_and_the_others_see_it(run):
    anna, ben, carl = (run.console(name, park=True) for name in ("anna", "ben", "carl"))
    assert isinstance(anna.command(SetValues({"lr": 1e-4})), Done)
    for console in (ben, carl):
        assert console.hear(is_lease).driver_label == "anna"
    refused = ben.command(SetValues({"lr": 2e-4}))
    assert isinstance(refused, Refused)
    assert refused.sentence == "anna steers this run"
    assert "nothing can be drawn" in ben.command(PreviewNow()).sentence     # needs no lease, only a trainer
    assert isinstance(ben.lease(take=True), Done)
    assert anna.hear(is_lease).driver_label == "ben"
    assert isinstance(anna.command(SetValues({"lr": 2e-4})), Refused)
    assert isinstance(ben.command(SetValues({"lr": 2e-4})), Done)
    assert carl.hear(lambda m: isinstance(m, EventNews) and m.event.author == "person:ben")
    assert isinstance(carl.lease(take=False), Refused)


def test_the_lease_ends_with_its_client(run):
    anna, ben = run.console("anna", park=True), run.console("ben", park=True)
    anna.command(SetValues({"lr": 1e-4}))
    ben.hear(lambda m: is_lease(m) and m.driver_label == "anna")
    anna.close()
    ben.hear(lambda m: is_lease(m) and m.driver == 0)
    assert isinstance(ben.command(SetValues({"lr": 2e-4})), Done)


def test_the_lease_of_a_driver_that_went_silent_ends_while_its_connection_stands(run, monkeypatch):
    monkeypatch.setenv("PEER_LEASE_S", "0")     # silent from its last word on
    anna, ben = run.console("anna", park=True), run.console("ben", park=True)
    anna.command(SetValues({"lr": 1e-4}))
    ben.hear(lambda m: is_lease(m) and m.driver_label == "anna")
    ben.hear(lambda m: is_lease(m) and m.driver == 0)
    anna.hear(lambda m: is_lease(m) and m.driver == 0)      # it is still there, and told
    assert isinstance(ben.command(SetValues({"lr": 2e-4})), Done)


def test_a_console_that_comes_later_finds_state_events_and_driver(run):
    anna = run.console("anna", park=True)
    anna.command(SetValues({"lr": 1e-4}))
    welcome = run.console("ben", park=True).welcome
    assert welcome.state.settings["lr"] == 1e-4
    assert welcome.events == run.events
    assert welcome.driver_label == "anna"
    assert welcome.tick.phase == "parked"


def test_ticks_come_at_most_twice_a_second_and_only_when_something_differs(run):
    console = run.console()
    run.training()
    console.heard.clear()
    console.hear(lambda _: sum(isinstance(m, Tick) for m in console.heard) == 5)
    ticks = [m for m in console.heard if isinstance(m, Tick)]
    assert all(b.at - a.at >= 0.49 for a, b in itertools.pairwise(ticks))
    assert all(replace(a, at=b.at) != b for a, b in itertools.pairwise(ticks))


def test_a_stopped_console_costs_the_others_nothing(run):
    """A client that never reads, while events and answers are made for it: it is closed, nobody else waits."""
    run.console(park=True)
    stopped, _ = connect(run.ensure(park=True), "stopped")
    good = run.console("good", park=True)
    for n in range(30):
        stopped.send(AskHistory(n, ["src"], 0, None, 4096))
    for n in range(200):
        assert isinstance(good.command(SetValues({"lr": 1e-4 + n * 1e-6})), Done)
    assert isinstance(good.ask(Ping), Pong)
    assert good.welcome.seat != 0
    stopped.close()


def test_a_console_that_was_suspended_reads_on_where_it_stopped(run):
    """SIGSTOP for a while, with a real process as the client."""
    path = run.ensure()
    program = ("import sys; from pathlib import Path; from core.wire.hello import connect\n"
               "channel, welcome = connect(Path(sys.argv[1]), 'child')\n"
               "print(welcome.seat, flush=True)\n"
               "while channel.receive() is not None: pass")
    child = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
    try:
        assert int(child.stdout.readline()) > 0
        watcher = run.console("watcher")
        watcher.tick(lambda t: t.iteration > 10)
        child.send_signal(signal.SIGSTOP)
        first = watcher.tick(lambda _: True).iteration
        watcher.tick(lambda t: t.iteration > first + 50)    # nobody waits for the child
        child.send_signal(signal.SIGCONT)
        assert isinstance(watcher.ask(Ping), Pong)
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_clients_that_break_a_rule_hear_why(run):
    path = run.ensure(park=True)

    def words_to(*messages) -> str:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            sock.sendall(b"".join(pack(m) for m in messages))
            data = b""
            while piece := sock.recv(65536):
                data += piece
        reasons = []
        while data:
            length = int.from_bytes(data[:4], "big")
            message, data = ANSWERS.decode(data[4:4 + length]), data[4 + length:]
            reasons += [message.reason] if isinstance(message, Closing) else []
        return reasons[-1]

    hello = Hello(PROTOCOL, "", "x")
    assert "version 9.0" in words_to(Hello((9, 0), "", "x"))
    assert "first message must be a hello" in words_to(Ping(1))
    assert "second hello" in words_to(hello, hello)
    assert "not understood" in words_to(hello, Done(1, None, ""))


def test_more_clients_than_there_are_seats_are_told(run):
    path = run.ensure(park=True)
    channels = [connect(path, f"client {n}")[0] for n in range(MAX_CLIENTS)]
    with pytest.raises(Exception, match=f"{MAX_CLIENTS} clients are connected"):
        connect(path, "one too many")
    channels.pop().close()
    until(lambda: len(channels) and try_connect(path, channels), "a free seat")
    for channel in channels:
        channel.close()


def try_connect(path, channels) -> bool:
    try:
        channels.append(connect(path, "next")[0])
    except Exception:
        return False
    return True


class Host:
    """A host without a run, for a server in this process."""

    def __init__(self, welcome: Welcome):
        self._welcome = welcome

    async def welcome(self, _client: Client) -> Welcome:
        return self._welcome

    async def serve(self, _client: Client, _request) -> None:
        raise KeyError("a mistake in a handler")

    def left(self, client: Client) -> None:
        pass


@pytest.fixture
def served(run, tmp_path):
    """A server on the running loop, and how to connect to it."""
    welcome = run.console(park=True).welcome

    async def serve(work):
        path = tmp_path / "s"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        server = Server(listener, path, Host(welcome))
        accepting = asyncio.create_task(server.accept())
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, str(path))
        stream = Stream(sock, ANSWERS)
        await stream.send(Hello(PROTOCOL, "", "x"))
        try:
            await work(server, stream)
        finally:
            stream.close()
            accepting.cancel()
            await server.close("over")

    return lambda work: asyncio.run(serve(work))


def test_a_client_that_does_not_read_never_has_more_than_its_megabyte(served):
    async def work(server: Server, stream):
        await stream.receive()
        client = next(iter(server.clients.values()))
        event = EventNews((await a_welcome(server)).events[0])
        most = 0
        for _ in range(5000):
            server.tell_all(event)
            most = max(most, client._queue.pending_bytes)
            await asyncio.sleep(0)
        assert CLIENT_QUEUE_BYTES - 64 * 1024 < most <= CLIENT_QUEUE_BYTES == MIB
        for _ in range(500):
            if not server.clients:
                break
            await asyncio.sleep(0.01)
        assert not server.clients, "it was not closed"

    async def a_welcome(server):
        return await server._host.welcome(None)

    served(work)


def test_a_mistake_in_a_handler_is_an_answer_and_not_an_end(served):
    async def work(_server, stream):
        await stream.receive()
        await stream.send(AskHistory(7, ["src"], 0, None, 5))
        answer = await stream.receive()
        assert isinstance(answer, Refused)
        assert answer.id == 7
        assert "mistake" in answer.sentence
        await stream.send(Ping(8))
        assert await stream.receive() == Pong(8)

    served(work)


def test_a_silent_client_is_closed_with_a_reason(served):
    async def work(server: Server, stream):
        await stream.receive()
        for client in server.clients.values():
            client.heard_s -= 61.0
        server.end_silent()
        farewell = await stream.receive()
        assert isinstance(farewell, Closing)
        assert "nothing was heard" in farewell.reason
        assert await stream.receive() is None

    served(work)


def test_locks_of_a_parked_run_wait(run):
    answer = run.console(park=True).command(LockBlocks("encoder"))
    assert answer.sentence.startswith("accepted")
