"""Themes are TOML files in the package `themes`; a wrong file is said and skipped, the console opens without it."""

import tomllib
from dataclasses import fields
from importlib.resources import files
from importlib.resources.abc import Traversable

from textual.color import Color, ColorParseError
from textual.theme import Theme

from core.settings.error import DflTuiError
from dfl_tui.language import _

NOT_COLOURS = ("name", "dark", "variables")
COLOURS = tuple(f.name for f in fields(Theme) if "str" in str(f.type) and f.name not in NOT_COLOURS)
NEEDED = ("name", "primary", "foreground", "background")


class ThemeError(DflTuiError):
    """A theme file that cannot be used."""


def themes() -> tuple[list[Theme], list[str]]:
    """The themes that are there, and a sentence for each file that is none."""
    found: list[Theme] = []
    problems: list[str] = []
    for file in sorted(files("themes").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            try:
                found.append(read_theme(file))
            except ThemeError as error:
                problems.append(str(error))
    return found, problems


def read_theme(file: Traversable) -> Theme:
    """The theme in `file`. Raises ThemeError, naming the key that is wrong."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ThemeError(_("theme {file} cannot be read: {why}").format(file=file.name, why=error),
                         hint=_("mend or remove the file")) from error
    for key in NEEDED:
        if not isinstance(table.get(key), str):
            raise ThemeError(_("theme {file} has no {key}").format(file=file.name, key=key),
                             hint=_("add {key} = \"...\"").format(key=key))
    variables = table.get("variables", {})
    if not isinstance(variables, dict) or not isinstance(table.get("dark", True), bool):
        raise ThemeError(_("theme {file}: variables must be a table and dark true or false").format(file=file.name))
    colours = {key: value for key, value in table.items() if key not in NOT_COLOURS}
    for key, value in (colours | variables).items():
        if key in colours and key not in COLOURS:
            raise ThemeError(_("theme {file}: there is no colour {key}").format(file=file.name, key=key),
                             hint=_("known are {names}").format(names=", ".join(COLOURS)))
        check_colour(file.name, key, value)
    return Theme(name=table["name"], dark=table.get("dark", True), variables=variables, **colours)


def check_colour(file: str, key: str, value: object) -> None:
    """Raises ThemeError where `value` is no colour."""
    try:
        Color.parse(str(value))
    except ColorParseError as error:
        raise ThemeError(_("theme {file}: {key} = {value} is no colour").format(file=file, key=key, value=repr(value)),
                         hint=_("write \"#rrggbb\"")) from error
