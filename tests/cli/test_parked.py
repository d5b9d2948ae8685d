"""A run that does not train: looked into and changed by the real commands, with a supervisor and without a trainer."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.shell import FACES, Shell
from core.run.start import Place, is_alive, places, socket_path
from core.store.folder import RunFolder
from core.store.lock import holder
from dfl_tui.cli.exit_code import ExitCode

SAID = ["--src-ground", "synthetic", "--dst-person", "Ben", "--dst-ground", "licence", "--dst-said-by", "carol"]

pytestmark = pytest.mark.journey


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    yield shell
    shell.close()


@pytest.fixture
def made(shell: Shell) -> Shell:
    """A home with one run called a."""
    shell.done("new", "a", "--src", str(FACES / "src"), "--dst", str(FACES / "dst"), "--recipe", "demo",
               "--device", "cpu", *SAID)
    return shell


def test_a_run_is_made_with_its_consent_and_recipe_and_shown(made):
    shown = made.done("show", "a")
    assert "synthetic (synthetic, said by " in shown
    assert "Ben (licence, said by carol), 96 faces in " in shown
    assert "recipe  demo" in shown
    assert "set random_warp = false" in shown
    assert re.search(r"^  device +cpu$", shown, re.MULTILINE)


def test_looking_starts_nothing(made):
    assert made.done("ls").splitlines()[1].split()[:3] == ["a", "parked", "0"]
    assert made.done("status").startswith("a: parked, iteration 0\n")
    assert json.loads(made.done("status", "a", "--json"))["state"] == "parked"
    assert not is_alive(places(made.home)[0])


def test_settings_change_and_are_taken_back_before_the_first_iteration(made):
    before = made.done("show", "a", "--all").splitlines()
    made.done("set", "a", "batch_size=3", "clipgrad=true")
    changed = made.done("show", "a").split()
    assert changed[changed.index("batch_size") + 1] == "3"
    assert changed[changed.index("clipgrad") + 1] == "true"
    made.done("undo", "a")
    assert made.done("show", "a", "--all").splitlines()[1:] == before[1:]


def test_what_waits_for_an_iteration_is_listed(made):
    assert made.done("set", "a", "lr=1e-5", "--at", "500") == "accepted for iteration 500\n"
    assert "at 500" in made.done("show", "a")


def test_what_waits_is_listed_by_iteration_and_not_in_the_order_of_asking(made):
    for at in ("900", "300", "600"):
        made.done("set", "a", "lr=1e-4", "--at", at)
    assert re.findall(r"^  at (300|600|900) ", made.done("show", "a"), re.MULTILINE) == ["300", "600", "900"]


def test_what_waits_can_be_withdrawn_by_its_number(made):
    made.done("set", "a", "lr=1e-5", "--at", "500")
    waiting = re.search(r"at 500 \((\d+)\)", made.done("show", "a"))
    made.done("withdraw", "a", waiting[1])
    assert "at 500" not in made.done("show", "a")


def test_the_log_is_told_on_standard_error_when_it_is_asked_for(made):
    told = made.run("-v", "set", "a", "lr=1e-5")
    assert "SetValues" in told.stderr
    assert "SetValues" not in told.stdout


def test_watching_starts_no_training_even_when_the_supervisor_is_killed(made):
    watching = made.start("watch", "a")
    place = places(made.home)[0]
    first = wait_for_other_supervisor(place, 0)
    os.kill(first, signal.SIGKILL)
    wait_for_other_supervisor(place, first)
    assert made.done("status").startswith("a: parked")
    watching.send_signal(signal.SIGINT)
    out, _ = watching.communicate(timeout=100)
    assert watching.returncode == ExitCode.INTERRUPTED
    assert "a ■ 0  parked" in out


def wait_for_other_supervisor(place: Place, before: int) -> int:
    """The process id of the run's supervisor, once it is another one than `before` and answers."""
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        found = holder(place.folder / "run.lock")
        if found is not None and found.pid != before and socket_path(place):
            return found.pid
        time.sleep(0.05)
    raise AssertionError("there is no other supervisor")


def test_refusals_are_one_sentence_with_the_documented_code(made):
    assert "make one with dfl-tui new" in made.refused(ExitCode.NOT_FOUND, "status", "zzz")
    assert "resolution" in made.refused(ExitCode.REFUSED, "set", "a", "resolution=96")
    assert "none is kept yet" in made.refused(ExitCode.NOT_FOUND, "restore", "a", "3")
    assert "resume" in made.refused(ExitCode.REFUSED, "save", "a")
    assert "'gpu'" in made.refused(ExitCode.USAGE, "train", "a", "--plain", "--device", "gpu")
    assert "there is a run 'a' already" in made.refused(
        ExitCode.REFUSED, "new", "a", "--src", str(FACES / "src"), "--dst", str(FACES / "dst"), *SAID)
    assert "--src-ground" in made.refused(ExitCode.USAGE, "new", "b", "--src", str(FACES / "src"), "--dst",
                                          str(FACES / "dst"))
    assert "a terminal" in made.refused(ExitCode.REFUSED, "attach", "a")


def test_a_folder_without_faces_says_what_was_found_instead(shell, tmp_path):
    (tmp_path / "empty").mkdir()
    sentence = shell.refused(ExitCode.FAILED, "new", "a", "--src", str(tmp_path / "empty"), "--dst",
                             str(FACES / "dst"), *SAID)
    assert str(tmp_path / "empty") in sentence
    assert not places(shell.home)


def test_a_journal_that_is_garbage_is_named_with_one_code_whoever_reads_it(made):
    journal = made.home / "runs" / "a" / "journal.jsonl"
    journal.write_text("garbage without a line end")
    for words in (["status", "a"], ["show", "a"], ["generations", "a"]):
        assert f"line 1 of {journal}" in made.refused(ExitCode.FAILED, *words)


def test_renaming_and_removing_state_the_consequence_and_ask(made):
    assert "0 iterations" in made.refused(ExitCode.REFUSED, "rename", "a", "b")
    made.done("rename", "a", "b", "--yes")
    assert [place.name for place in places(made.home)] == ["b"]
    assert "kB" in made.refused(ExitCode.REFUSED, "rm", "b")
    made.done("rm", "b", "--yes")
    assert not places(made.home)


def test_what_cannot_be_done_is_refused_before_it_is_asked_whether_it_is_meant(made):
    with RunFolder(made.home / "runs" / "a").lock_trainer():
        for words in (["rm", "a"], ["rename", "a", "b"]):
            said = made.refused(ExitCode.REFUSED, *words)
            assert "a trainer still writes to run 'a'" in said
            assert "iterations" not in said
    assert "there is a run 'a' already" in made.refused(ExitCode.REFUSED, "rename", "a", "a")
    assert "''" in made.refused(ExitCode.REFUSED, "rename", "a", "")


def test_a_damaged_run_does_not_hide_the_others(made):
    (made.home / "runs" / "bad").mkdir()
    (made.home / "runs" / "bad" / "journal.jsonl").write_text("no journal\n")
    ended = made.run("ls")
    assert ended.returncode == ExitCode.OK
    assert "bad: " in ended.stderr
    assert "a     parked" in ended.stdout
    (made.home / "runs" / "bad" / "journal.jsonl").unlink()
