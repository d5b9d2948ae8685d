"""The keys: those of the focused panel first, then all others, from the one table."""

from dfl_tui.draw.line import fit
from dfl_tui.keys import HEADINGS, KEYS, Key, shown
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.listing import Listing, Row
from dfl_tui.screens.list_screen import ListScreen

KEY_CELLS = 16


def places(focused: str) -> list[str]:
    """The places in the order of help: where the focus is, then everywhere, then the others. Pure."""
    order = dict.fromkeys([focused, "everywhere", *(key.where for key in KEYS)])
    return [where for where in order if where in HEADINGS]


def key_row(key: Key, look: Look) -> Row:
    """One key. Pure."""
    names = " ".join(shown(one) for one in key.keys)
    asks = _(" Asks first.") if key.dialog else ""
    return Row(f"{key.where}.{key.id}", ((f"  {fit(names, KEY_CELLS)}", look.accent),
                                         (_(key.help) + asks, look.text)))


class HelpList(Listing[tuple[str, ...]]):
    """All keys under their headings."""

    ID = "help"
    TITLE = "keys"

    def __init__(self, focused: str) -> None:
        super().__init__()
        self._focused = focused

    def select(self, model: Model) -> tuple[str, ...]:
        return tuple(places(self._focused))

    def rows(self, view: tuple[str, ...], look: Look, width: int) -> list[Row]:
        rows: list[Row] = []
        for where in view:
            rows.append(Row(where, ((_(HEADINGS[where]), look.strong),)))
            rows += [key_row(key, look) for key in KEYS if key.where == where]
        return rows


class HelpScreen(ListScreen):
    """`?`"""

    def __init__(self, focused: str) -> None:
        super().__init__(None, HelpList(focused))
