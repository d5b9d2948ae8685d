"""The tab bar of a small screen, and the footer: the keys that matter where the focus is."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.strip import Strip

from dfl_tui.arrange import PANELS, digit
from dfl_tui.draw.line import Part, strip, width_of, wrapped
from dfl_tui.keys import Key, key_of, keys_at, shown
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.panel import Panel
from dfl_tui.phase import phase_of

MOST_KEYS = 8
PANEL_KEYS = 3
NAMES = {"stages": "stages", "locks": "locks", "chart": "loss", "previews": "previews", "series": "series",
         "events": "events", "system": "machine"}


@dataclass(frozen=True, slots=True)
class Hint:
    """One key of the footer."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class FooterView:
    """The footer's keys."""

    hints: tuple[Hint, ...]


def hints(model: Model, focused: str, zoomed: str, tabs: bool) -> tuple[Hint, ...]:
    """The keys that matter now: those of the focused panel, then the run's, then the way out. Pure."""
    own: dict[str, Key] = {}
    for key in keys_at(focused):
        own.setdefault(key.label, key)      # left and right share a word: one of them is enough
    mine = list(own.values())[:PANEL_KEYS]
    run = [key_of("everywhere", key_id) for key_id in ("pause", "save", "settings", "undo")]
    ways = [key_of("everywhere", key_id) for key_id in (("back",) if zoomed else ()) + ("help", "detach")]
    chosen = [*mine[:PANEL_KEYS - tabs], *run][:MOST_KEYS - len(ways) - tabs] + ways
    digits = (Hint(f"1-{len(PANELS)}", _("panels")),) if tabs else ()
    return (*digits, *(Hint(shown(key.keys[0]), label(key, model)) for key in chosen))


def label(key: Key, model: Model) -> str:
    """The key's word; pause is "go on" where nothing trains."""
    if key.id == "pause" and phase_of(model).word not in ("training", "saving", "starting", "trial step"):
        return _("go on")
    return _(key.label)


class FooterPanel(Panel[FooterView]):
    """The last row. The screen sets `focused`, `zoomed` and `has_tabs`."""

    ID = "footer"
    can_focus = False
    focused = ""
    zoomed = ""
    has_tabs = False

    def select(self, model: Model) -> FooterView:
        return FooterView(hints(model, self.focused, self.zoomed, self.has_tabs))

    def draw(self, view: FooterView, width: int, height: int, look: Look) -> list[Strip]:
        parts: list[Part] = []
        for hint in view.hints:
            more: list[Part] = [(f" {hint.key}", look.accent), (f" {hint.label} ", look.pale)]
            if width_of(parts) + width_of(more) <= width:
                parts += more
        return [strip(parts, width)]


@dataclass(frozen=True, slots=True)
class TabsView:
    """Which tab is open; "" is the overview."""

    tab: str


class TabsPanel(Panel[TabsView]):
    """The names of the panels with their digits. The screen sets `tab`."""

    ID = "tabs"
    can_focus = False
    tab = ""

    def select(self, model: Model) -> TabsView:
        return TabsView(self.tab)

    def draw(self, view: TabsView, width: int, height: int, look: Look) -> list[Strip]:
        parts = tab_parts(view.tab, PANELS, look)
        rest = max(width - width_of(parts) - 1, 0)
        return [strip([*parts, (" " + "─" * rest, look.rule)], width)]


def tab_parts(tab: str, names: Sequence[str], look: Look) -> list[Part]:
    """The tabs; the open one stands in brackets, so that it is seen without colour."""
    parts: list[Part] = []
    for name in names:
        text = f"{digit(name)} {_(NAMES[name])}"
        parts.append((f"[{text}]", look.cursor) if name == tab else (f" {text} ", look.pale))
    return parts


class SmallPanel(Panel[TabsView]):
    """What a terminal that is too small shows."""

    ID = "small"
    can_focus = False

    def select(self, model: Model) -> TabsView:
        return TabsView("")

    def draw(self, view: TabsView, width: int, height: int, look: Look) -> list[Strip]:
        text = _("This terminal is {w}x{h}, too small: the console needs 80x24. The training goes on.").format(
            w=width, h=height)
        return [strip([(line, look.warn)], width) for line in wrapped(text, max(width, 1))]
