"""Textual bindings from the key table."""

from collections.abc import Iterable

from textual.binding import Binding, BindingType

from dfl_tui.keys import KEYS, Key
from dfl_tui.language import _

# Keys of the whole program; the others of "everywhere" belong to the screen of a run.
PROGRAM = ("help", "palette", "detach", "theme", "redraw", "runs", "new-run")


def bindings(where: str) -> list[BindingType]:
    """The bindings of a panel or list."""
    return made(key for key in KEYS if key.where == where)


def program_bindings() -> list[BindingType]:
    """What every screen has."""
    return made(key for key in KEYS if key.where == "everywhere" and key.id in PROGRAM)


def run_bindings() -> list[BindingType]:
    """What the screen of a run has, and panels' keys that act from everywhere: `for_panel('chart', 'log')`."""
    own = made(key for key in KEYS if key.where == "everywhere" and key.id not in PROGRAM)
    return own + [binding(one, key, f"for_panel('{key.where}', '{key.action}')")
                  for key in KEYS if key.anywhere for one in key.keys]


def made(keys: Iterable[Key]) -> list[BindingType]:
    """A binding for every key of these rows."""
    return [binding(one, key, key.action) for key in keys for one in key.keys]


def binding(one: str, key: Key, action: str) -> Binding:
    """Not shown by Textual's footer, for ours is drawn from the table. ctrl+c and ctrl+q leave from inside an input."""
    return Binding(one, action, _(key.help), show=False, priority=one in ("ctrl+c", "ctrl+q"),
                   id=f"{key.where}.{key.id}")
