"""Deaths and restarts: of trainers, of supervisors, of both; with real processes and signals."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.events.act import LockBlocks, ResumeRun, SaveNow, SetValues, StopRun
from core.events.event import Ended, Started, Stopped
from core.events.fold import fold
from core.run.moving import check_movable, end_supervisor, remove_run, rename_run
from core.run.place import is_alive, places, socket_path
from core.run.spawn import ensure_supervisor
from core.settings.error import JournalError, RefusedError
from core.store.lock import is_held
from core.wire.console_record import Done, EventNews
from tests.run.peer_supervise import PROGRAMS
from tests.run.running import until

pytestmark = pytest.mark.journey


def ended(message) -> bool:
    return isinstance(message, EventNews) and isinstance(message.event.body, Ended)


def test_a_killed_trainer_is_started_again_at_once_and_its_end_is_told(run):
    console = run.console()
    for _ in range(3):
        os.kill(run.training(), signal.SIGKILL)
        event = console.hear(ended).event
        assert event.body.cause == "killed"
        assert event.body.signal == signal.SIGKILL
        assert event.body.sentence.startswith("the trainer was killed from outside (SIGKILL) (at iteration ")
    run.training()
    assert len(run.bodies(Started)) == 4


def test_a_trainer_that_is_told_to_end_from_outside_saves_and_is_started_again(run):
    console = run.console()
    os.kill(run.training(), signal.SIGTERM)
    assert console.hear(ended).event.body.cause == "terminated"
    run.training()


def test_a_lock_that_was_set_after_the_last_save_is_there_after_a_kill(run):
    console = run.console()
    run.training()
    console.command(SaveNow())
    locked = console.command(LockBlocks("encoder")).event
    console.tick(lambda t: t.iteration > locked.iteration + 5)
    os.kill(run.trainer, signal.SIGKILL)
    console.hear(ended)
    run.training()
    assert set(fold(run.events).locks) == {"encoder.down1", "encoder.down2"}


def test_a_batch_size_that_does_not_fit_is_taken_back_with_its_reason(run):
    console = run.console()
    run.training()
    console.command(SetValues({"batch_size": 512}))
    news = console.hear(lambda m: isinstance(m, EventNews) and m.event.undoes is not None).event
    assert news.author == "supervisor"
    assert news.why == "batch_size 512 did not fit in memory: back to 8"
    assert run.bodies(Ended)[-1].cause == "memory"
    console.tick(lambda t: t.iteration > news.iteration + 10)
    assert fold(run.events).settings["batch_size"] == 8


def test_a_setting_after_which_the_trainer_is_killed_three_times_is_taken_back(run):
    console = run.console()
    run.training()
    console.command(SetValues({"batch_size": 511}))
    news = console.hear(lambda m: isinstance(m, EventNews) and m.event.undoes is not None).event
    assert [b.cause for b in run.bodies(Ended)] == ["killed"] * 3
    console.tick(lambda t: t.iteration > news.iteration + 10)


def test_a_trainer_that_does_not_start_stops_the_run_after_three_failures_and_calls_the_hook_once_for_that(
        make_run, tmp_path, monkeypatch):
    monkeypatch.setenv("PEER_FAILS_AT_START", "1")
    run = make_run(hook=f"cat >> {tmp_path}/notes")
    console = run.console()
    tick = console.tick(lambda t: t.phase == "stopped")
    assert "stopped after 3 failures at iteration 0: the trainer ended with code 1" in tick.detail
    assert [b.cause for b in run.bodies(Ended)] == ["failed"] * 3
    assert run.bodies(Stopped) == [Stopped("failure")]
    assert "stopped after 3 failures at iteration 0" in run.events[-1].why
    until(lambda: "failed" in told(tmp_path / "notes"), "the note of the failure")
    end_supervisor(run.place)       # it waits for the hooks that it has called
    assert sorted(told(tmp_path / "notes")) == ["failed", "restarted", "restarted"]


def test_a_failure_is_waited_out_and_a_resume_cuts_the_wait_short(run, monkeypatch):
    monkeypatch.setenv("PEER_FAILS_AT_START", "1")
    console = run.console()
    assert "starts again in 1 s" in console.tick(lambda t: t.phase == "backoff").detail
    assert isinstance(console.command(ResumeRun()), Done)
    assert isinstance(console.command(StopRun()), Done)
    assert console.tick(lambda t: t.phase == "stopped")


def told(notes: Path) -> list[str]:
    """What a hook that collects its notes was told, in any order: each note is written by a process of its own."""
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [json.loads(line)["happening"] for line in lines]


def test_the_hook_reads_what_happened(make_run, tmp_path):
    run = make_run(hook=f"cat >> {tmp_path}/notes")
    run.console()
    os.kill(run.training(), signal.SIGKILL)
    run.training()
    run.consoles[0].command(StopRun())

    def notes():
        lines = (tmp_path / "notes").read_text().splitlines() if (tmp_path / "notes").exists() else []
        return [json.loads(line) for line in lines] if len(lines) == 2 else None

    restarted, over = sorted(until(notes, "two notes"), key=lambda note: note["at"])    # two processes wrote them
    assert (restarted["run"], restarted["happening"], over["happening"]) == ("demo", "restarted", "ended")
    assert "SIGKILL" in restarted["sentence"]


def test_a_killed_supervisor_is_replaced_and_there_is_never_a_second_writer(run):
    run.ensure()
    for _ in range(5):
        run.training()
        old, trainer = run.supervisor, run.trainer
        os.kill(old, signal.SIGKILL)
        console = run.console("again")      # at once
        assert run.supervisor != old
        until(lambda old=trainer: run.trainer != old, "the old trainer's end")
        console.tick(lambda t: t.phase == "training")
    assert [b.cause for b in run.bodies(Ended)] == ["supervisor"] * 5
    rows = console.welcome.series
    assert "src" in rows


def test_a_run_whose_supervisor_was_killed_goes_on_without_anybody(run):
    run.ensure()
    run.training()
    old = run.supervisor
    os.kill(old, signal.SIGKILL)
    until(lambda: run.supervisor not in (None, old), "a supervisor that the trainer started")
    run.training()


def test_sigterm_to_the_supervisor_saves_and_parks_without_a_stop(run):
    console = run.console()
    run.training()
    os.kill(run.supervisor, signal.SIGTERM)
    until(lambda: not is_alive(run.place), "the supervisor's end")
    assert not is_held(run.folder.trainer_lock)
    assert run.bodies(Ended)[-1].cause == "terminated"
    assert fold(run.events).stopped == ""
    with pytest.raises(AssertionError, match="the run's supervisor ends"):
        console.hear(lambda _: False)
    run.ensure()
    run.training()


def test_a_hang_up_and_a_closed_terminal_end_nothing(run):
    """Started from a shell of its own session that is killed with everything in it."""
    starter = f"""
import signal, sys; sys.path.insert(0, {str(Path.cwd())!r})
from pathlib import Path
from core.run.place import Place
from core.run.spawn import ensure_supervisor
from tests.run.peer_supervise import PROGRAMS
ensure_supervisor(Place("demo", Path({str(run.place.folder)!r})), park=False, program=PROGRAMS.supervisor)
print("ready", flush=True)
signal.pause()
"""
    master, slave = os.openpty()
    shell = subprocess.Popen([sys.executable, "-c", starter], stdin=slave, stdout=subprocess.PIPE,
                             start_new_session=True)
    assert shell.stdout.readline() == b"ready\n"
    os.close(slave)
    os.close(master)
    os.killpg(shell.pid, signal.SIGKILL)
    shell.wait()
    shell.stdout.close()
    for pid in (run.supervisor, run.training()):
        os.kill(pid, signal.SIGHUP)
    assert os.getsid(run.supervisor) == os.getsid(run.trainer) != os.getsid(0)
    before = run.supervisor, run.trainer
    run.training()
    assert (run.supervisor, run.trainer) == before


def test_two_starters_at_once_get_the_same_supervisor(run):
    found = []
    threads = [threading.Thread(target=lambda: found.append(run.ensure(park=True))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 5
    assert len(set(found)) == 1
    assert is_alive(run.place)


def test_a_supervisor_that_cannot_start_says_why(run):
    for garbage in (b"nonsense\n" * 3, b"nonsense", bytes(100), b""):
        run.folder.journal.write_bytes(garbage)
        with pytest.raises(JournalError, match=f"line 1 of {run.folder.journal}"):
            run.ensure(park=True)


def test_a_socket_that_a_dead_supervisor_left_is_replaced(run):
    first = run.ensure(park=True)
    os.kill(run.supervisor, signal.SIGKILL)
    until(lambda: not is_alive(run.place), "the supervisor's end")
    assert first.exists()
    assert socket_path(run.place) is None
    assert run.ensure(park=True) == first
    assert (first.stat().st_mode & 0o777) == 0o600


def test_a_path_that_is_too_long_for_a_socket_leads_to_the_runtime_folder(make_run, runtime):
    run = make_run("x" * 64)
    assert len(str(run.folder.socket)) > 100
    path = run.ensure(park=True)
    assert path.parent == runtime / "dfl-tui"
    assert (path.parent.stat().st_mode & 0o777) == 0o700
    assert run.console(park=True).welcome.run == "x" * 64


def test_a_supervisor_that_nobody_needs_ends_by_itself(run, monkeypatch):
    monkeypatch.setenv("PEER_IDLE_S", "0.1")
    run.ensure(park=True)
    until(lambda: not is_alive(run.place), "its end")


def test_a_supervisor_whose_run_folder_was_removed_ends(run):
    run.ensure()
    trainer, supervisor = run.training(), run.supervisor
    shutil.rmtree(run.place.folder)
    for pid in (trainer, supervisor):
        until(lambda ended=pid: is_over(ended), f"the end of process {pid}")


def is_over(pid: int) -> bool:
    """Gone, or a zombie: a container's first process may not reap those that have left their parents."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_run_that_trains_is_neither_removed_nor_renamed(run, home):
    run.console()
    run.training()
    for attempt in (lambda: remove_run(run.place), lambda: rename_run(run.place, "other"),
                    lambda: check_movable(run.place), lambda: check_movable(run.place, "other")):
        with pytest.raises(RefusedError, match="is not stopped"):
            attempt()
    run.consoles[0].command(StopRun())
    check_movable(run.place, "other")
    assert is_alive(run.place)      # to ask ends nothing
    run.place = rename_run(run.place, "other", "person:anna@box")
    assert fold(type(run)(run.place).events).name == "other"
    assert type(run)(run.place).events[-1].author == "person:anna@box"
    end_supervisor(run.place)
    remove_run(run.place)
    assert places(home) == []
    assert list((home / "runs").iterdir()) == []


def test_the_real_program_serves_a_parked_run(run):
    path = ensure_supervisor(run.place, park=True)
    assert socket_path(run.place) == path
    assert PROGRAMS.supervisor != ()


def test_a_change_that_is_taken_back_is_told_to_the_hook_once(make_run, tmp_path):
    run = make_run(hook=f"cat >> {tmp_path}/notes")
    console = run.console()
    run.training()
    console.command(SetValues({"batch_size": 512}))
    event = console.hear(lambda m: isinstance(m, EventNews) and m.event.undoes is not None).event
    console.tick(lambda t: t.iteration > event.iteration + 10)
    console.command(StopRun())
    console.tick(lambda t: t.phase == "stopped")
    until(lambda: {"ended", "restarted"} <= set(told(tmp_path / "notes")), "both notes")
    assert sorted(told(tmp_path / "notes")) == ["ended", "restarted"]
