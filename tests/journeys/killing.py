"""Kills the trainer of a real run at random moments, and says where each kill fell."""

import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from core.events.act import SaveNow
from core.events.event import Ended, Event, Started
from core.run.place import Place
from core.run.spawn import ensure_supervisor, join
from core.store.folder import RunFolder
from core.store.generation import Generations
from core.store.journal import read_journal
from core.store.line import line_of
from core.store.lock import holder, is_held
from core.wire.console_record import Command, Done

PATIENCE_S = 180.0    # an overloaded machine takes a minute to load torch
POLL_S = 0.0005
LONGEST_S = 4.0     # until a kill that is not aimed; an automatic save comes every 3 s
WINDOW_S = 0.06     # how long a save of the small run takes about; a kill that is aimed at one falls within; halved
                    # after each that came too late, for machines differ


@dataclass(frozen=True)
class Kill:
    """One kill: where it fell, the generation that the run went on from, and seconds to the next iteration."""

    where: str
    generation: int | None
    iteration: int
    seconds: float
    cause: str

    def __str__(self) -> str:
        return (f"{self.where}; goes on from generation {self.generation} at iteration {self.iteration} after "
                f"{self.seconds:.1f} s; {self.cause}")


class Victim:
    """A run whose trainer is killed again and again, under its real supervisor."""

    def __init__(self, folder: RunFolder, seed: int) -> None:
        self._window_s = WINDOW_S
        self.folder = folder
        self._place = Place(folder.name, folder.path)
        self._random = random.Random(seed)
        ensure_supervisor(self._place, park=False)

    def kill(self, *, in_save: bool) -> Kill:
        """Kill once: `in_save` aims at a save after one that was acknowledged, else some time passes first."""
        pid = self.training_pid()
        if in_save:
            acknowledged, head, names = self._begin_save()
            time.sleep(self._random.uniform(0, self._window_s))   # the moment is the test's own, nothing is waited for
        else:
            time.sleep(self._random.uniform(0, LONGEST_S))
            acknowledged, head, names = self._head(), self._head(), self._names()
        ends = len(self._events(Ended))
        os.kill(pid, signal.SIGKILL)
        killed_s = time.monotonic()
        self.wait(lambda: len(self._events(Ended)) > ends, "the supervisor to note the end")
        is_inside = self._head() == head and bool(self._names() - names)
        if in_save and not is_inside:
            self._window_s /= 2
        generation = self._sound_generation()
        assert (generation.number if generation else 0) >= (acknowledged or 0), "a save that was acknowledged is lost"
        self.training_pid()
        end = self._events(Ended)[-1].body
        return Kill("between the first blob and HEAD" if is_inside else "elsewhere",
                    generation.number if generation else None, generation.iteration if generation else 0,
                    time.monotonic() - killed_s, f"{end.cause}: signal {end.signal}")

    def _begin_save(self) -> tuple[int | None, int | None, set[str]]:
        """Save, train on, save again, and come back at the first blob of that: the acknowledged generation, and HEAD
        and blobs as they were before it."""
        channel, _ = join(self._place, "killer", park=False)
        try:
            channel.send(Command(1, SaveNow()))
            while not isinstance(answer := channel.receive(PATIENCE_S), Done):
                assert answer is not None, "the supervisor closed"
            acknowledged, rows = self._head(), self._row_bytes()
            self.wait(lambda: self._row_bytes() > rows, "an iteration after the save")
            names = self._names()
            channel.send(Command(2, SaveNow()))

            def begun() -> tuple[int | None] | None:
                head = self._head()     # before the look at the blobs: a save that is over by then is not this one
                return (head,) if self._names() - names else None

            (head,) = self.wait(begun, "the first blob of a save")
        finally:
            channel.close()
        return acknowledged, head, names

    def _row_bytes(self) -> int:
        return sum(p.stat().st_size for p in self.folder.metrics.iterdir())

    def _sound_generation(self):
        """The newest sound generation, of one iteration throughout; None before the first."""
        generations = Generations(self.folder)
        found = generations.newest_sound(line_of(read_journal(self.folder.journal)))
        assert not found.notes, found.notes
        if found.generation is None:
            assert self._head() is None
            return None
        counters = {int(c.moments["counter"]) for c in generations.load(found.generation.number).values()}
        assert counters == {found.generation.iteration}, "blocks of different iterations in one generation"
        return found.generation

    def training_pid(self) -> int:
        """The trainer's pid, once it has computed an iteration."""
        def trains() -> int | None:
            started, ended = self._events(Started), self._events(Ended)
            who = holder(self.folder.trainer_lock)
            if len(started) <= len(ended) or who is None or not is_held(self.folder.trainer_lock):
                return None
            segments = [p for p in self.folder.metrics.iterdir() if p.stat().st_mtime > started[-1].at]
            return who.pid if segments else None

        return self.wait(trains, "an iteration after the start")

    def _events(self, kind: type) -> list[Event]:
        return [e for e in read_journal(self.folder.journal) if isinstance(e.body, kind)]

    def _names(self) -> set[str]:
        return {p.name for p in self.folder.blobs.iterdir()}

    def _head(self) -> int | None:
        return Generations(self.folder).head()

    def wait(self, condition, what: str):
        """What the condition gives once it gives something."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            assert time.monotonic() < deadline, f"{PATIENCE_S:g} s are over: {what}; {log_of(self.folder)}"
            time.sleep(POLL_S)
        return found


def log_of(folder: RunFolder) -> str:
    """The last lines of both logs."""
    return "\n".join(path.read_text()[-1500:] for path in (folder.supervisor_log, folder.trainer_log)
                     if Path(path).exists())


def end_run(folder: RunFolder) -> None:
    """End supervisor and trainer of a run, whatever they do."""
    deadline = time.monotonic() + PATIENCE_S
    while is_held(folder.run_lock) or is_held(folder.trainer_lock):
        for lock in (folder.run_lock, folder.trainer_lock):
            who = holder(lock) if is_held(lock) else None
            if who is not None:
                os.kill(who.pid, signal.SIGTERM if lock == folder.run_lock else signal.SIGKILL)
        assert time.monotonic() < deadline
        time.sleep(0.05)
