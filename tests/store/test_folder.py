"""The run folder and its locks: one holder, freed by any death, not inherited."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time

import msgspec
import pytest

from core.settings.error import RefusedError, StoreError
from core.store.folder import RunFolder
from core.store.lock import FOREIGN_BEAT_S, Holder, boot_id, holder, is_held, myself, start_time, take

HOLD = ("import sys; from pathlib import Path; from core.store.folder import RunFolder\n"
        "lock = RunFolder(Path(sys.argv[1])).lock_trainer(); print('held', flush=True)\n"
        "sys.stdin.read()")


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    made = RunFolder(tmp_path / "runs" / "demo")
    made.create()
    return made


def test_a_new_folder_is_for_its_owner_only(folder):
    for path in (folder.path, *folder.subfolders):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert not folder.exists()
    folder.journal.touch()
    assert folder.exists()


def test_a_folder_is_not_made_over_something(folder):
    with pytest.raises(StoreError, match="already something"):
        folder.create()
    (folder.path.parent / "file").write_text("x")
    with pytest.raises(StoreError, match="already something"):
        RunFolder(folder.path.parent / "file").create()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot make the folder"):
        RunFolder(tmp_path / "file" / "run").create()


def test_the_second_taker_is_told_who_holds_the_lock(folder):
    with folder.lock_run() as lock:
        who = f"process {os.getpid()} on {socket.gethostname()}"
        with pytest.raises(RefusedError, match=f"run demo is in use by {who}"):
            folder.lock_run()
        assert is_held(folder.run_lock)
        assert holder(folder.run_lock) == myself()
        folder.lock_trainer().release()   # another lock
        lock.beat()
    assert not is_held(folder.run_lock)
    assert holder(folder.run_lock) is None
    folder.lock_run().release()


def test_a_lock_is_freed_when_its_holder_is_killed(folder):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder.path)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        assert is_held(folder.trainer_lock)
        assert holder(folder.trainer_lock).pid == process.pid
        with pytest.raises(RefusedError):
            folder.lock_trainer()
        process.send_signal(signal.SIGKILL)
        folder.lock_trainer(wait_s=20).release()


def test_a_child_does_not_keep_the_lock(folder):
    lock = folder.lock_run()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        lock.release()
        folder.lock_run().release()
        child.stdin.close()


def test_looking_at_a_lock_makes_nothing_and_disturbs_nobody(tmp_path):
    assert not is_held(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    assert holder(tmp_path / "none") is None


@pytest.mark.parametrize("text", [b"", b"x" * 9999, b'{"pid":1}', b"\0" * 40])
def test_a_lock_file_with_other_text_is_taken_like_any(folder, text):
    folder.run_lock.write_bytes(text)
    assert holder(folder.run_lock) is None
    folder.lock_run().release()


def test_a_holder_on_another_machine_counts_while_it_touches_the_file(folder):
    folder.run_lock.write_bytes(msgspec.json.encode(Holder(7, "1", "another boot", "another-box")))
    with pytest.raises(RefusedError, match="process 7 on another-box"):
        folder.lock_run()
    long_ago = time.time() - FOREIGN_BEAT_S - 5
    os.utime(folder.run_lock, (long_ago, long_ago))
    folder.lock_run().release()


def test_a_lock_left_before_a_restart_of_this_machine_is_free(folder):
    folder.run_lock.write_bytes(msgspec.json.encode(Holder(7, "1", "the boot before", socket.gethostname())))
    folder.lock_run().release()


def test_a_lock_that_is_a_link_is_not_followed(folder, tmp_path):
    folder.run_lock.symlink_to(tmp_path / "victim")
    with pytest.raises(StoreError, match="cannot lock"):
        folder.lock_run()
    assert not (tmp_path / "victim").exists()


def test_a_waiting_taker_gives_up_at_its_deadline(folder):
    ticks = iter(range(100))
    with folder.lock_run(), pytest.raises(RefusedError):
        take(folder.run_lock, "run demo", wait_s=3, clock=lambda: float(next(ticks)))
    assert next(ticks) == 4   # began at 0, three seconds waited


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_process_is_told_from_another_one_with_its_number():
    assert start_time(os.getpid()).isdigit()
    assert len(boot_id()) == 36
    assert start_time(2**22 + 1) == ""
