"""A real run for measurements and journeys: the packaged faces, a small network, a supervisor and a trainer of its own.

Its processes are known by the locks they hold, its progress by its metric rows: nothing is asked of the run itself.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from core.events.act import Act
from core.events.event import Consent, Event, FaceSetNote
from core.faces.demo import demo_folder
from core.faces.faceset import open_faceset
from core.run.birth import NewRun, create_run
from core.run.environment import our_programs
from core.run.spawn import ensure_supervisor, join
from core.settings.kind import Value
from core.store.folder import RunFolder
from core.store.journal import read_journal
from core.store.lock import holder, is_held
from core.store.metric_reader import MetricReader
from core.store.segment import numbers_of, opened, path_of
from core.wire.channel import Channel
from core.wire.console_record import (
    ClientMessage,
    Command,
    Done,
    EventNews,
    Lease,
    Ping,
    Refused,
    SupervisorMessage,
    Tick,
    Welcome,
)
from core.wire.limits import PING_S

# The smallest network there is, saved every 3 s: an iteration is milliseconds, so hundreds of them fit in a test.
TINY: Mapping[str, Value] = {
    "archi": "df", "resolution": 32, "ae_dims": 8, "e_dims": 2, "d_dims": 2, "d_mask_dims": 2, "batch_size": 2,
    "workers": 0, "threads": 1, "preview_every": 50, "preview_faces": 2, "save_minutes": 0.05,
    "likeness_every": 0}    # its network takes a hundred times the memory and time of this one
CONSENT = Consent("synthetic", "synthetic", "the benchmarks")
PATIENCE_S = 120.0      # torch alone takes 10 s to import on a busy machine
FOUND = TypeVar("FOUND")


def until(condition: Callable[[], FOUND], what: str, patience_s: float = PATIENCE_S) -> FOUND:
    """Wait for a condition and return what it gave. Raises TimeoutError."""
    deadline = time.monotonic() + patience_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience_s:g} s for: {what}")
        time.sleep(0.02)
    return found


class Watcher:
    """A client that keeps what it hears, and when."""

    def __init__(self, channel: Channel[SupervisorMessage], welcome: Welcome) -> None:
        self.channel, self.welcome = channel, welcome
        self.heard: list[tuple[float, SupervisorMessage]] = []      # Unix seconds, message
        self._requests = 0
        self._pinged_s = time.monotonic()

    def hear(self, wanted: Callable[[SupervisorMessage], bool], patience_s: float = PATIENCE_S) -> SupervisorMessage:
        """The next message that is wanted. Raises TimeoutError; ConnectionError when the run closed the connection."""
        deadline = time.monotonic() + patience_s
        while (left_s := deadline - time.monotonic()) > 0:
            if time.monotonic() - self._pinged_s > PING_S:
                self._pinged_s = time.monotonic()
                self.channel.send(Ping(0))
            try:
                message = self.channel.receive(min(left_s, PING_S))
            except TimeoutError:
                continue
            if message is None:
                raise ConnectionError("the supervisor closed the connection")
            self.heard.append((time.time(), message))
            if wanted(message):
                return message
        raise TimeoutError(f"waited {patience_s:g} s for a message")

    def listen(self, seconds: float) -> None:
        """Keep what comes in that time."""
        with contextlib.suppress(TimeoutError):
            self.hear(lambda _: False, seconds)

    def ask(self, make: Callable[[int], ClientMessage]) -> SupervisorMessage:
        """Send `make(id)`; its answer."""
        self._requests += 1
        number = self._requests
        self.channel.send(make(number))
        return self.hear(lambda m: getattr(m, "id", 0) == number)

    def command(self, act: Act, at: int | None = None) -> Done | Refused:
        """Have an act carried out, or refused."""
        answer = self.ask(lambda number: Command(number, act, at))
        assert isinstance(answer, Done | Refused)
        return answer

    def take_lease(self) -> None:
        """Steer from here on."""
        self.ask(lambda number: Lease(number, take=True))

    @property
    def ticks(self) -> list[tuple[float, Tick]]:
        """Ticks and when they came."""
        return [(at, m) for at, m in self.heard if isinstance(m, Tick)]

    @property
    def events(self) -> list[Event]:
        """Events that were told."""
        return [m.event for _, m in self.heard if isinstance(m, EventNews)]


class LiveRun:
    """One run in a home of its own. settings: those that are not TINY's; supervisor: another command line of it."""

    def __init__(self, home: Path, settings: Mapping[str, Value] | None = None, *,
                 supervisor: Sequence[str] = ()) -> None:
        self.home = home
        wanted = {**TINY, **(settings or {})}
        self.place = create_run(home, NewRun("live", wanted, note("src"), note("dst"), CONSENT, CONSENT))
        self.folder = RunFolder(self.place.folder)
        self._program = supervisor or our_programs().supervisor
        self._watchers: list[Watcher] = []

    # --- processes
    def ensure(self, *, park: bool = False) -> Path:
        """Have a supervisor; its socket."""
        return ensure_supervisor(self.place, park=park, program=self._program)

    def watcher(self, label: str = "watcher", *, park: bool = False) -> Watcher:
        """A new client."""
        self._watchers.append(Watcher(*join(self.place, label, park=park, program=self._program)))
        return self._watchers[-1]

    def command(self, *words: str) -> list[str]:
        """The command line of dfl-tui on this home."""
        return [sys.executable, "-P", "-m", "dfl_tui", "--home", str(self.home), *words]

    @property
    def supervisor(self) -> int | None:
        """Its process, while it holds the run."""
        return lock_holder(self.folder.run_lock)

    @property
    def trainer(self) -> int | None:
        """Its process, while it may write."""
        return lock_holder(self.folder.trainer_lock)

    def train(self, iterations: int = 1, patience_s: float = PATIENCE_S) -> int:
        """Wait for so many more iterations than there are; the newest then."""
        aim = self.iteration + iterations
        until(lambda: self.iteration >= aim, f"iteration {aim:,} (at {self.iteration:,})", patience_s)
        return self.iteration

    # --- what it left on disk
    @property
    def iteration(self) -> int:
        """Of the newest metric row."""
        last = MetricReader(self.folder.metrics).last
        return last[0] if last else 0

    @property
    def events(self) -> list[Event]:
        """The journal."""
        return read_journal(self.folder.journal)

    def rows(self) -> npt.NDArray[np.float64]:
        """Every metric row that lies on disk, in the order of the files, duplicates and all: iteration, life, ..."""
        numbers = sorted(numbers_of([p.name for p in self.folder.metrics.iterdir()]))
        return np.concatenate([read_rows(path_of(self.folder.metrics, n)) for n in numbers])

    # --- its end
    def end(self) -> None:
        """Leave nothing running. A trainer that lost its supervisor starts one: kill until there is neither."""
        for watcher in self._watchers:
            watcher.channel.close()
        deadline = time.monotonic() + PATIENCE_S
        while (pids := [pid for pid in (self.supervisor, self.trainer) if pid]) and time.monotonic() < deadline:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


@contextlib.contextmanager
def live_run(settings: Mapping[str, Value] | None = None, *, supervisor: Sequence[str] = ()) -> Iterator[LiveRun]:
    """A run in a temporary home, for programs without pytest."""
    home = Path(tempfile.mkdtemp(prefix="dfl-live-"))
    try:
        run = LiveRun(home, settings, supervisor=supervisor)
        try:
            yield run
        finally:
            run.end()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def note(side: str) -> FaceSetNote:
    """The packaged faces of that side, as a journal names them."""
    faces = open_faceset(demo_folder() / side)
    return FaceSetNote(str(faces.path), len(faces.faces), faces.key)


def lock_holder(lock: Path) -> int | None:
    """The process that holds the lock."""
    who = holder(lock)
    return who.pid if who and is_held(lock) else None


def read_rows(path: Path) -> npt.NDArray[np.float64]:
    """All rows of a segment."""
    with opened(path) as segment:
        return segment.rows(0, segment.count())


def gaps(rows: npt.NDArray[np.float64]) -> list[str]:
    """What is wrong with the iterations of a run that was never rolled back: each must be there once, from 1 on."""
    found = []
    iterations = rows[:, 0]
    if set(rows[:, 1]) - {0.0}:
        found.append(f"lives {sorted(set(rows[:, 1]))}")
    wrong = np.flatnonzero(np.diff(iterations, prepend=0) != 1)
    found += [f"iteration {int(iterations[i]):,} follows {int(iterations[i - 1]) if i else 0:,}" for i in wrong[:5]]
    return found
