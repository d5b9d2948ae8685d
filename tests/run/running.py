"""A run with a real supervisor and the counting trainer, and a client that keeps what it hears."""

import contextlib
import errno
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from core.events.event import Consent, Event, FaceSetNote
from core.run.birth import NewRun
from core.run.environment import Programs
from core.run.place import Place
from core.run.spawn import ensure_supervisor, join
from core.store.disk import RealDisk
from core.store.folder import RunFolder
from core.store.journal import read_journal
from core.store.lock import holder, is_held
from core.wire.channel import Channel
from core.wire.console_record import Command, Done, Lease, Refused, Tick, Welcome
from tests.run.peer_supervise import PROGRAMS

CONSENT = Consent("synthetic", "synthetic", "the tests")
FACES = FaceSetNote("/faces", 10, "0" * 16)
PATIENCE_S = 60.0     # only a test that fails waits so long; an overloaded machine takes 20 s to start a trainer
ORDERLY_S = 20.0      # what has not ended in order by then is killed


def new_run(name: str = "demo", **settings) -> NewRun:
    return NewRun(name, settings, FACES, FACES, CONSENT, CONSENT)


def until(condition: Callable[[], object], what: str, patience_s: float = PATIENCE_S):
    """Wait for a condition and return what it gave."""
    deadline = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {patience_s:g} s for: {what}"
        time.sleep(0.01)
    return found


class FullDisk(RealDisk):
    """A disk that can be full."""

    is_full = False

    def write(self, fd: int, data, offset: int) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(fd, data, offset)


class Console:
    """A client that keeps what it hears."""

    def __init__(self, channel: Channel, welcome: Welcome):
        self.channel, self.welcome = channel, welcome
        self.heard: list = []
        self.requests = 0

    def ask(self, make, patience_s: float = PATIENCE_S):
        """Send `make(id)` and return its answer; what comes in between is kept."""
        self.requests += 1
        number = self.requests
        self.channel.send(make(number))
        return self.hear(lambda m: getattr(m, "id", None) == number, patience_s)

    def command(self, act, at=None) -> Done | Refused:
        return self.ask(lambda number: Command(number, act, at))

    def lease(self, *, take: bool) -> Done | Refused:
        return self.ask(lambda number: Lease(number, take))

    def hear(self, wanted, patience_s: float = PATIENCE_S):
        """The next message that is wanted."""
        deadline = time.monotonic() + patience_s
        while True:
            message = self.channel.receive(max(0.01, deadline - time.monotonic()))
            assert message is not None, f"closed; the last words were {self.heard[-1:]}"
            self.heard.append(message)
            if wanted(message):
                return message

    def tick(self, wanted: Callable[[Tick], bool], patience_s: float = PATIENCE_S) -> Tick:
        """The welcome's tick or the next one that is wanted."""
        return self.hear(lambda m: isinstance(m, Tick) and wanted(m), patience_s)

    def close(self):
        self.channel.close()


class Running:
    """A run with a supervisor; its trainer counts, unless other programs are given."""

    def __init__(self, place: Place, programs: Programs = PROGRAMS):
        self.place = place
        self.programs = programs
        self.folder = RunFolder(place.folder)
        self.consoles: list[Console] = []

    def ensure(self, *, park: bool = False) -> Path:
        return ensure_supervisor(self.place, park=park, program=self.programs.supervisor)

    def console(self, label: str = "tester", *, park: bool = False) -> Console:
        self.consoles.append(Console(*join(self.place, label, park=park, program=self.programs.supervisor)))
        return self.consoles[-1]

    @property
    def events(self) -> list[Event]:
        return read_journal(self.folder.journal)

    def bodies(self, kind: type) -> list:
        return [e.body for e in self.events if isinstance(e.body, kind)]

    @property
    def supervisor(self) -> int | None:
        return self._pid(self.folder.run_lock)

    @property
    def trainer(self) -> int | None:
        return self._pid(self.folder.trainer_lock)

    def _pid(self, lock: Path) -> int | None:
        who = holder(lock)
        return who.pid if who and is_held(lock) else None

    def training(self) -> int:
        """The trainer's pid, when it has computed something in this attempt."""
        def trains():
            pid = self.trainer
            rows = sum(f.stat().st_size for f in self.folder.metrics.iterdir())
            return pid if pid and rows > self._rows else None

        self._rows = sum(f.stat().st_size for f in self.folder.metrics.iterdir())
        return until(trains, "a trainer that trains")

    def end(self):
        """End whatever lives: in order, and by force what does not end so."""
        for console in self.consoles:
            console.close()
        deadline = time.monotonic() + ORDERLY_S
        empty_looks = 0
        while empty_looks < 2:      # between two looks a supervisor may have left its parent
            supervisors, others = processes(self.place.folder.parent)
            empty_looks = 0 if supervisors or others else empty_looks + 1
            is_orderly = time.monotonic() < deadline
            # a trainer alone would start a supervisor again
            for process in supervisors or others if is_orderly else supervisors + others:
                with contextlib.suppress(psutil.Error):
                    process.send_signal(signal.SIGTERM if is_orderly else signal.SIGKILL)
            time.sleep(0.05)


def processes(runs: Path) -> tuple[list[psutil.Process], list[psutil.Process]]:
    """Supervisors of the runs in a folder, and what else works there. Not by their locks: a supervisor that a trainer
    started as its last act has none yet, and would outlive the test."""
    supervisors, others = [], []
    for process in psutil.process_iter():
        try:
            words, place = process.cmdline(), process.cwd()
        except psutil.Error:    # gone, or somebody else's
            continue
        if any(word.startswith(str(runs)) for word in words):
            supervisors.append(process)
        elif place.startswith(str(runs)):
            others.append(process)
    return supervisors, others
