"""Several ranks on the CPU, as processes: one that is killed takes the trainer down in order and nothing with it.

`make campaign` kills ranks of a run under its real supervisor, and changes the number of devices and back
(DFL_TUI_RANKS rounds).
"""

import os
import signal
import time
from contextlib import suppress

import numpy as np
import psutil
import pytest

from core.events.act import SaveNow, SetValues
from core.events.event import Ended, Started
from core.run.place import Place
from core.run.spawn import join
from core.store.generation import Generations
from core.store.journal import read_journal
from core.store.lock import holder, is_held
from core.store.metric_reader import MetricReader
from core.wire.console_record import Command, Done, Ping
from core.wire.trainer_record import Failed, RankNews, Saved
from tests.journeys.killing import Victim, end_run
from tests.train.directing import Director, make_run, small_faces

ROUNDS = int(os.environ.get("DFL_TUI_RANKS", "0"))
BACK_S = 30.0
PING_S = 5.0
SLACK = 3.0     # a machine that takes more than 10 s for the first start of all is held against that


def others_of(pid: int) -> list[psutil.Process]:
    """The other ranks that a trainer started."""
    children = psutil.Process(pid).children()
    return [child for child in children if "core.train.follower" in child.cmdline()]


def until(trainer, is_it):
    """`trainer.until`, with the patience that two processes need one after the other to load torch."""
    for _ in range(3):
        with suppress(TimeoutError):
            return trainer.until(is_it)
    return trainer.until(is_it)


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_rank_ends_the_trainer_with_who_it_was_and_frees_the_run(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"), devices="cpu,cpu", batch_size=3)
    with Director(run) as trainer:
        trainer.ask(SaveNow(), at=4)
        assert until(trainer, lambda report: isinstance(report, Saved)), trainer.log
        (other,) = others_of(trainer.process.pid)
        os.kill(other.pid, signal.SIGKILL)
        assert until(trainer, lambda report: isinstance(report, Failed)), trainer.log
        assert trainer.wait() == 1
        (failed,) = trainer.of(Failed)
        assert failed.killed and not failed.memory
        assert failed.sentence == "rank 1 (cpu) was killed from outside (SIGKILL)"
        assert [one.device.split()[0] for one in trainer.of(RankNews)[-1].ranks] == ["cpu"]
    assert not is_held(run.trainer_lock) and not (run.path / "ranks").exists()
    newest = Generations(run).list()[-1]
    assert newest.iteration == 4 and newest.extra["ranks"] == 2


class Several:
    """A run under its real supervisor, seen from outside."""

    def __init__(self, folder):
        self.folder = folder
        self.place = Place(folder.name, folder.path)
        self.victim = Victim(folder, seed=1)

    def say(self, act):
        """Have an act done."""
        channel, _ = join(self.place, "test", park=False)
        try:
            channel.send(Command(1, act))
            answer = None
            for number in range(2, 100):    # a new number of devices is done when the next trainer trains
                channel.send(Ping(number))  # a client that says nothing for a minute is let go
                with suppress(TimeoutError):
                    while not isinstance(answer := channel.receive(PING_S), Done):
                        assert answer is not None
                    break
            assert isinstance(answer, Done)
        finally:
            channel.close()

    def trains_with(self, others):
        """Wait until a trainer with so many other ranks has computed an iteration; its other ranks."""
        def found():
            who = holder(self.folder.trainer_lock)
            if who is None or not is_held(self.folder.trainer_lock):
                return None
            try:
                there = others_of(who.pid)
            except psutil.Error:
                return None
            events = read_journal(self.folder.journal)
            starts = [e for e in events if isinstance(e.body, Started)]
            is_on = starts and not [e for e in events[starts[-1].number:] if isinstance(e.body, Ended)]
            rows = [p for p in self.folder.metrics.iterdir() if starts and p.stat().st_mtime > starts[-1].at]
            return (there,) if is_on and rows and len(there) == others else None

        return self.victim.wait(found, f"an iteration with {others} other ranks")[0]


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.skipif(not ROUNDS, reason="takes minutes: make campaign, or DFL_TUI_RANKS=1")
@pytest.mark.timeout(600 + 300 * ROUNDS)
def test_a_run_survives_kills_of_its_ranks_and_goes_from_two_to_one_and_back(tmp_path):
    run = make_run(tmp_path / "home" / "runs" / "several", small_faces(tmp_path / "faces"), save_minutes=0.05,
                   devices="cpu,cpu", batch_size=3, lr_dropout="y")
    try:
        began = time.monotonic()
        several = Several(run)
        several.trains_with(1)
        first_s = time.monotonic() - began
        for number in range(ROUNDS):
            (other,) = several.trains_with(1)
            several.say(SaveNow())
            acknowledged = Generations(run).head()
            killed = time.monotonic()
            other.kill()
            while several.trains_with(1)[0].pid == other.pid:
                time.sleep(0.05)
            back_s = time.monotonic() - killed
            end = [e.body for e in read_journal(run.journal) if isinstance(e.body, Ended)][-1]
            print(f"kill {number + 1}: {back_s:.1f} s to the next iteration; {end.sentence}", flush=True)
            assert end.cause == "killed" and "rank 1 (cpu) was killed from outside (SIGKILL)" in end.sentence
            assert back_s < max(BACK_S, SLACK * first_s)
            assert Generations(run).head() >= acknowledged
        for devices, others in (("", 0), ("cpu,cpu", 1)):
            several.say(SetValues({"devices": devices}))
            several.trains_with(others)
            several.say(SaveNow())
        ranks = [g.extra.get("ranks", 1) for g in Generations(run).list()]
        assert {1, 2} <= set(ranks) and ranks[-1] == 2
    finally:
        end_run(run)
    last = Generations(run).list()[-1].iteration
    rows = MetricReader(run.metrics).rows(1, last)
    assert rows[:, 0].tolist() == list(range(1, last + 1)) and np.isfinite(rows[:, 2:5]).all()
