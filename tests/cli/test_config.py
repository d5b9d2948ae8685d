"""The settings table in the terminal."""

import pytest

from core.settings.registry import SETTINGS, parse
from dfl_tui.cli.config import explained
from dfl_tui.cli.main import run
from dfl_tui.telling import shown


def test_every_setting_is_listed_with_its_default(capsys):
    assert run(["config"]) == 0
    out = capsys.readouterr().out
    for s in SETTINGS:
        assert f"{s.key} = {shown(s.default)}" in out


@pytest.mark.parametrize("s", SETTINGS, ids=[s.key for s in SETTINGS])
def test_a_default_can_be_typed_as_it_is_shown(s):
    assert parse(s.key, shown(s.default)) == {s.key: s.default}


@pytest.mark.parametrize("s", SETTINGS, ids=[s.key for s in SETTINGS])
def test_an_explanation_fits_the_terminal_and_says_when_it_changes(s):
    lines = explained(s, 60)
    assert max(map(len, lines)) <= 60
    assert any(line.startswith("changes:") for line in lines)


def test_an_alias_of_the_original_is_understood(capsys):
    assert run(["config", "autobackup_hour"]) == 0
    assert capsys.readouterr().out.startswith("backup_hours\n")
