"""A supervisor that outlives an upgrade of the program: it sees it, and the new program goes on with the run."""

import os
import signal
import sys

import pytest

from core.events.event import Ended, Started, Warned
from core.run.environment import Programs
from core.run.program import Program, stamp
from core.store.lock import adopt, is_held, take
from tests.run.running import until


@pytest.fixture
def code(tmp_path):
    folder = tmp_path / "code"
    (folder / "run").mkdir(parents=True)
    (folder / "run" / "a.py").write_text("x = 1\n")
    (folder / "notes.txt").write_text("no module\n")
    return folder


def program(code, text: str) -> Program:
    """A program whose supervisor is the given text."""
    return Program(Programs([], [sys.executable, "-c", text], code))


def test_the_same_code_is_the_same_program(code):
    ours = program(code, "pass")
    (code / "notes.txt").write_text("other notes\n")
    (code / "run" / "a.pyc").write_text("compiled\n")
    assert not ours.is_outdated()


@pytest.mark.parametrize("change", [
    lambda code: (code / "run" / "a.py").write_text("x = 22\n"),
    lambda code: (code / "run" / "a.py").unlink(),
    lambda code: (code / "run" / "b.py").write_text(""),
    lambda code: os.utime(code / "run" / "a.py", (1, 1)),
], ids=["changed", "gone", "another", "newer"])
def test_a_module_that_changed_makes_it_another_program(code, change):
    ours = program(code, "pass")
    change(code)
    assert ours.is_outdated()


def test_a_program_without_code_on_disk_is_no_mistake(tmp_path):
    assert stamp(tmp_path / "gone") == frozenset()


@pytest.mark.journey
@pytest.mark.parametrize(("text", "words"), [
    ("pass", ""),
    ("raise ImportError('half of it is there')", "does not start (ImportError: half of it is there)"),
    ("raise SystemExit(3)", "does not start (code 3)"),
])
def test_a_changed_program_takes_over_only_when_it_starts(code, text, words):
    why = program(code, text).why_not_ready()
    assert why == "" if not words else words in why


@pytest.mark.journey
def test_a_program_that_changes_while_it_is_tried_is_not_whole_yet(code):
    text = f"open({str(code / 'run' / 'a.py')!r}, 'a').write('y = 2')"
    assert program(code, text).why_not_ready() == "the program is being changed"


def test_a_program_that_is_not_there_is_no_successor(code):
    gone = Program(Programs([], [str(code / "python")], code))
    assert "does not start" in gone.why_not_ready()


def test_a_lock_that_is_handed_over_is_never_free(tmp_path):
    lock = take(tmp_path / "run.lock", "run demo")
    fd = lock.hand_over()
    lock.release()      # it holds nothing any more
    assert is_held(tmp_path / "run.lock")
    assert os.get_inheritable(fd)
    with adopt(tmp_path / "run.lock", fd, "run demo"):
        assert is_held(tmp_path / "run.lock")
        assert not os.get_inheritable(fd)
    assert not is_held(tmp_path / "run.lock")


def test_a_descriptor_of_something_else_is_no_lock(tmp_path):
    (tmp_path / "other").touch()
    take(tmp_path / "run.lock", "run demo").release()
    with (tmp_path / "other").open() as file, pytest.raises(Exception, match="is not the lock"):
        adopt(tmp_path / "run.lock", file.fileno(), "run demo")
    with pytest.raises(Exception, match="was not handed over"):
        adopt(tmp_path / "run.lock", 10**6, "run demo")


@pytest.mark.journey
def test_after_an_upgrade_the_next_trainer_is_started_by_the_new_program(make_run, code, monkeypatch):
    monkeypatch.setenv("PEER_CODE", str(code))
    run = make_run()
    run.console()
    trainer, supervisor = run.training(), run.supervisor
    (code / "run" / "a.py").write_text("x = 'upgraded'\n")
    run.training()
    assert (run.trainer, run.supervisor) == (trainer, supervisor)   # an upgrade alone disturbs nobody
    os.kill(trainer, signal.SIGKILL)
    until(lambda: run.supervisor not in (None, supervisor), "a supervisor of the new program")
    run.training()
    assert [b.cause for b in run.bodies(Ended)] == ["killed"]
    assert [b.about for b in run.bodies(Warned)] == ["program"]
    assert len(run.bodies(Started)) == 2
    log = run.folder.supervisor_log.read_text()
    assert log.count("supervisor goes on as") == 1
    assert "--lock" in log


@pytest.mark.journey
def test_a_parked_run_stays_parked_when_the_program_changes(make_run, code, monkeypatch):
    monkeypatch.setenv("PEER_CODE", str(code))
    run = make_run()
    run.ensure(park=True)
    supervisor = run.supervisor
    (code / "run" / "a.py").unlink()
    until(lambda: run.supervisor not in (None, supervisor), "a supervisor of the new program", 40.0)
    assert run.console(park=True).welcome.tick.phase == "parked"
    assert run.trainer is None


@pytest.mark.journey
def test_a_changed_program_that_does_not_start_is_waited_for_and_told(make_run, code, monkeypatch):
    monkeypatch.setenv("PEER_CODE", str(code))
    monkeypatch.setenv("PEER_BROKEN", str(code / "broken"))
    run = make_run()
    console = run.console()
    trainer, supervisor = run.training(), run.supervisor
    (code / "broken").touch()
    (code / "run" / "a.py").write_text("x = 'half'\n")
    os.kill(trainer, signal.SIGKILL)
    told = console.tick(lambda t: "the program was changed on disk" in t.detail)
    assert "does not start" in told.detail
    assert run.supervisor == supervisor
    (code / "broken").unlink()
    until(lambda: run.supervisor not in (None, supervisor), "a supervisor of the new program", 40.0)
    run.training()
