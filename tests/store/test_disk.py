"""What the model of a disk is promised about the real one, and orders of operations that no single image shows."""

import os
import sys
from pathlib import Path

import pytest

from core.events.event import Event, Paused
from core.store.disk import RealDisk, put, sync_folder
from core.store.folder import RunFolder
from core.store.journal import JournalWriter

from .model_disk import ModelDisk
from .test_crash import Trainer


@pytest.fixture
def synced(monkeypatch) -> list[tuple[int, int]]:
    """(inode, bytes) of everything that was handed to fsync, at that moment."""
    seen: list[tuple[int, int]] = []

    def fsync(fd: int) -> None:
        status = os.fstat(fd)
        seen.append((status.st_ino, status.st_size))

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


@pytest.mark.skipif(sys.platform == "darwin", reason="there F_FULLFSYNC is asked for instead")
def test_a_file_is_handed_to_the_kernel_whole_before_it_gets_its_name(tmp_path, synced):
    put(RealDisk(), tmp_path / "blob", [b"abc", b"de"])
    assert synced == [((tmp_path / "blob").stat().st_ino, 5)]
    journal = JournalWriter(tmp_path / "journal")
    synced.clear()
    journal.append(Event(1, 0, 0, 0.0, "x", Paused()))
    journal.close()
    status = (tmp_path / "journal").stat()
    assert synced == [(status.st_ino, status.st_size)]


def test_names_are_made_durable_by_a_sync_of_their_folder(tmp_path, synced):
    sync_folder(RealDisk(), tmp_path)
    assert [inode for inode, _ in synced] == [tmp_path.stat().st_ino]


def test_a_manifest_is_gone_for_good_before_any_of_its_blobs(tmp_path):
    disk = ModelDisk()
    trainer = Trainer(disk, RunFolder(tmp_path))
    for _ in range(3):
        trainer.save()
    before = len(disk.operations)
    trainer.collect()
    kinds = ("unlink gens", "sync folder gens", "unlink blobs")
    done = [kind for name in disk.operations[before:] for kind in kinds if name.startswith(kind)]
    assert list(dict.fromkeys(done)) == list(kinds)
    assert done == sorted(done, key=kinds.index)


def test_the_rest_of_a_torn_line_is_gone_for_good_before_the_next_line_is_written():
    disk, path = ModelDisk(), Path("/journal")
    writer = JournalWriter(path, disk)
    writer.append(Event(1, 0, 0, 0.0, "x", Paused()))
    file = disk.entries[path]
    file.cached += b"{" * 400
    file.durable += b"{" * 400
    again = JournalWriter(path, disk)
    before = len(disk.operations)
    again.append(Event(2, 0, 0, 0.0, "x", Paused()))
    words = [name.split()[0] for name in disk.operations[before:]]
    assert words == ["truncate", "sync", "write", "sync"]
