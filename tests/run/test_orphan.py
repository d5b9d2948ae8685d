"""The trainer of an earlier supervisor: waited for, told of, and ended when it hangs; the lock alone decides."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from core.events.act import SetValues
from core.events.event import Ended
from core.run.orphan import Orphan, Patience, living, send
from core.store.folder import RunFolder
from core.store.lock import Holder, boot_id, is_held, start_time
from tests.run.running import until

pytestmark = pytest.mark.journey
PATIENCE = Patience(save_s=300.0, end_s=15.0)
# Holds the lock of its first argument until it is killed; "deaf": it does not end by SIGTERM.
TRAINER = """import signal, sys
from pathlib import Path
from core.store.lock import take
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
lock = take(Path(sys.argv[1]), "the trainer")
print("holds it", flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    made = RunFolder(tmp_path / "demo")
    made.create()
    return made


@pytest.fixture
def trainer(folder) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts a process that holds the trainer's lock."""
    started: list[subprocess.Popen] = []

    def start(*words: str) -> subprocess.Popen:
        process = subprocess.Popen([sys.executable, "-c", TRAINER, str(folder.trainer_lock), *words],
                                   stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline() == b"holds it\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_where_no_trainer_writes_nothing_is_waited_for(folder):
    assert Orphan(folder, PATIENCE).look(1e9) == ""


def test_one_that_saves_is_left_alone_for_as_long_as_is_said(folder, trainer):
    process, orphan = trainer(), Orphan(folder, PATIENCE)
    told = {orphan.look(now_s) for now_s in (50.0, 51.0, 349.0)}
    assert told == {f"the trainer of an earlier supervisor (process {process.pid}) saves and ends; it has 300 s for "
                    "that"}
    assert orphan.ended_by is None
    assert orphan.story == ""
    process.kill()
    process.wait()
    assert orphan.look(350.0) == ""


def test_one_that_hangs_gets_sigterm_and_that_is_told(folder, trainer):
    process, orphan = trainer(), Orphan(folder, PATIENCE)
    orphan.look(0.0)
    assert "did not end within 300 s and is being ended" in orphan.look(300.0)
    assert process.wait(60) == -signal.SIGTERM
    assert orphan.look(301.0) == ""
    assert "was ended (SIGTERM)" in orphan.story


def test_one_that_does_not_hear_sigterm_gets_sigkill_and_not_before_its_time(folder, trainer):
    process, orphan = trainer("deaf"), Orphan(folder, PATIENCE)
    for now_s in (0.0, 300.0, 300.1, 314.9):
        orphan.look(now_s)
    assert (process.poll(), orphan.ended_by) == (None, signal.SIGTERM)
    orphan.look(315.0)
    assert process.wait(60) == -signal.SIGKILL
    assert "was ended (SIGKILL)" in orphan.story


def test_a_process_that_the_lock_does_not_name_is_never_ended(folder, trainer):
    process, orphan = trainer(), Orphan(folder, PATIENCE)
    folder.trainer_lock.write_text("")
    for now_s in (0.0, 300.0, 400.0):
        assert "does not say which process" in orphan.look(now_s)
    assert process.poll() is None
    assert is_held(folder.trainer_lock)


def test_a_process_id_that_was_used_again_is_another_process():
    me = Holder(os.getpid(), start_time(os.getpid()), boot_id(), "here")
    assert living(me) == me
    for other in (Holder(me.pid, "1", me.boot, me.host), Holder(me.pid, me.started, "before", me.host),
                  Holder(2**22 - 1, "", me.boot, me.host)):
        assert living(other) is None
        send(other, signal.SIGKILL)     # or this test would end here


def test_a_run_whose_trainer_hangs_when_its_supervisor_dies_goes_on(run, monkeypatch):
    monkeypatch.setenv("PEER_PATIENCE_S", "0.2 0.2")
    console = run.console()
    hung = run.training()
    console.command(SetValues({"batch_size": 510}))     # from here on it hears nothing
    until(lambda: quiet(run), "a trainer that hangs")
    os.kill(run.supervisor, signal.SIGKILL)
    run.console("again")
    until(lambda: run.trainer not in (None, hung), "another trainer")
    assert [b.cause for b in run.bodies(Ended)][:1] == ["supervisor"]
    assert "did not end within 0.2 s and was ended (SIGKILL)" in run.bodies(Ended)[0].sentence
    for pid in (run.supervisor, run.trainer):   # the setting is in force again, so this one hears nothing either
        os.kill(pid, signal.SIGKILL)


def quiet(run) -> bool:
    """Whether the setting that makes the trainer hang is in the journal: it is in force from that iteration on."""
    return any(getattr(e.body, "changes", None) for e in run.events)
