"""A run that does not train: looked into and changed by the real commands, with a supervisor and without a trainer."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.shell import FACES, Shell
from core.run.start import is_alive, places
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
    shell.done("new", "a", "--src", str(FACES / "src"), "--dst", str(FACES / "dst"), "--recipe", "demo", *SAID)
    return shell


def test_a_run_is_made_with_its_consent_and_recipe_and_shown(made):
    shown = made.done("show", "a")
    assert "synthetic (synthetic, said by " in shown
    assert "Ben (licence, said by carol), 96 faces in " in shown
    assert "recipe  demo" in shown
    assert "set random_warp = false" in shown


def test_looking_starts_nothing(made):
    assert made.done("ls").splitlines()[1].split()[:3] == ["a", "parked", "0"]
    assert made.done("status").startswith("a: parked, iteration 0\n")
    assert json.loads(made.done("status", "a", "--json"))["state"] == "parked"
    assert not is_alive(places(made.home)[0])


def test_settings_change_and_are_taken_back_before_the_first_iteration(made):
    made.done("set", "a", "batch_size=4", "lr=1e-3")
    changed = made.done("show", "a").split()
    assert changed[changed.index("batch_size") + 1:][:1] == ["4"]
    assert changed[changed.index("lr") + 1:][:1] == ["0.001"]
    made.done("undo", "a")
    after = made.done("show", "a").split()
    assert "batch_size" not in after
    assert after[after.index("lr") + 1:][:1] == ["0.0004"]


def test_what_waits_for_an_iteration_is_listed(made):
    assert made.done("set", "a", "lr=1e-5", "--at", "500") == "accepted for iteration 500\n"
    assert "at 500" in made.done("show", "a")


def test_refusals_are_one_sentence_with_the_documented_code(made):
    assert "make one with dfl-tui new" in made.refused(ExitCode.NOT_FOUND, "status", "zzz")
    assert "resolution" in made.refused(ExitCode.REFUSED, "set", "a", "resolution=96")
    assert "there are none" in made.refused(ExitCode.NOT_FOUND, "restore", "a", "3")
    assert "resume" in made.refused(ExitCode.REFUSED, "save", "a")
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


def test_renaming_and_removing_state_the_consequence_and_ask(made):
    assert "0 iterations" in made.refused(ExitCode.REFUSED, "rename", "a", "b")
    made.done("rename", "a", "b", "--yes")
    assert [place.name for place in places(made.home)] == ["b"]
    assert "kB" in made.refused(ExitCode.REFUSED, "rm", "b")
    made.done("rm", "b", "--yes")
    assert not places(made.home)


def test_a_damaged_run_does_not_hide_the_others(made):
    (made.home / "runs" / "bad").mkdir()
    (made.home / "runs" / "bad" / "journal.jsonl").write_text("no journal\n")
    ended = made.run("ls")
    assert ended.returncode == ExitCode.OK
    assert "bad: " in ended.stderr
    assert "a     parked" in ended.stdout
    (made.home / "runs" / "bad" / "journal.jsonl").unlink()
