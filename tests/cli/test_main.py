"""Errors of the command line: one sentence, the documented code, no traceback."""

import shutil
from pathlib import Path

import click
import pytest

from core.settings.error import RefusedError, SettingError, StoreError, WireError
from dfl_tui.cli.exit_code import MEANINGS, ExitCode
from dfl_tui.cli.failure import NotFoundError, RunFailedError, code_of
from dfl_tui.cli.main import run

FACES = Path(__file__).parents[1] / "data" / "faces"


@pytest.mark.parametrize(("words", "sentence"), [
    (["sett"], "there is no command 'sett': did you mean set?\n"),
    (["config", "--foo"], "no such option"),
    (["config", "lrr"], "there is no setting 'lrr': did you mean lr?"),
    (["completion", "tcsh"], "is not one of"),
    (["set", "demo", "lr"], "'lr' sets nothing: write KEY=VALUE"),
    (["set", "demo", "lr=2"], "out of range: give 0 to 1"),
])
def test_a_wrong_command_line_is_one_sentence_and_code_2(words, sentence, capsys):
    assert run(words) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("dfl-tui: ")
    assert sentence in said.err
    assert said.err.count("\n") == 1


def test_every_exit_code_has_a_meaning():
    assert set(MEANINGS) == set(ExitCode)


def test_help_and_version_end_well(capsys):
    assert run(["--help"]) == ExitCode.OK
    assert run(["--version"]) == ExitCode.OK
    assert "dfl-tui 0." in capsys.readouterr().out


def test_an_error_is_one_line_that_no_terminal_obeys(capsys, tmp_path):
    folder = tmp_path / "a\x1b[31m\nb"
    folder.mkdir()
    assert run(["faces", "check", str(folder)]) == ExitCode.FAILED
    said = capsys.readouterr().err
    assert said.endswith("\n")
    assert said.rstrip("\n").isprintable()
    assert "holds no usable face" in said
    assert run(["export", "demo", str(tmp_path / "out")]) == ExitCode.USAGE     # click lists choices in lines
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_whose_name_is_an_escape_sequence_is_told_without_it(capsys, tmp_path):
    folder = tmp_path / "a\x1b[31m\x07b"       # click itself takes colours out where there is no terminal
    shutil.copytree(FACES, folder, ignore=shutil.ignore_patterns("*.pak", "*.npz"))
    assert run(["faces", "check", str(folder)]) == ExitCode.OK
    assert all(line.isprintable() for line in capsys.readouterr().out.split("\n"))


@pytest.mark.parametrize(("kind", "code"), [(StoreError, 1), (SettingError, 2), (NotFoundError, 3), (RefusedError, 4),
                                            (RunFailedError, 5), (WireError, 6)])
def test_scripts_can_tell_by_the_code_what_kind_of_error_it_was(kind, code):
    assert code_of(kind("x")) == code


def test_what_the_system_refuses_is_told_with_the_file_that_it_was(capsys, monkeypatch):
    def full(*_words, **_options):
        raise OSError(28, "No space left on device", "/full/file")

    monkeypatch.setattr(click, "echo", full)
    assert run(["keys"]) == ExitCode.FAILED
    assert capsys.readouterr().err == "dfl-tui: /full/file: No space left on device\n"
