"""One command against a supervisor that is only its wire: a real socket, real frames."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.events.act import PauseRun
from core.events.event import Consent, Event, FaceSetNote, Paused
from core.events.state import RunState
from core.settings.error import RefusedError, WireError
from core.settings.registry import defaults
from core.wire.channel import Channel
from core.wire.codec import REQUESTS
from core.wire.console_record import (
    PROTOCOL,
    Closing,
    Command,
    Done,
    EventNews,
    Hello,
    Lease,
    Ping,
    Refused,
    Tick,
    Welcome,
)
from dfl_tui.cli.connection import Connection

CONSENT = Consent("nobody", "synthetic", "test")
NOTE = FaceSetNote("/faces", 96, "00")
STATE = RunState("a", 1, 0, 1, defaults(), NOTE, NOTE, CONSENT, CONSENT, "", "0.1.0")
TICK = Tick("training", "", 10, 1, 0.0)
WELCOME = Welcome(PROTOCOL, "0.1.0", "a", "/runs/a", 1, STATE, [], TICK, 0, "", ["src"], None)
PAUSED = Event(2, 10, 1, 0.0, "person", Paused())


@contextmanager
def supervisor(folder: Path, answer: Callable[[Channel], None]) -> Iterator[Path]:
    """A socket where one client is welcomed and then served by `answer`."""
    path = folder / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            channel = Channel(listener.accept()[0], REQUESTS)
            assert isinstance(channel.receive(10), Hello)
            channel.send(WELCOME)
            answer(channel)
            channel.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield path
        thread.join(10)
        assert not thread.is_alive()


def test_a_command_gets_the_answer_with_its_id_and_no_other(tmp_path):
    def answer(channel):
        command = channel.receive(10)
        assert isinstance(command, Command)
        channel.send(TICK)
        channel.send(EventNews(PAUSED))
        channel.send(Done(command.id + 1, None, "not this one"))
        channel.send(Done(command.id, PAUSED, "paused at 10"))

    with supervisor(tmp_path, answer) as path, Connection(path) as connection:
        assert connection.welcome.run == "a"
        assert connection.command(PauseRun()).sentence == "paused at 10"


def test_who_steered_gives_the_lease_back_before_the_next_command_can_come(tmp_path):
    heard = []

    def answer(channel):
        for _ in range(2):
            heard.append(channel.receive(10))
            channel.send(Done(heard[-1].id, None, ""))

    with supervisor(tmp_path, answer) as path, Connection(path) as connection:
        connection.command(PauseRun())
    assert heard[1] == Lease(2, take=False)


def test_a_refusal_is_raised_with_the_runs_own_words(tmp_path):
    def answer(channel):
        channel.send(Refused(channel.receive(10).id, "ben steers", "add --take"))

    with (supervisor(tmp_path, answer) as path, Connection(path) as connection,
          pytest.raises(RefusedError, match="ben steers: add --take")):
        connection.command(PauseRun())


def test_a_supervisor_that_closes_says_why(tmp_path):
    def answer(channel):
        channel.receive(10)
        channel.send(Closing("too slow"))

    with (supervisor(tmp_path, answer) as path, Connection(path) as connection,
          pytest.raises(WireError, match="too slow")):
        connection.command(PauseRun())


def test_a_supervisor_that_dies_is_an_error_and_no_endless_wait(tmp_path):
    with (supervisor(tmp_path, Channel.close) as path, Connection(path) as connection,
          pytest.raises(WireError)):
        connection.command(PauseRun())


def test_who_follows_says_so_again_and_again_or_would_lose_the_seat(tmp_path, monkeypatch):
    monkeypatch.setattr("dfl_tui.cli.connection.PING_S", 0.05)

    def answer(channel):
        while not isinstance(channel.receive(10), Ping):  # ticks never pause for as long as PING_S
            channel.send(TICK)
        channel.send(EventNews(PAUSED))

    with supervisor(tmp_path, answer) as path, Connection(path) as connection:
        assert next(news for news in connection.follow() if not isinstance(news, Tick)) == EventNews(PAUSED)
