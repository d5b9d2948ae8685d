"""Theme files: ours are whole, wrong ones are named and skipped; what panels draw with follows from them."""

from dataclasses import fields

import pytest
from textual.theme import BUILTIN_THEMES

from dfl_tui.look import Look, look_of
from dfl_tui.theme import ThemeError, read_theme, themes

WHOLE = 'name = "x"\nprimary = "#112233"\nforeground = "#eeeeee"\nbackground = "#000000"\n'


def test_the_shipped_themes_are_a_dark_and_a_light_one():
    found, problems = themes()
    assert problems == []
    assert {theme.name: theme.dark for theme in found} == {"dark": True, "light": False}


def test_both_shipped_themes_name_the_same_colours():
    (dark, light), _problems = themes()
    assert set(dark.variables) == set(light.variables)


@pytest.mark.parametrize(("text", "said"), [
    ("name = ", "cannot be read"), (WHOLE.replace('name = "x"\n', ""), "has no name"),
    (WHOLE + 'accent = "bluish"\n', "accent = 'bluish' is no colour"), (WHOLE + 'glow = "#fff"\n', "no colour glow"),
    (WHOLE + "[variables]\npale = 3\n", "pale = 3 is no colour"), (WHOLE + "variables = 3\n", "must be a table")])
def test_a_wrong_theme_file_is_named_with_the_key(tmp_path, text, said):
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(ThemeError, match=r"theme own\.toml") as caught:
        read_theme(file)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["nord", "textual-light", "dracula"])
def test_a_theme_of_textual_gives_every_style_too(name):
    look = look_of(BUILTIN_THEMES[name].to_color_system().generate())
    assert look.plain.color is not None and look.plain.bgcolor is not None
    assert all(getattr(look, f.name) is not None for f in fields(Look))
