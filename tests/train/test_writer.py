"""Saves of a small network: what is copied, what waits, and what a full disk costs."""

import threading

import numpy as np
import pytest
import torch

from core.nets.family import make_network
from core.nets.initial import initialise
from core.settings.registry import defaults
from core.store.disk import RealDisk
from core.store.folder import RunFolder
from core.store.generation import BlockContent, Generations
from core.store.manifest import BlockBlobs, MetricPosition
from core.train.optim import make_optimizer
from core.train.resume import load
from core.train.snapshot import Snapshot
from core.train.start import find_start
from core.train.step import Step
from core.train.writer import AUTOMATIC, Standing, Writer
from core.wire.trainer_record import NotSaved, Saved
from tests.train.directing import SMALL
from tests.train.test_course import journal

SETTINGS = defaults() | SMALL
HOUR_S = 3600.0


class Disk(RealDisk):
    """A disk that can be full, or stand still until it is let go."""

    def __init__(self):
        super().__init__()
        self.is_full = False
        self.may_write = threading.Event()
        self.may_write.set()

    def free_bytes(self, path):
        assert self.may_write.wait(20)
        return 1000 if self.is_full else super().free_bytes(path)


class Run:
    """A run folder with a writer over a small network."""

    def __init__(self, folder, *, born_s=1e12):
        self.folder = RunFolder(folder)
        self.folder.create()
        self.disk, self.said, self.warned = Disk(), [], []
        self.network = make_network(SETTINGS)
        initialise(self.network, 1)
        self.optimizer = make_optimizer("adabelief", self.network)
        self.generations = Generations(self.folder, self.disk)
        self.snapshot = Snapshot(lambda: [self.optimizer])
        self.writer = Writer(self.generations, self.snapshot, born_s=born_s, sync_metrics=lambda: MetricPosition(0, 0),
                             say=self.said.append, warn=lambda *words: self.warned.append(words))

    def standing(self, iteration, **settings):
        return Standing(iteration, 0, 1, SETTINGS | settings, tuple(journal()), {"drawn": {"src": 4, "dst": 6}})

    def attend(self, iteration, **settings):
        return self.writer.attend(iteration, SETTINGS | settings, lambda: self.standing(iteration))

    @torch.no_grad()
    def train(self, *blocks):
        """Move the weights of some blocks and count an update, as a step does."""
        for block in blocks:
            for parameter in self.optimizer.parameters[block].values():
                parameter.add_(1e-3)
            self.optimizer.counters[self.optimizer.places[block]] += 1

    def close(self):
        self.disk.may_write.set()
        self.writer.close()


@pytest.fixture
def run(tmp_path):
    made = Run(tmp_path / "run")
    yield made
    made.close()


def test_what_is_saved_is_loaded_again_bit_for_bit(run):
    run.train(*run.optimizer.parameters)
    assert run.writer.finish(run.standing(5)) is True
    start = find_start(run.generations, journal())
    assert (start.iteration, start.drawn, start.course.position) == (5, {"src": 4, "dst": 6}, 1)
    network = make_network(SETTINGS)
    optimizer = make_optimizer("adabelief", network)
    load(start, run.generations, Step(network, optimizer))
    for a, b in zip(network.parameters(), run.network.parameters(), strict=True):
        assert torch.equal(a, b)
    assert {optimizer.counter_of(block) for block in optimizer.parameters} == {1}


def test_a_block_that_did_not_change_is_neither_copied_nor_written(run):
    blocks = list(run.optimizer.parameters)
    run.writer.finish(run.standing(1))
    run.train(blocks[0])
    taken = run.snapshot.take()
    assert {b for b, content in taken.blocks.items() if isinstance(content, BlockContent)} == {blocks[0]}
    assert all(isinstance(taken.blocks[b], BlockBlobs) for b in blocks[1:])
    run.writer.finish(run.standing(2))
    first, second = run.said
    assert second.bytes_written < first.bytes_written / 5


def test_copies_go_to_the_same_memory_each_time(run):
    block = next(iter(run.optimizer.parameters))
    first = run.snapshot.take().blocks[block]
    places = [array.ctypes.data for array in first.weights.values()]
    before = np.array(next(iter(first.weights.values())))
    run.train(block)
    second = run.snapshot.take().blocks[block]
    assert [array.ctypes.data for array in second.weights.values()] == places
    assert not np.array_equal(before, next(iter(second.weights.values())))


def test_a_second_save_waits_for_the_first_and_training_does_not(run):
    run.disk.may_write.clear()
    run.writer.want(ref=1)
    assert run.attend(1) > 0
    run.train("encoder.down1")
    run.writer.want(ref=2)
    run.writer.want(ref=3)
    assert run.attend(2) == 0.0         # the first is still being written
    run.disk.may_write.set()
    assert run.writer.finish(run.standing(3)) is True
    assert [(r.number, r.iteration, r.ref) for r in run.said] == [(1, 1, 1), (2, 3, 2), (2, 3, 3)]


def test_a_full_disk_leaves_the_old_generation_and_says_what_is_missing(run):
    run.writer.finish(run.standing(1))
    run.train(*run.optimizer.parameters)
    run.disk.is_full = True
    run.writer.want(ref=8)
    assert run.writer.finish(run.standing(2)) is False
    refused = run.said[-1]
    assert isinstance(refused, NotSaved)
    assert refused.missing_bytes > 1_000_000
    assert refused.ref == 8
    assert run.generations.newest_sound().generation.iteration == 1
    run.disk.is_full = False
    assert run.writer.finish(run.standing(3)) is True
    assert isinstance(run.said[-1], Saved)
    assert run.generations.newest_sound().generation.iteration == 3


def test_nothing_is_saved_twice_at_the_end(run):
    run.writer.finish(run.standing(4))
    run.writer.finish(run.standing(4))
    assert [r.number for r in run.said] == [1]


def test_the_clock_saves_when_something_was_trained_and_only_then(run):
    run.writer.finish(run.standing(1))
    assert run.attend(1, save_minutes=0.0) == 0.0
    assert run.attend(2, save_minutes=60.0) == 0.0
    assert run.attend(2, save_minutes=0.0) > 0
    run.writer.close()
    assert [r.iteration for r in run.said] == [1, 2]


def test_the_clock_makes_a_backup_a_person_need_not_name(tmp_path):
    run = Run(tmp_path / "run", born_s=0.0)
    run.attend(7, save_minutes=0.0, backup_hours=4)
    run.writer.finish(run.standing(7))
    run.train("encoder.down1")
    run.attend(8, save_minutes=0.0, backup_hours=4)     # four hours are not over again
    run.close()
    assert [r.name for r in run.said] == [f"{AUTOMATIC}7", ""]


def test_a_backup_of_the_clock_bears_the_session(tmp_path):
    run = Run(tmp_path / "run", born_s=0.0)
    run.attend(7, save_minutes=0.0, backup_hours=4, session_name="night.2")
    run.close()
    assert [r.name for r in run.said] == [f"{AUTOMATIC}7-night.2"]
