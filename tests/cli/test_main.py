"""Errors of the command line: one sentence, the documented code, no traceback."""

import pytest

from dfl_tui.cli.exit_code import MEANINGS, ExitCode
from dfl_tui.cli.main import run


@pytest.mark.parametrize(("words", "sentence"), [
    (["sett"], "there is no command 'sett': did you mean set?"),
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
