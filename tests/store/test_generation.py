"""Generations on a real disk: what is saved is what is loaded, what is damaged is passed over and said."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from core.events.event import Event, Paused, RolledBack
from core.settings.error import RefusedError, StoreError
from core.store.disk import DiskFullError, RealDisk
from core.store.folder import RunFolder
from core.store.generation import RESERVE_BYTES, BlockContent, Generations, NewGeneration
from core.store.line import line_of
from core.store.manifest import MetricPosition, own_bytes
from core.store.retention import Keep


class CountingDisk(RealDisk):
    """Counts what is written and read; has as little room as it is told."""

    def __init__(self, free: int | None = None) -> None:
        self.written = 0
        self.read_paths: list[Path] = []
        self.free = free

    def write(self, fd, data, offset):
        self.written += len(data)
        super().write(fd, data, offset)

    def read(self, path, offset, buffer):
        self.read_paths.append(path)
        return super().read(path, offset, buffer)

    def free_bytes(self, folder):
        return super().free_bytes(folder) if self.free is None else self.free


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.create()
    return made


def content(seed: int, size: int = 1000) -> BlockContent:
    draw = np.random.default_rng(seed)
    return BlockContent({"conv.weight": draw.random((size, 3), np.float32), "conv.bias": np.zeros(3, np.float32)},
                        {"conv.weight.m": draw.random((size, 3), np.float32), "counter": np.array(seed, np.int64)})


def new(iteration: int, blocks, *, life: int = 0, journal: int = 0, name: str = "", at: float = 0.0) -> NewGeneration:
    return NewGeneration(iteration, life, journal, MetricPosition(1, iteration), blocks, at, name, {"it_s": 2.5})


def assert_same(a: BlockContent, b: BlockContent) -> None:
    for left, right in ((a.weights, b.weights), (a.moments, b.moments)):
        assert left.keys() == right.keys()
        for key in left:
            np.testing.assert_array_equal(left[key], right[key])
            assert left[key].dtype == right[key].dtype


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
        return
    if how == "bit":
        data[len(data) // 2] ^= 1
    path.write_bytes({"bit": data, "cut": data[:-1], "zeros": bytes(len(data)), "empty": b"",
                      "longer": data + b"x"}[how])


def test_what_is_saved_is_what_is_loaded(folder):
    blocks = {"encoder.down1": content(1), "decoder.out": content(2)}
    saved = Generations(folder).save(new(100, blocks, journal=7, name="first light")).generation
    again = Generations(folder)
    assert again.list() == [saved]
    assert again.newest_sound().generation == saved
    loaded = again.load(saved.number)
    assert list(loaded) == list(blocks)
    for name, block in blocks.items():
        assert_same(loaded[name], block)
    assert (saved.iteration, saved.journal, saved.name, saved.extra) == (100, 7, "first light", {"it_s": 2.5})
    loaded["decoder.out"].weights["conv.bias"][0] = 5   # a trainer may go on in these arrays


def test_an_unchanged_block_is_neither_read_nor_written(folder):
    disk = CountingDisk()
    generations = Generations(folder, disk)
    big = content(1, size=100_000)
    first = generations.save(new(1, {"a": big, "b": content(2)})).generation
    disk.written = 0
    disk.read_paths.clear()
    saved = generations.save(new(2, {"a": first.blocks["a"], "b": content(3)}))
    assert saved.generation.blocks["a"] == first.blocks["a"]
    assert not {folder.blobs / r.sha256 for r in (first.blocks["a"].weights, first.blocks["a"].moments)} & set(
        disk.read_paths)
    assert disk.written < 60_000
    assert saved.bytes_written < 60_000
    assert own_bytes(generations.list())[1] < 60_000 < own_bytes(generations.list())[2]


def test_equal_content_is_written_once_and_by_another_process_believed_only_after_a_look(folder):
    first = Generations(folder).save(new(1, {"a": content(1), "b": content(1)})).generation
    assert first.blocks["a"] == first.blocks["b"]
    disk = CountingDisk()
    damage(folder.blobs / first.blocks["a"].weights.sha256, "bit")
    second = Generations(folder, disk).save(new(2, {"a": content(1)})).generation
    assert disk.written > 12_000
    assert_same(Generations(folder).load(second.number)["a"], content(1))


def test_a_block_said_to_be_unchanged_whose_blobs_are_gone_is_refused(folder):
    generations = Generations(folder)
    first = generations.save(new(1, {"a": content(1)})).generation
    damage(folder.blobs / first.blocks["a"].moments.sha256, "cut")
    with pytest.raises(StoreError, match="block a was said to be unchanged"):
        generations.save(new(2, {"a": first.blocks["a"]}))
    assert generations.head() == 1


@pytest.mark.parametrize("how", ["bit", "cut", "zeros", "empty", "longer", "missing"])
@pytest.mark.parametrize("what", ["weights", "moments", "manifest"])
def test_a_damaged_generation_is_passed_over_and_said(folder, what, how):
    generations = Generations(folder)
    generations.save(new(1, {"a": content(1)}))
    newest = generations.save(new(2, {"a": content(2)})).generation
    path = folder.gens / "2" if what == "manifest" else folder.blobs / getattr(newest.blocks["a"], what).sha256
    damage(path, how)
    found = Generations(folder).newest_sound()
    assert found.generation is not None
    assert found.generation.iteration == 1
    (note,) = found.notes
    assert note.startswith("generation 2 is passed over")
    with pytest.raises(StoreError):
        Generations(folder).load(2)
    assert Generations(folder).save(new(3, {"a": content(3)})).generation.number == 3


@pytest.mark.parametrize("text", ["", "x", "99", "2\0\0", "9" * 40, "-1"])
def test_a_damaged_head_costs_nothing_but_a_note(folder, text):
    generations = Generations(folder)
    generations.save(new(1, {"a": content(1)}))
    generations.save(new(2, {"a": content(2)}))
    folder.head.write_text(text)
    found = Generations(folder).newest_sound()
    assert found.generation is not None
    assert found.generation.iteration == 2
    assert len(found.notes) == 1
    assert Generations(folder).save(new(3, {"a": content(3)})).generation.iteration == 3
    assert not Generations(folder).newest_sound().notes


def test_a_run_without_a_generation_has_none(folder):
    found = Generations(folder).newest_sound()
    assert (found.generation, found.notes) == (None, ())
    with pytest.raises(StoreError, match="there is no generation 3"):
        Generations(folder).get(3)


def event(number: int, life: int, body=None) -> Event:
    return Event(number, number, life, 0.0, "person", body or Paused())


def test_after_a_roll_back_only_generations_that_lead_to_the_present_are_taken(folder):
    generations = Generations(folder)
    for number in (1, 2, 3):
        generations.save(new(number * 100, {"a": content(number)}, journal=number))
    events = [event(1, 0), event(2, 0), event(3, 0), event(4, 0, RolledBack(2, 200, 2, 1))]
    assert generations.newest_sound().generation.number == 3
    found = generations.newest_sound(line_of(events))
    assert (found.generation.number, found.notes) == (2, ())
    generations.collect(Keep(1, 0), now_s=0, line=line_of(events))
    assert [g.number for g in generations.list()] == [2, 3]         # HEAD stays until the new life saved
    generations.save(new(250, {"a": content(9)}, life=1, journal=4))
    assert generations.newest_sound(line_of(events)).generation.number == 4
    generations.collect(Keep(2, 0), now_s=0, line=line_of(events))
    assert [g.number for g in generations.list()] == [2, 4]


def test_a_second_roll_back_past_the_first_leaves_its_life(folder):
    generations = Generations(folder)
    for number, life in ((1, 0), (2, 0), (3, 1), (4, 1)):
        generations.save(new(number, {"a": content(number)}, life=life, journal=number if number < 3 else 3))
    events = [event(1, 0), event(2, 0), event(3, 1, RolledBack(2, 2, 2, 1)), event(4, 2, RolledBack(1, 1, 1, 2))]
    assert [g.number for g in generations.list() if not line_of(events).is_abandoned(g)] == [1]
    other = [*events[:3], event(4, 2, RolledBack(3, 3, 3, 2))]
    assert [g.number for g in generations.list() if not line_of(other).is_abandoned(g)] == [1, 2, 3]


def test_a_generation_that_knows_more_than_the_journal_is_passed_over(folder):
    generations = Generations(folder)
    generations.save(new(1, {"a": content(1)}, journal=1))
    generations.save(new(2, {"a": content(2)}, journal=5))
    found = generations.newest_sound(line_of([event(1, 0), event(2, 0)]))
    assert found.generation.number == 1
    assert "knows event 5" in found.notes[0]


def test_collecting_removes_what_the_rules_do_not_keep_and_only_that(folder):
    generations = Generations(folder)
    shared = generations.save(new(1, {"a": content(1), "b": content(2)}, name="keep me")).generation
    for number in range(2, 8):
        generations.save(new(number, {"a": shared.blocks["a"], "b": content(number + 10)}))
    collected = generations.collect(Keep(2, 0), now_s=0.0)
    assert collected.removed == (2, 3, 4, 5)
    assert [g.number for g in generations.list()] == [1, 6, 7]
    assert len(list(folder.blobs.iterdir())) == 2 + 3 * 2
    assert collected.freed_bytes > 4 * 12_000
    for number in (1, 6, 7):
        generations.load(number)
    assert not generations.collect(Keep(2, 0), now_s=0.0).removed


def test_blobs_of_a_damaged_manifest_are_left(folder):
    generations = Generations(folder)
    for number in (1, 2, 3):
        generations.save(new(number, {"a": content(number)}))
    text = (folder.gens / "1").read_bytes()
    (folder.gens / "1").write_bytes(text.replace(b'"life":0', b'"life":1'))
    generations.collect(Keep(1, 0), now_s=0.0)
    assert sorted(p.name for p in folder.gens.iterdir()) == ["1", "3"]
    (folder.gens / "1").write_bytes(text)     # a person who mends it finds everything
    generations.load(1)


def test_a_pinned_generation_outlives_collecting_until_its_user_ends(folder):
    generations = Generations(folder)
    for number in range(1, 5):
        generations.save(new(number, {"a": content(number)}))
    script = ("import sys; from pathlib import Path; from core.store.folder import RunFolder\n"
              "from core.store.generation import Generations\n"
              "pin = Generations(RunFolder(Path(sys.argv[1]))).pin(1, 'swap'); print('pinned', flush=True)\n"
              "sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", script, str(folder.path)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout.readline() == "pinned\n"
        assert generations.in_use() == {1: "swap"}
        assert generations.collect(Keep(1, 0), now_s=0.0).removed == (2, 3)
        with pytest.raises(RefusedError, match="in use by swap"):
            generations.remove(1)
        user.kill()
    assert generations.in_use() == {}
    assert generations.collect(Keep(1, 0), now_s=0.0).removed == (1,)
    assert [p.name for p in folder.pins.iterdir()] == [".guard"]


def test_a_pin_in_this_process_is_a_context_and_a_lost_generation_cannot_be_pinned(folder):
    generations = Generations(folder)
    generations.save(new(1, {"a": content(1)}))
    with generations.pin(1, "swap"), generations.pin(1, "preview"), generations.pin(1, "swap"):
        assert generations.in_use() == {1: "preview, swap"}
    assert generations.in_use() == {}
    with pytest.raises(StoreError, match="no generation 2"):
        generations.pin(2, "swap")


def test_a_person_may_remove_a_backup_but_not_the_generation_to_go_on_from(folder):
    generations = Generations(folder)
    generations.save(new(1, {"a": content(1)}, name="mine"))
    generations.save(new(2, {"a": content(2)}))
    assert generations.remove(1) > 12_000
    with pytest.raises(RefusedError, match="goes on from"):
        generations.remove(2)
    with pytest.raises(StoreError, match="no generation 1"):
        generations.remove(1)


def test_a_disk_without_room_says_how_much_is_missing_before_it_writes(folder):
    disk = CountingDisk()
    generations = Generations(folder, disk)
    generations.save(new(1, {"a": content(1)}))
    disk.written = 0
    disk.free = RESERVE_BYTES + 50_000
    save = new(2, {"a": content(2, size=10_000)})
    with pytest.raises(DiskFullError, match="generation 2 needs") as caught:
        generations.save(save)
    assert caught.value.missing_bytes == generations.need(save) - 50_000
    assert disk.written == 0
    disk.free += caught.value.missing_bytes
    assert generations.save(save).generation.number == 2


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 12 MB, where this user may mount one."""
    path = tmp_path / "small"
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(path)], capture_output=True)
    if done.returncode:
        pytest.skip("only root can mount a small file system")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


class Optimist(RealDisk):
    """Does not know that the disk is full."""

    def free_bytes(self, folder):  # noqa: ARG002  (whatever the folder)
        return 1 << 40


@pytest.mark.parametrize(("disk", "at_least"), [(RealDisk(), 10_000_000), (Optimist(), 1)])
def test_a_really_full_disk_leaves_the_old_generation_and_training_can_go_on(small_disk, disk, at_least):
    folder = RunFolder(small_disk / "run")
    folder.create()
    generations = Generations(folder, disk)
    generations.save(new(1, {"a": content(1)}))
    with pytest.raises(DiskFullError) as caught:
        generations.save(new(2, {"a": content(2, size=1_000_000)}))
    assert caught.value.missing_bytes >= at_least
    assert not (folder.blobs / ".tmp").exists()
    assert Generations(folder).newest_sound().generation.number == 1
    generations.save(new(3, {"a": content(3)}))
    assert_same(Generations(folder).load(2)["a"], content(3))


@pytest.mark.skipif(os.geteuid() != 0, reason="without root the folder's rights are what stops it")
def test_a_folder_that_became_read_only_is_a_sentence(small_disk):
    folder = RunFolder(small_disk / "run")
    folder.create()
    generations = Generations(folder)
    generations.save(new(1, {"a": content(1)}))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError, match="Read-only file system"):
        generations.save(new(2, {"a": content(2)}))
    assert generations.newest_sound().generation.number == 1


def test_a_renamed_run_folder_is_the_same_run(folder, tmp_path):
    Generations(folder).save(new(1, {"a": content(1)}))
    moved = RunFolder(folder.path.rename(tmp_path / "elsewhere"))
    assert_same(Generations(moved).load(1)["a"], content(1))


def test_a_reader_beside_a_writer_never_sees_half_a_generation(folder):
    generations = Generations(folder)
    generations.save(new(1, {"a": content(1)}))
    stop, seen = threading.Event(), []

    def look() -> None:
        reader = Generations(folder)
        while not stop.is_set():
            found = reader.newest_sound().generation
            try:
                pin = reader.pin(found.number, "test")
            except StoreError:
                continue  # it was collected between the look and the pin
            with pin:
                assert_same(reader.load(found.number)["a"], content(found.iteration))
                seen.append(found.iteration)

    thread = threading.Thread(target=look, name="reader")
    thread.start()
    try:
        for number in range(2, 30):
            generations.save(new(number, {"a": content(number)}))
            generations.collect(Keep(3, 0), now_s=0.0)
    finally:
        stop.set()
        thread.join(10)
    assert seen == sorted(seen)
    assert len(set(seen)) > 1


# --- moments that are given up for the disk budget --------------------------------------------------------------------
def large(seed: int) -> BlockContent:
    return content(seed, size=4000)     # 48 kB of weights, and as much of moments


def thinned(folder: RunFolder, count: int = 4) -> Generations:
    """Automatic backups and a last save that shares the block `same` with them, in a budget that is too small."""
    store = Generations(folder)
    for n in range(1, count + 1):
        store.save(new(n, {"own": large(n), "same": large(0)}, name="auto-1" if n < count else "", at=float(n)))
    budget = sum(own_bytes(store.list()).values()) - 60_000
    collected = store.collect(Keep(1, 0, budget, 24), now_s=0.0)
    assert (collected.removed, collected.thinned, collected.over_budget_bytes) == ((), (1, 2), 0)
    return store


def test_old_backups_give_up_their_moments_and_keep_every_weight(folder):
    store = thinned(folder)
    assert [g.weights_only for g in store.list()] == [True, True, False, False]
    for number in (1, 2):
        kept = store.load(number)
        for block, before in (("own", large(number)), ("same", large(0))):
            np.testing.assert_array_equal(kept[block].weights["conv.weight"], before.weights["conv.weight"])
            assert {k: (v.shape, v.dtype) for k, v in kept[block].moments.items()} == {
                k: (v.shape, v.dtype) for k, v in before.moments.items()}
            assert not any(array.any() for array in kept[block].moments.values())
    for number in (3, 4):
        assert_same(store.load(number)["own"], large(number))
        assert_same(store.load(number)["same"], large(0))
    found = store.newest_sound()
    assert (found.generation.number, found.notes) == (4, ())


def test_what_was_given_up_is_not_on_the_disk_any_more_and_it_is_not_given_up_twice(folder):
    store = thinned(folder)
    named = set().union(*(g.blobs() for g in store.list()))
    assert {p.name for p in folder.blobs.iterdir()} == named
    budget = sum(own_bytes(store.list()).values())
    assert store.collect(Keep(1, 0, budget, 24), now_s=0.0).thinned == ()


def test_a_pinned_backup_stays_whole(folder):
    store = Generations(folder)
    for n in (1, 2):
        store.save(new(n, {"own": large(n)}, name="auto-1" if n == 1 else ""))
    with store.pin(1, "swap"):
        collected = store.collect(Keep(1, 0, 1000, 24), now_s=0.0)
    assert (collected.removed, collected.thinned) == ((), ())
    assert_same(store.load(1)["own"], large(1))


def test_a_backup_with_damaged_moments_stays_as_it_is(folder):
    store = Generations(folder)
    refs = [store.save(new(n, {"own": large(n)}, name="auto-1" if n < 3 else "", at=float(n))).generation
            for n in (1, 2, 3)]
    (folder.blobs / refs[0].blocks["own"].moments.sha256).write_bytes(b"\xff" * 48_100)
    budget = sum(own_bytes(store.list()).values()) - 60_000
    assert store.collect(Keep(1, 0, budget, 24), now_s=0.0).thinned == (2,)
    assert [g.weights_only for g in store.list()] == [False, True, False]


def test_manifests_of_whole_generations_are_as_they_were(folder):
    Generations(folder).save(new(1, {"own": content(1)}))
    assert b"weights_only" not in (folder.gens / "1").read_bytes()
