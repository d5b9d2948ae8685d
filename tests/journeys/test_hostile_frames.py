"""Thousands of hostile frames at the socket of a real supervisor, and a second client that must not notice.

DFL_TUI_FRAMES sets their number. Half are decodable msgpack, a quarter are valid messages with one field changed.
"""

import os
import random
import struct
import threading
import time

import msgspec
import pytest

from core.events.act import (
    LockBlocks,
    MakeBackup,
    PauseRun,
    ResumeRun,
    RollBack,
    SaveNow,
    SetValues,
    StopRun,
    UndoLast,
    UnlockBlocks,
    WithdrawAct,
)
from core.events.event import (
    Asked,
    BackedUp,
    Ended,
    Locked,
    Paused,
    Resumed,
    RolledBack,
    SettingsChanged,
    Stopped,
    Unlocked,
    Withdrawn,
)
from core.events.fold import fold
from core.run.birth import create_run
from core.settings.error import WireError
from core.settings.registry import BY_KEY, check
from core.store.folder import RunFolder
from core.store.journal import read_journal
from core.wire.channel import Channel
from core.wire.codec import REQUESTS
from core.wire.console_record import (
    AskEvents,
    AskHistory,
    AskLog,
    AskPreview,
    Closing,
    Command,
    Done,
    EventNews,
    Hello,
    Lease,
    LeaseNews,
    Ping,
    Pong,
    PreviewNews,
    Refused,
    StateNews,
    Tick,
)
from core.wire.hello import connect
from tests.run.running import Running, new_run

FRAMES = int(os.environ.get("DFL_TUI_FRAMES", "3000"))
ACTS = [SetValues({"lr": 1e-4}), SetValues({"batch_size": 4, "random_warp": False}), LockBlocks("encoder.*"),
        UnlockBlocks("decoder"), PauseRun(), ResumeRun(), SaveNow(), MakeBackup("b"), StopRun(), UndoLast(),
        RollBack(3), WithdrawAct(7)]
OTHERS = [Hello((1, 0), "x", "x"), Lease(1, True), AskHistory(2, ["src"], 0, None, 10), AskPreview(3, None, 0, 4, 64),
          AskEvents(4, 0, 99), AskLog(5, "trainer", 5), Ping(6)]
ODD = [None, -1, 0, 1, 5, 40, 2**32, 2**63, 2**64 - 1, 1e308, 0.5, float("nan"), float("inf"), "", "x" * 70_000,
       "x" * 900, "encoder", "supervisor", "\x1b[2J", "\ud7ff", "../../x", b"\xff" * 9, [], [[]] * 50, ["src"], [1, 2],
       {}, {"type": "set"}, {"type": "save"}, {"lr": 1e9}, {"lr": "1"}, {"lr": 0.5}, {"seed": 1}, True, False]

PATIENCE_S = 120.0      # an answer comes in milliseconds, where the machine is not overloaded

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600 + FRAMES // 5)]


def hostile_frame(dice: random.Random, number: int) -> bytes:
    """One frame; every second one is whole msgpack, every fourth a valid message with one field changed."""
    if number % 4 == 0:
        payload = msgspec.msgpack.encode(one_field_changed(dice, number))
    elif number % 4 == 2:
        payload = msgspec.msgpack.encode(any_object(dice, 3))
    else:
        return broken_frame(dice)
    return struct.pack(">I", len(payload)) + payload


def one_field_changed(dice: random.Random, number: int) -> dict:
    message = dice.choice([*OTHERS, *(Command(number, act) for act in ACTS)])
    fields = msgspec.to_builtins(message)
    target = fields["act"] if "act" in fields and dice.random() < 0.7 else fields
    if isinstance(target.get("values"), dict) and dice.random() < 0.7:
        target = target["values"]
    field = dice.choice(list(target))
    alike = [value for value in ODD if type(value) is type(target[field])]
    target[field] = dice.choice(alike if alike and dice.random() < 0.7 else ODD)
    return fields


def any_object(dice: random.Random, depth: int):
    match dice.randrange(4 if depth else 2):
        case 0:
            return dice.choice(ODD)
        case 1:
            return dice.choice(["type", "command", "id", "act", "hello"])
        case 2:
            return [any_object(dice, depth - 1) for _ in range(dice.randrange(4))]
        case _:
            words = ["type", "id", "act", "protocol", "x"]
            return {dice.choice(words): any_object(dice, depth - 1) for _ in range(dice.randrange(5))}


def broken_frame(dice: random.Random) -> bytes:
    noise = dice.randbytes(dice.randrange(1, 200))
    whole = msgspec.msgpack.encode(dice.choice(OTHERS))
    return dice.choice([
        struct.pack(">I", len(noise)) + noise,
        struct.pack(">I", dice.randrange(2**16 + 1, 2**32)) + noise,
        struct.pack(">I", 0),
        struct.pack(">I", len(whole)) + bytes(b ^ dice.choice([0] * 9 + [1 << dice.randrange(8)]) for b in whole),
        struct.pack(">I", len(whole) + 3) + whole + b"\xc0\xc0\xc0",
        struct.pack(">I", 60_000) + b"\x91" * 60_000,
    ])


class Witness(threading.Thread):
    """A well-behaved client: pings and takes note of what it hears."""

    def __init__(self, path):
        super().__init__(name="witness")
        self.channel, self.welcome = connect(path, "witness")
        self.stop = threading.Event()
        self.longest_s = 0.0
        self.events: list[int] = []
        self.failure = ""

    def run(self):
        number = 0
        while not self.stop.is_set() and not self.failure:
            number += 1
            began = time.monotonic()
            self.channel.send(Ping(number))
            while not isinstance(message := self.channel.receive(PATIENCE_S), Pong):
                if isinstance(message, EventNews):
                    self.events.append(message.event.number)
                elif not isinstance(message, Tick | LeaseNews | PreviewNews | StateNews):
                    self.failure = f"heard {message!r}"
                    return
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            self.stop.wait(0.005)


class Attacker:
    """Sends frames one after the other; connects again whenever it was thrown out."""

    def __init__(self, path, folder: RunFolder):
        self.path, self.folder = path, folder
        self.channel: Channel | None = None
        self.counts = {"closed": 0, "answered": 0, "done": 0}

    def send(self, frame: bytes):
        if self.channel is None:
            self.channel, _ = connect(self.path, "attacker")
        expected = understood(frame)
        self.channel._sock.sendall(frame)
        if expected is None or isinstance(expected, Hello):
            self.must_be_closed(frame)
        else:
            self.must_be_answered(expected)

    def must_be_closed(self, frame: bytes):
        reason = None
        if len(frame) - 4 < struct.unpack(">I", frame[:4])[0] <= REQUESTS.limit:
            self.channel.close()    # half a frame: it would be waited for
            self.channel = None
            return
        while (message := self.receive()) is not None:
            assert not isinstance(message, Done), f"done for {frame[:80]!r}"
            reason = message.reason if isinstance(message, Closing) else reason
        assert reason, "closed without a reason"
        assert "Traceback" not in reason
        self.counts["closed"] += 1
        self.channel.close()
        self.channel = None

    def must_be_answered(self, request):
        while getattr(message := self.receive(), "id", None) != request.id:
            assert message is not None, f"closed after {request!r}"
            assert not isinstance(message, Closing), f"{message!r} after {request!r}"
        self.counts["answered"] += 1
        if isinstance(message, Done) and isinstance(request, Command):
            self.counts["done"] += 1
            assert is_right(request.act, message, self.folder), f"{message!r} for {request!r}"
        if isinstance(message, Refused):
            assert message.sentence
            assert "Traceback" not in message.sentence
            assert "mistake" not in message.sentence, f"{message!r} for {request!r}"

    def receive(self):
        try:
            return self.channel.receive(PATIENCE_S)
        except WireError:
            return None


def understood(frame: bytes):
    """What the frame says, None when it says nothing that may be answered."""
    (length,) = struct.unpack(">I", frame[:4])
    if length != len(frame) - 4 or not 0 < length <= REQUESTS.limit:
        return None
    try:
        return REQUESTS.decode(frame[4:])
    except WireError:
        return None


def is_right(act, done: Done, folder: RunFolder) -> bool:
    """Whether a Done is true: its event is in the journal and is that of the act, with values that settings take."""
    if done.event is None:
        return isinstance(act, ResumeRun | SaveNow)
    assert read_journal(folder.journal)[done.event.number - 1] == done.event
    match done.event.body:
        case SettingsChanged(changes=changes) if isinstance(act, SetValues):
            return all(BY_KEY[c.key].when != "birth" and check(c.key, act.values[c.key]) == c.new for c in changes)
        case Withdrawn():
            return isinstance(act, UndoLast | WithdrawAct)
        case Locked() | Unlocked() | SettingsChanged() if isinstance(act, UndoLast):
            return done.event.undoes is not None
        case Locked():
            return isinstance(act, LockBlocks)
        case Unlocked():
            return isinstance(act, UnlockBlocks)
        case BackedUp(name=name):
            return isinstance(act, MakeBackup) and act.name == name
        case RolledBack(generation=generation):
            return isinstance(act, RollBack) and act.generation == generation
        case Asked(act=asked):
            return asked == act
        case Paused():
            return isinstance(act, PauseRun)
        case Stopped():
            return isinstance(act, StopRun)
        case Resumed():
            return isinstance(act, ResumeRun)
        case _:
            return False


@pytest.fixture
def run(tmp_path):
    """Parked, but for what the attacker changes about that: the trainer that it may start only counts."""
    running = Running(create_run(tmp_path / "home", new_run()))
    yield running
    running.end()


def test_hostile_frames_disturb_nobody_and_nothing_is_done_wrongly(run):
    path, folder = run.ensure(park=True), run.folder
    witness = Witness(path)
    witness.start()
    attacker = Attacker(path, folder)
    dice = random.Random(20_26)
    before = run.supervisor
    for number in range(FRAMES):
        attacker.send(hostile_frame(dice, number))
    witness.stop.set()
    witness.join()
    print(f"frames={FRAMES} {attacker.counts} longest ping of the witness {witness.longest_s * 1000:.0f} ms")
    assert witness.failure == ""
    assert witness.longest_s > 0, "the witness died"
    assert witness.events == sorted(set(witness.events))
    assert run.supervisor == before, "the supervisor is another one"
    assert all(check(key, value) == value for key, value in fold(run.events).settings.items())
    assert [body for body in run.bodies(Ended) if body.cause != "done"] == []
    assert attacker.counts["closed"] > FRAMES // 4
    assert attacker.counts["answered"] > FRAMES // 20
