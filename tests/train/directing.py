"""A run small enough for tests, and a supervisor of a few lines for a real trainer process."""

import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from core.events.act import Act, GrowRun, LockBlocks, PauseRun, SetValues, UndoLast, UnlockBlocks
from core.events.event import Asked, Body, Born, Chose, Consent, Event, FaceSetNote, RolledBack
from core.events.fold import fold
from core.faces.demo import demo_folder
from core.faces.faceset import open_faceset
from core.run.plan import plan
from core.settings.error import DflTuiError
from core.settings.registry import defaults
from core.store.folder import RunFolder
from core.store.journal import JournalWriter
from core.store.lock import is_held
from core.wire.channel import Channel
from core.wire.codec import REPORTS
from core.wire.trainer_record import Apply, Ask, At, Beat, Begin, Drop, Finish, Propose, TrainerReport

PATIENCE_S = 120.0  # torch takes seconds to load, and a minute on an overloaded machine
SYNTHETIC = Consent("synthetic", "synthetic", "tests")
SMALL = {"archi": "df-ud", "resolution": 32, "face_type": "whole_face", "ae_dims": 8, "e_dims": 4, "d_dims": 4,
         "d_mask_dims": 2, "batch_size": 2, "threads": 1, "workers": 0, "device": "cpu", "lr": 1e-3, "backup_hours": 0,
         "save_minutes": 60.0, "preview_every": 1_000_000}
# The shared pass is measured: two runs of the same bits must not depend on which form was faster.
DECIDED = (Chose("device", "cpu", "for tests"), Chose("threads", 1, "for tests"), Chose("trial", "", "for tests"),
           Chose("shared_pass", True, "for tests"))


def small_faces(folder: Path, *, src: int = 7, dst: int = 5, every: int = 9) -> tuple[FaceSetNote, FaceSetNote]:
    """Face sets of a few of the packaged faces: an epoch ends after a few iterations."""
    notes = []
    for side, count in (("src", src), ("dst", dst)):
        (folder / side).mkdir(parents=True)
        for path in sorted((demo_folder() / side).glob("*.jpg"))[::every][:count]:
            shutil.copy(path, folder / side)
        faceset = open_faceset(folder / side)
        notes.append(FaceSetNote(str(folder / side), len(faceset.faces), faceset.key))
    return notes[0], notes[1]


def make_run(folder: Path, faces: tuple[FaceSetNote, FaceSetNote], *, decided: Iterable[Chose] = DECIDED,
             waiting: Iterable[tuple[Act, int | None]] = (), **settings: object) -> RunFolder:
    """A run of SMALL and `settings` that was never trained."""
    run = RunFolder(folder)
    run.create()
    writer = JournalWriter(run.journal)
    born = Born(folder.name, defaults() | SMALL | settings, *faces, SYNTHETIC, SYNTHETIC, "", "test")
    bodies: list[Body] = [born, *decided, *(Asked(act, at) for act, at in waiting)]
    for number, body in enumerate(bodies, start=1):
        writer.append(Event(number, 0, 0, 0.0, "person", body))
    writer.close()
    return run


class Director:
    """Starts a trainer on a run and answers it as a supervisor does; keeps everything that it reports.

    `before`: a roll back that is written before the trainer begins. `refused`: proposals of this kind are dropped, as
    on a full disk.
    """

    def __init__(self, run: RunFolder, *, relaunch: list[str] | None = None,
                 before: RolledBack | None = None, refused: type | None = None) -> None:
        self.run = run
        self.refused = refused
        self.reports: list[TrainerReport] = []
        self._journal = JournalWriter(run.journal)
        self._acts: dict[int, tuple[Act, int | None]] = {}
        self._unanswered = 0        # ref of the act whose At gets no answer
        if before is not None:
            state = fold(self._journal.events)
            number = self._journal.last + 1
            self._journal.append(Event(number, before.to_iteration, state.life, 0.0, "person", before))
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.children_s = usage.ru_utime + usage.ru_stime      # of those that ended before this one began
        ours, theirs = socket.socketpair()
        with theirs, run.trainer_log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "core.train.main", "--channel", str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0, cwd="/")
        self.channel = Channel(ours, REPORTS)
        self.channel.send(Begin(str(run.path), str(run.path.parent / "cache"), self._journal.last, relaunch or []))
        for event in fold(self._journal.events).waiting:
            self._ask(event.body.act, event.body.at, asked=event.number)

    def __enter__(self) -> "Director":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    # --- orders -------------------------------------------------------------------------------------------------------
    def ask(self, act: Act, at: int | None = None) -> int:
        """Ask for an act; the ref of its answers."""
        return self._ask(act, at, asked=None)

    def _ask(self, act: Act, at: int | None, *, asked: int | None) -> int:
        ref = len(self._acts) + 1
        self._acts[ref] = (act, asked)
        if isinstance(act, SetValues | LockBlocks | UnlockBlocks | UndoLast | GrowRun):
            # not before the journal's last event
            at = max(at or 0, fold(self._journal.events).iteration)
        self.channel.send(Ask(ref, act, at))
        return ref

    def hold(self, at: int) -> None:
        """Have it stand still at that iteration: it asks for leave to pause there and gets no answer."""
        self._unanswered = self.ask(PauseRun(), at)

    @property
    def is_held(self) -> bool:
        """Whether it stands where `hold` wants it."""
        return any(isinstance(r, At) and r.command == self._unanswered for r in self.reports)

    def finish(self) -> int:
        """Have it save and end; its exit code."""
        self.channel.send(Finish("the test is over"))
        return self.wait()

    def kill(self) -> None:
        """kill -9 it, as it stands."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self.channel.close()
        self._journal.close()

    def wait(self) -> int:
        """Answer it until it ends; its exit code."""
        self.until(lambda _: False)
        return self.process.wait(PATIENCE_S)

    # --- reports ------------------------------------------------------------------------------------------------------
    def until(self, is_it: Callable[[TrainerReport], bool]) -> TrainerReport | None:
        """Answer what comes until a report is the wanted one: it; None when the trainer closed the pipe."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            report = self.channel.receive(PATIENCE_S)
            if report is None:
                return None
            self.reports.append(report)
            if isinstance(report, Beat):    # it trains: slow is not dead, and a loaded machine makes it slow
                deadline = time.monotonic() + PATIENCE_S
            self._answer(report)
            if is_it(report):
                return report
        raise TimeoutError(f"after {PATIENCE_S} s: {self.reports[-10:]}\n{self.run.trainer_log.read_text()[-3000:]}")

    def until_iteration(self, iteration: int) -> None:
        """Until so many iterations are told of."""
        assert self.until(lambda r: isinstance(r, Beat) and r.iteration >= iteration), self.log

    def of(self, kind: type) -> list:
        """The reports of one kind."""
        return [r for r in self.reports if isinstance(r, kind)]

    @property
    def events(self) -> list[Event]:
        """The journal."""
        return self._journal.events

    @property
    def log(self) -> str:
        """What it wrote into its log."""
        return self.run.trainer_log.read_text()

    def _answer(self, report: TrainerReport) -> None:
        match report:
            case At(command=ref) if ref == self._unanswered:
                pass
            case At(command=ref, iteration=iteration):
                act, asked = self._acts[ref]
                try:
                    planned = plan(act, fold(self._journal.events), report)
                except DflTuiError as error:
                    self.channel.send(Drop(ref, str(error)))
                    return
                self._write(planned.body, iteration, "person", ref, asked=asked, undoes=planned.undoes)
            case Propose(ref=ref, body=body) if self.refused is not None and isinstance(body, self.refused):
                self.channel.send(Drop(ref, "the disk is full"))
            case Propose(ref=ref, iteration=iteration, body=body):
                self._write(body, iteration, "trainer", ref)
            case _:
                pass

    def _write(self, body: Body, iteration: int, author: str, ref: int, **more: int | None) -> None:
        state = fold(self._journal.events)
        event = Event(self._journal.last + 1, max(iteration, state.iteration), state.life, time.time(), author, body,
                      "", **more)
        self._journal.append(event)
        self.channel.send(Apply(event, ref))


def wait_for_lock(run: RunFolder) -> None:
    """Until no trainer of the run lives."""
    deadline = time.monotonic() + PATIENCE_S
    while is_held(run.trainer_lock):
        assert time.monotonic() < deadline
        time.sleep(0.01)
