"""The recipe language: TOML in, a `Recipe` out; every mistake is a sentence that names its place.

A recipe states settings stage by stage. The first stage's settings are the run's birth; the others take effect when the
stage before has had its iterations. It knows no run, no clock and no network; a part of the language that this version
does not have is refused, never skipped.
"""

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from core.recipes.condition import Comparison, Number, Reading
from core.recipes.condition_parser import parse_condition
from core.recipes.recipe import Recipe, Stage
from core.settings.error import RecipeError, SettingError
from core.settings.family import MODELS, SAEHD
from core.settings.kind import Value
from core.settings.registry import BY_KEY, birth_settings, check, check_together

MAX_RECIPE_BYTES = 64 * 1024      # a recipe of 40 stages is 11 kB
MAX_STAGES = 60                   # all later stages of a run wait in its welcome message
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,63}")
LEAVE_HINT = 'this version knows leave = "iterations >= N" only'


def names() -> list[str]:
    """The built-in recipes."""
    return sorted(f.name.removesuffix(".toml") for f in files("core.recipes.builtin").iterdir()
                  if f.name.endswith(".toml"))


def load(name_or_path: str) -> Recipe:
    """A built-in recipe by its name, or one from a file. Raises RecipeError."""
    if name_or_path in names():
        text = (files("core.recipes.builtin") / f"{name_or_path}.toml").read_text(encoding="utf-8")
        return parse(text, f"{name_or_path}.toml")
    path = Path(name_or_path)
    if not path.is_file():
        raise RecipeError(f"there is no recipe {name_or_path!r}",
                          hint=f"built in are {', '.join(names())}; or give the path of a TOML file")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_RECIPE_BYTES + 1)
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"the recipe {path} cannot be read: {error}") from error
    if len(data) > MAX_RECIPE_BYTES:
        raise RecipeError(f"{path} has more than {MAX_RECIPE_BYTES:,} bytes", hint="is it a recipe?")
    return parse(text, path.name)


def parse(text: str, place: str) -> Recipe:
    """The recipe that `text` states; `place` is how messages call it, "demo.toml". Raises RecipeError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{place} is no TOML: {error}") from error
    only(table, ("recipe", "stage"), place)
    head = table_in(table, "recipe", place)
    only(head, ("name", "for", "about"), f"{place}, [recipe]")
    entries = table.get("stage")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_STAGES:
        raise RecipeError(f"{place} has no stages", hint=f"write 1 to {MAX_STAGES} tables [[stage]]")
    stages = tuple(stage_of(entry, number, is_last=number == len(entries), place=place)
                   for number, entry in enumerate(entries, start=1))
    recipe = Recipe(text_in(head, "name", f"{place}, [recipe]", NAME), suits_in(head, f"{place}, [recipe]"),
                    text_in(head, "about", f"{place}, [recipe]"), stages)
    check_stages(recipe, place)
    return recipe


def stage_of(entry: object, number: int, *, is_last: bool, place: str) -> Stage:
    """One [[stage]]."""
    where = f"{place}, stage {number}"
    if not isinstance(entry, dict):
        raise RecipeError(f"{where} is no table", hint="write [[stage]]")
    where += f" ({entry['name']!r})" if isinstance(entry.get("name"), str) else ""
    only(entry, ("name", "set", "leave"), where)
    settings = {key: value_of(key, value, where) for key, value in table_in(entry, "set", where).items()}
    return Stage(text_in(entry, "name", where, NAME), settings, length_of(entry, where, is_last=is_last))


def value_of(key: str, value: object, where: str) -> Value:
    """A setting's value, checked by the registry."""
    try:
        if isinstance(value, int) and not isinstance(value, bool) and isinstance(BY_KEY[key].default, float):
            value = float(value)  # TOML tells 1 and 1.0 apart, people do not
        return check(key, value)
    except (SettingError, KeyError) as error:
        if isinstance(error, KeyError):
            raise RecipeError(f"{where}: there is no setting {key!r}", hint="see dfl-tui config") from error
        raise RecipeError(f"{where}: {error.message}", hint=error.hint) from error


def length_of(entry: Mapping[str, Any], where: str, *, is_last: bool) -> int | None:
    """The iterations of a stage, from its `leave`."""
    leave = entry.get("leave")
    if leave is None and is_last:
        return None
    if leave is None:
        raise RecipeError(f"{where} has no end, and there are stages after it", hint='add leave = "iterations >= N"')
    count = count_of(leave, where)
    if is_last:
        raise RecipeError(f"{where} is the last and is left for nothing", hint="use target_iter to end the run")
    if count < 1:
        raise RecipeError(f"{where}: leave = {leave!r} is true before the stage begins", hint="give 1 or more")
    return count


def count_of(leave: object, where: str) -> int:
    """The N of `iterations >= N`, the one condition that this version leaves a stage by."""
    if not isinstance(leave, str):
        raise RecipeError(f"{where}: leave = {leave!r} is no text", hint=LEAVE_HINT)
    match parse_condition(leave, f"{where}, leave"):
        case Comparison(Reading("iterations"), ">=", Number(count)) if count.is_integer():
            return int(count)
    raise RecipeError(f"{where}: leave = {leave!r} waits for more than a count", hint=LEAVE_HINT)


def check_stages(recipe: Recipe, place: str) -> None:
    """What no stage can say alone: what the families take, shapes that fit each other, and changes that may be made."""
    for number, stage in enumerate(recipe.stages[1:], start=2):
        where = f"{place}, stage {number} ({stage.name!r})"
        if not stage.settings:
            raise RecipeError(f"{where} sets nothing", hint="leave it out")
        for key in stage.settings:
            if BY_KEY[key].when != "live":
                raise RecipeError(f"{where}: {key} cannot change while a run trains", hint="set it in the first stage")
    for model in recipe.suits:
        check_settings(recipe, model, place)


def check_settings(recipe: Recipe, model: str, place: str) -> None:
    """The settings of each stage in turn, as a run of that family has them. A first stage that names its own model is
    checked with it."""
    settings = birth_settings(recipe.birth({} if "model" in recipe.settings else {"model": model}))
    for number, stage in enumerate(recipe.stages, start=1):
        settings |= stage.settings
        try:
            check_together(settings)
        except SettingError as error:
            raise RecipeError(f"{place}, stage {number}: {error.message}", hint=error.hint) from error


# --- pieces of a table ------------------------------------------------------------------------------------------------
def only(table: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    """Refuse keys that this version does not know: a recipe must not be half understood."""
    for key in table:
        if key not in allowed:
            raise RecipeError(f"{where}: {key!r} is not understood", hint=f"this version knows {', '.join(allowed)}")


def table_in(table: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """The table under `key`."""
    found = table.get(key)
    if not isinstance(found, dict):
        raise RecipeError(f"{where} has no table {key!r}")
    return found


def text_in(table: Mapping[str, Any], key: str, where: str, pattern: re.Pattern[str] | None = None) -> str:
    """The text under `key`."""
    found = table.get(key)
    if not isinstance(found, str) or not found.strip() or not found.isprintable():
        raise RecipeError(f"{where}: {key} must be one line of text")
    if pattern is not None and not pattern.fullmatch(found):
        raise RecipeError(f"{where}: {key} = {found!r}", hint="use up to 64 letters, digits, spaces and . _ -")
    return found


def suits_in(table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """The families of models under `for`."""
    found = table.get("for", [SAEHD])
    is_list = isinstance(found, list) and found and all(model in MODELS for model in found)
    if not is_list or len(set(found)) < len(found):
        raise RecipeError(f"{where}: for = {found!r}", hint=f"list some of {', '.join(MODELS)}, each once")
    return tuple(found)
