"""A full screen with one list, more about its row under the cursor, and its keys: settings, saves, log, runs, help."""

from typing import Any, ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.strip import Strip

from dfl_tui.draw.line import Part, strip, width_of, wrapped
from dfl_tui.keys import keys_at, shown
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.listing import Listing
from dfl_tui.panels.panel import Panel
from dfl_tui.screens.model_screen import ModelScreen
from dfl_tui.session import Session

Paragraphs = tuple[tuple[str, str], ...]


class KeysLine(Panel[str]):
    """The last row: the list's own keys and the way back."""

    ID = "keys"
    can_focus = False
    titled = False

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where

    def select(self, model: Model) -> str:
        return self._where

    def draw(self, view: str, width: int, height: int, look: Look) -> list[Strip]:
        parts: list[Part] = []
        own = [(shown(key.keys[0]), key.label) for key in keys_at(self._where)]
        more_keys = [("n", "new run")] if self._where == "runs" else []
        for key, label in [*own, *more_keys, ("/", "filter"), ("esc", "back"), ("?", "help"), ("q", "detach")]:
            more: list[Part] = [(f" {key}", look.accent), (f" {_(label)} ", look.pale)]
            if width_of(parts) + width_of(more) <= width:
                parts += more
        return [strip(parts, width)]


class Detail(Panel[Paragraphs]):
    """Text about the row under the cursor, wrapped."""

    ID = "detail"
    can_focus = False
    titled = False

    def __init__(self) -> None:
        super().__init__()
        self._lines: Paragraphs = ()

    def tell(self, *lines: tuple[str, str]) -> None:
        """Show these paragraphs: (name of a style of Look, text)."""
        self._lines = lines
        self._view = lines
        self.redraw()

    def select(self, model: Model) -> Paragraphs:
        return self._lines

    def draw(self, view: Paragraphs, width: int, height: int, look: Look) -> list[Strip]:
        rows: list[Strip] = [strip([("─" * width, look.rule)], width)]
        for name, text in self._lines:
            style: Style = getattr(look, name)
            rows += [strip([(f" {line}", style)], width) for line in wrapped(text, max(width - 2, 1))]
        return rows


class ListScreen(ModelScreen, inherit_bindings=False):
    """A child makes the list; `detail_rows` rows under it tell more about the row under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", show=False)]
    detail_rows = 0

    def __init__(self, session: Session | None, listing: Listing[Any]) -> None:
        super().__init__(session)
        self.listing = listing
        self.detail = Detail()

    def compose(self) -> ComposeResult:
        yield self.listing
        yield self.detail
        yield KeysLine(self.listing.ID)

    def on_mount(self) -> None:
        """Place and fill."""
        self._place()
        self.listing.focus()

    def on_resize(self, _event: Resize) -> None:
        """Another size of the terminal."""
        self._place()

    def _place(self) -> None:
        # Placed by hand, as on the run's screen: the rows are counted, and nothing has to be measured.
        width, height = self.app.size
        body = height - 1 - self.detail_rows
        for panel, y, rows in ((self.listing, 0, body), (self.detail, body, self.detail_rows),
                               (self.query_one(KeysLine), height - 1, 1)):
            panel.styles.offset = (0, y)
            panel.styles.width, panel.styles.height = width, max(rows, 0)
            panel.display = rows > 0
        self.show_model(self.model)

    def action_back(self) -> None:
        """End the filter, else close the screen."""
        if not self.listing.back():
            self.app.pop_screen()
