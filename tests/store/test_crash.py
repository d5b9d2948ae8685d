"""Crash after every single operation, in every way a disk may lose things, and go on (facts/training.md 5.3)."""

import contextlib
import errno
import random
from pathlib import Path

import numpy as np
import pytest

from core.settings.error import StoreError
from core.store.folder import RunFolder
from core.store.generation import BlockContent, Generations, NewGeneration
from core.store.manifest import MetricPosition
from core.store.retention import Keep

from .model_disk import ModelDisk

KEEP = Keep(last=2, days=0)
BLOCKS = ("encoder.down1", "inter.dense1", "decoder.out")


def content(block: str, version: int) -> BlockContent:
    seed = sum(map(ord, block)) + 1000 * version
    return BlockContent({"weight": np.arange(seed, seed + 6, dtype=np.float32).reshape(2, 3)},
                        {"weight.m": np.full((2, 3), seed, np.float32), "counter": np.array(version)})


def versions_of(saved: int) -> dict[str, int]:
    """Save number n changes one block of three; the first has all of them new."""
    return {block: max([k for k in range(saved + 1) if k % 3 == i or k == 1], default=1)
            for i, block in enumerate(BLOCKS)} if saved else {}


def as_bytes(blocks: dict[str, BlockContent]) -> dict[str, bytes]:
    return {name: b"".join(np.asarray(part[k]).tobytes() for part in (b.weights, b.moments) for k in sorted(part))
            for name, b in blocks.items()}


class ImageFolder(RunFolder):
    """The run folder on an image. Pins are real files, and those of the run may be held when the crash is looked at."""

    @property
    def pins(self) -> Path:
        return self.path / "pins-of-image"


class Trainer:
    """Saves and collects like a trainer does, and remembers what it was told is safe."""

    def __init__(self, disk: ModelDisk, folder: RunFolder, saved: int = 0) -> None:
        self.generations = Generations(folder, disk)
        self.saved = saved
        self.acknowledged = 0            # the largest iteration that was acknowledged
        self.last = None                 # the last generation, whose blobs unchanged blocks are given as

    def save(self) -> None:
        self.saved += 1
        versions, before = versions_of(self.saved), versions_of(self.saved - 1)
        blocks = {name: self.last.blocks[name]
                  if self.last and self.last.iteration == self.saved - 1 and before[name] == version
                  else content(name, version) for name, version in versions.items()}
        new = NewGeneration(self.saved, 0, 0, MetricPosition(0, 0), blocks, at=float(self.saved))
        self.last = self.generations.save(new).generation
        self.acknowledged = self.saved

    def collect(self) -> None:
        self.generations.collect(KEEP, now_s=0.0)

    def run(self, *, tolerant: bool) -> None:
        """g1, g2 with one block changed, collect, g3, collect; a tolerant trainer goes on after a failure."""
        for act in (self.save, self.save, self.collect, self.save, self.collect, self.save):
            try:
                act()
            except StoreError:
                if not tolerant:
                    raise


class Judge:
    """Looks at every image that a crash may leave."""

    def __init__(self, disk: ModelDisk, root: Path, *, limit: int, seen: set[int] | None = None,
                 first: int = 0) -> None:
        self.root = root
        self.limit = limit               # images of one crash point
        self.first = first               # operation before which nothing is looked at
        self.seen = set() if seen is None else seen

        self.trainer = Trainer(disk, RunFolder(root))
        self.disk = disk
        self.draw = random.Random(0)
        self.images = 0
        self.lost: list[str] = []
        self.bad_next: list[str] = []
        self.fallbacks = 0
        disk.after = self.look

    def look(self, operation: str) -> None:
        if len(self.disk.operations) < self.first:
            return
        for image in self.disk.images(self.draw, self.limit):
            key = hash((self.trainer.acknowledged, image.state()))
            if key in self.seen:
                continue
            self.seen.add(key)
            self.images += 1
            where = f"after operation {len(self.disk.operations)} ({operation})"
            sound = self.state(image)
            if sound < self.trainer.acknowledged:
                self.lost.append(f"{where}: {sound} of {self.trainer.acknowledged}")
            if not self.next_save_is_good(image, sound):
                self.bad_next.append(where)

    def state(self, image: ModelDisk) -> int:
        """The iteration that a resume finds; -1 where it is mixed."""
        generations = Generations(RunFolder(self.root), image)
        found = generations.newest_sound()
        if found.generation is None:
            return 0
        self.fallbacks += bool(found.notes)
        iteration = found.generation.iteration
        expected = {name: content(name, v) for name, v in versions_of(iteration).items()}
        return iteration if as_bytes(generations.load(found.generation.number)) == as_bytes(expected) else -1

    def next_save_is_good(self, image: ModelDisk, sound: int) -> bool:
        """Train on from what is left, save again, cut the power: that save must be there."""
        trainer = Trainer(image, ImageFolder(self.root), saved=max(sound, 0))
        trainer.save()
        trainer.collect()
        rest = image.crashed(["lost"] * len(image.pending))
        return self.state(rest) == trainer.saved


def operations(root: Path, kind: str) -> list[int]:
    """Numbers of the operations of that kind in an undisturbed run."""
    disk = ModelDisk()
    Trainer(disk, RunFolder(root)).run(tolerant=False)
    return [n for n, name in enumerate(disk.operations) if name.startswith(kind)]


@pytest.mark.slow
def test_nothing_is_lost_or_mixed_by_a_crash_after_any_operation(tmp_path):
    judge = Judge(ModelDisk(), tmp_path, limit=150)
    judge.trainer.run(tolerant=False)
    assert judge.trainer.acknowledged == 4
    assert (judge.lost, judge.bad_next, judge.fallbacks) == ([], [], 0)
    assert judge.images > 300


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "code"), [("write", errno.ENOSPC), ("sync", errno.EIO), ("rename", errno.EIO),
                                            ("create", errno.ENOSPC), ("unlink", errno.EIO)])
def test_a_failure_of_any_one_operation_loses_nothing(tmp_path, kind, code):
    seen: set[int] = set()
    for at in operations(tmp_path, kind):
        disk = ModelDisk()
        disk.fail = lambda number, at=at: code if number == at else 0
        judge = Judge(disk, tmp_path, limit=10, seen=seen, first=at)
        judge.trainer.run(tolerant=True)
        assert (judge.lost, judge.bad_next) == ([], []), f"operation {at} failed"
        assert judge.trainer.acknowledged >= 3
    assert len(seen) > 50


@pytest.mark.slow
@pytest.mark.parametrize("fails", [0, errno.ENOSPC, errno.EIO])
def test_a_crash_while_moments_are_given_up_loses_no_weight_and_no_other_moment(tmp_path, fails):
    def big(seed: int) -> BlockContent:
        return BlockContent({"w": np.full(2000, seed, np.float32)}, {"w.m": np.full(2000, seed + 100, np.float32)})

    saved = {1: big(1), 2: big(2), 3: big(3)}
    disk = ModelDisk()
    generations = Generations(RunFolder(tmp_path), disk)
    for number, block in saved.items():
        generations.save(NewGeneration(number, 0, 0, MetricPosition(0, 0), {"a": block}, at=0.0,
                                       name="auto-1" if number < 3 else ""))
    draw, seen, lost, begun = random.Random(0), [], [], len(disk.operations)

    def look(operation: str) -> None:
        for image in disk.images(draw, 60):
            store = Generations(ImageFolder(tmp_path), image)
            assert store.newest_sound().generation.number == 3
            for generation in store.list():
                try:
                    (block,) = store.load(generation.number).values()
                except StoreError as error:
                    lost.append(f"{operation}: {error}")
                    continue
                before = saved[generation.number]
                assert np.array_equal(block.weights["w"], before.weights["w"])
                expected = 0 * before.moments["w.m"] if generation.weights_only else before.moments["w.m"]
                assert np.array_equal(block.moments["w.m"], expected)
                seen.append((generation.number, generation.weights_only))

    disk.after = look
    failing = iter([1])     # once
    disk.fail = lambda number: fails if fails and number == begun + 4 and next(failing, 0) else 0
    with contextlib.suppress(StoreError):
        generations.collect(Keep(1, 0, 45_000, 24), now_s=0.0)
    assert lost == []
    assert {(1, False), (2, False), (3, False)} <= set(seen)
    if not fails:
        assert {(1, True)} <= set(seen)


class FoundOutError(Exception):
    """The judge saw a loss: no need to look further."""


class Sceptic(Judge):
    """Stops at the first thing that went wrong."""

    def look(self, operation: str) -> None:
        super().look(operation)
        if self.lost or self.bad_next or self.fallbacks:
            raise FoundOutError


@pytest.mark.parametrize("skipped", ["sync blobs", "sync folder blobs", "sync gens", "sync folder gens", "sync root",
                                     "sync folder root"])
def test_a_disk_that_skips_one_sync_is_found_out(tmp_path, skipped):
    sceptic = Sceptic(ModelDisk(skip=(skipped,)), tmp_path, limit=12)
    with pytest.raises(FoundOutError):
        sceptic.trainer.run(tolerant=False)


def test_a_store_that_trusts_a_file_after_a_failed_sync_is_found_out(tmp_path):
    disk = ModelDisk()
    first = operations(tmp_path, "sync blobs")[0]
    disk.fail = lambda number: errno.EIO if number == first else 0
    real_sync = disk.sync

    def forgiving(fd: int) -> None:
        with contextlib.suppress(OSError):
            real_sync(fd)

    disk.sync = forgiving
    with pytest.raises(FoundOutError):
        Sceptic(disk, tmp_path, limit=12).trainer.run(tolerant=True)
