"""Recipes as data: the settings that a run is made with, and the acts that wait for an iteration.

A recipe is a TOML file. It knows no clock, no network and no run; what it asks for goes the way of a person's command.

    help = "One sentence: what it is for."
    [settings]                         # of a run that is made with it; those that a person states win
    batch_size = 8
    [[at]]                             # one act at an iteration
    iteration = 3000
    set = { random_warp = false }      # or: lock = "encoder.*", unlock = "...", backup = "label"
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from core.events.act import Act, LockBlocks, MakeBackup, SetValues, UnlockBlocks
from core.settings.error import RecipeError, SettingError
from core.settings.kind import Value
from core.settings.registry import check, setting

BUILTIN = "core.recipes.builtin"
MOST_BYTES = 64 * 1024    # the largest built-in one is 1 kB
MOST_ACTS = 50            # all of them stand in a run's state until they are carried out
ACTS = ("set", "lock", "unlock", "backup")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe that was read and checked. waiting: acts with the iteration they wait for, rising."""

    name: str
    help: str
    settings: dict[str, Value]
    waiting: tuple[tuple[int, Act], ...]


def names() -> list[str]:
    """The built-in recipes."""
    return sorted(f.name.removesuffix(".toml") for f in files(BUILTIN).iterdir() if f.name.endswith(".toml"))


def load(word: str) -> Recipe:
    """The built-in recipe of that name, or the one in the TOML file of that path. Raises RecipeError."""
    if word in names():
        return parse((files(BUILTIN) / f"{word}.toml").read_text(encoding="utf-8"), word)
    path = Path(word).expanduser()
    if path.suffix != ".toml":
        raise RecipeError(f"there is no recipe {word!r}", hint=f"choose {', '.join(names())}, or give a .toml file")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not text in UTF-8", hint="a recipe is a TOML file") from error
    if len(data) > MOST_BYTES:
        raise RecipeError(f"{path} is larger than {MOST_BYTES:,} bytes", hint="a recipe is a small TOML file")
    return parse(text, path.stem)


def parse(text: str, name: str) -> Recipe:
    """The recipe in `text`. Raises RecipeError that names the place."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"recipe {name} is no TOML: {error}") from error
    unknown = sorted(table.keys() - {"help", "settings", "at"})
    if unknown:
        raise RecipeError(f"recipe {name} has {unknown[0]!r}, which means nothing",
                          hint="write help, settings or [[at]]")
    acts = table.get("at", [])
    if not isinstance(acts, list) or len(acts) > MOST_ACTS:
        raise RecipeError(f"the acts of recipe {name} are not understood",
                          hint=f"write at most {MOST_ACTS} tables [[at]]")
    waiting = [waiting_act(entry, f"recipe {name}, act {number}") for number, entry in enumerate(acts, 1)]
    return Recipe(name, str(table.get("help", "")), values(table.get("settings", {}), f"recipe {name}, settings"),
                  tuple(sorted(waiting, key=lambda pair: pair[0])))


def values(table: object, where: str) -> dict[str, Value]:
    """Settings of the registry, checked."""
    if not isinstance(table, Mapping):
        raise RecipeError(f"{where}: {table!r} is no table", hint="write KEY = VALUE")
    try:
        return {key: check(key, value) for key, value in table.items()}
    except SettingError as error:
        raise RecipeError(f"{where}: {error.message}", hint=error.hint) from error


def waiting_act(entry: object, where: str) -> tuple[int, Act]:
    """One [[at]] table: the iteration, and what is to be done then."""
    if not isinstance(entry, Mapping) or set(entry) - {"iteration"} - set(ACTS) or len(entry) != 2:
        raise RecipeError(f"{where} is not understood", hint=f"write iteration and one of {', '.join(ACTS)}")
    iteration = entry.get("iteration")
    if isinstance(iteration, bool) or not isinstance(iteration, int) or not 0 < iteration < 2**40:
        raise RecipeError(f"{where}: iteration = {iteration!r} is no iteration", hint="give a whole number above 0")
    (word,) = set(entry) - {"iteration"}
    return iteration, act(word, entry[word], where)


def act(word: str, what: object, where: str) -> Act:
    """The act that `word = what` asks for."""
    if word == "set":
        changed = values(what, where)
        for key in changed:
            if setting(key).when == "birth":
                raise RecipeError(f"{where}: {key} is fixed when the run is made", hint="write it under [settings]")
        return SetValues(changed)
    if not isinstance(what, str) or not what:
        raise RecipeError(f"{where}: {word} = {what!r} is no text", hint=f'write {word} = "..."')
    match word:
        case "lock":
            return LockBlocks(what)
        case "unlock":
            return UnlockBlocks(what)
        case _:
            return MakeBackup(what)
