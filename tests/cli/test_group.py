import click
import pytest

from dfl_tui.cli.call import Call
from dfl_tui.cli.group import ENTRIES, SECTIONS, dfl_tui


def command(name: str) -> click.Command:
    found = dfl_tui.get_command(click.Context(dfl_tui), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ENTRIES)
def test_the_line_in_the_table_is_the_first_sentence_of_the_commands_own_help(name):
    assert command(name).get_short_help_str(limit=200).rstrip(".") == ENTRIES[name].help.rstrip(".")


@pytest.mark.parametrize("name", ENTRIES)
def test_every_command_takes_home_and_verbose_and_has_help(name):
    options = {option for parameter in command(name).params for option in parameter.opts}
    assert {"--home", "-v", "--verbose"} <= options
    assert command(name).help


def test_no_command_stands_in_two_sections():
    assert sum(map(len, SECTIONS.values())) == len(ENTRIES)


@pytest.mark.parametrize("words", [["--home", "/one", "config"], ["config", "--home", "/one"],
                                   ["--home", "/two", "config", "--home", "/one"]])
def test_home_is_taken_before_and_after_the_command_and_the_later_one_wins(words, capsys):
    call = Call()
    dfl_tui.main([*words, "lr"], standalone_mode=False, obj=call)
    assert str(call.home) == "/one"
    assert "Learning rate" in capsys.readouterr().out
