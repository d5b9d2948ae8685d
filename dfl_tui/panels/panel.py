"""The base of every panel: it shows one view of the model and repaints only the rows that differ.

Textual repaints every cell of a refreshed region, changed or not (facts/console.md 0), so the rows are compared here.
"""

import logging
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from core.wire.console_record import ClientMessage
from dfl_tui.arrange import digit
from dfl_tui.draw.line import Part, between, strip, width_of
from dfl_tui.language import _
from dfl_tui.look import Look, look_of
from dfl_tui.model import Model

LOG = logging.getLogger(__name__)
Shown = TypeVar("Shown")      # a panel's view


class AskAgain(Message):
    """A panel's own state changed so that it wants other data at once."""

    def __init__(self, panel: "Panel[Any]") -> None:
        super().__init__()
        self.panel = panel


class Panel(Widget, Generic[Shown]):
    """Base class. A child gives `select` and `draw`, and `note` and `request` where it has them."""

    ID: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""
    can_focus = True
    titled = True

    def __init__(self) -> None:
        super().__init__(id=self.ID)
        self.look = Look(*([Style()] * len(Look.__slots__)))   # the theme's, once mounted
        self._view: Shown | None = None
        self._rows: list[Strip] = []

    # --- what a child gives
    def select(self, model: Model) -> Shown:
        """The panel's part of the model: frozen and comparable."""
        raise NotImplementedError

    def draw(self, view: Shown, width: int, height: int, look: Look) -> list[Strip]:
        """At most `height` rows, without the title row."""
        raise NotImplementedError

    def note(self, view: Shown) -> str:
        """What stands at the right end of the title row."""
        return ""

    def request(self, model: Model, width: int, height: int) -> ClientMessage | None:
        """The data that the panel needs; the answer comes as `model.answers[ID]`."""
        return None

    def requests(self, model: Model, width: int, height: int) -> dict[str, ClientMessage]:
        """The same for a panel with more than one stream of data."""
        request = self.request(model, width, height)
        return {} if request is None else {self.ID: request}

    def back(self) -> bool:
        """Take one step back inside the panel (end a filter); False where there is none."""
        return False

    # --- what it does with it
    @property
    def view(self) -> Shown | None:
        """The view on screen, None before the first."""
        return self._view

    def show(self, model: Model) -> None:
        """Show the model's present state; costs nothing where the view is the same."""
        view = self.select(model)
        if view != self._view:
            self._view = view
            self.redraw()

    def wanted(self, model: Model) -> dict[str, ClientMessage]:
        """The requests of a panel of this size."""
        width, height = self.room
        return self.requests(model, width, height) if self.display and height > 0 and width > 0 else {}

    @property
    def room(self) -> tuple[int, int]:
        """Cells for `draw`: all but the title row."""
        return self.size.width, self.size.height - self.titled

    def ask_again(self) -> None:
        """Have `request` looked at now."""
        self.post_message(AskAgain(self))

    def redraw(self) -> None:
        """Draw the same view again, after a change of size, look or own state."""
        if self._view is None or not self.is_mounted or not self.size.area:
            return
        rows = self._whole(self._view)
        # Rows that are gone must be cleared too, so both lengths count.
        changed = [y for y in range(max(len(rows), len(self._rows))) if rows[y:y + 1] != self._rows[y:y + 1]]
        self._rows = rows
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        return self._rows[y] if y < len(self._rows) else self._laid(Strip([]))

    def _whole(self, view: Shown) -> list[Strip]:
        width, height = self.room
        try:
            rows = self.draw(view, width, height, self.look)[:height] if height > 0 else []
        except Exception as error:     # one of the five places: the panel says so, the console lives (style.md 2.6)
            LOG.exception("panel=%s", self.ID)
            rows = [strip([(_("this panel cannot be drawn: {error}").format(error=error), self.look.bad)], width)]
        title = [self._title_row(width, self.note(view))] if self.titled else []
        rows = [*title, *rows]
        return [self._laid(row) for row in [*rows, *([Strip([])] * (self.size.height - len(rows)))]]

    def _laid(self, row: Strip) -> Strip:
        """`row` on the screen's background, in exactly the panel's width, with a style on every segment."""
        plain = self.look.plain
        # A segment without a style ends a console under NO_COLOR (facts/console.md 0, fact 6).
        segments = [Segment(text, plain + style if style else plain) for text, style, _control in row]
        return Strip(segments, row.cell_length).adjust_cell_length(self.size.width, plain)

    def _title_row(self, width: int, note: str) -> Strip:
        look = self.look
        style, mark = (look.cursor, "▌") if self.has_focus else (look.title, " ")
        number = f"{digit(self.ID)} " if digit(self.ID) else ""
        name: list[Part] = [(f"{mark}{number}", style), (_(self.TITLE), style), (" ", style)]
        used = width_of(name)
        end: list[Part] = [(f"{note} ", look.pale)] if note else [(" ", look.rule)]
        return between([*name, ("─" * max(width - used - width_of(end) - 1, 0), look.rule)], end, width)

    # --- Textual's events
    def on_mount(self) -> None:
        self.restyle()
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.restyle())

    def restyle(self) -> None:
        """Draw again with the styles of the theme that the app has."""
        self.look = look_of(self.app.theme_variables)
        # All rows differ in colour, also those that nobody draws again.
        self._rows = []
        self.redraw()
        self.refresh()

    def on_resize(self, _event: Resize) -> None:
        self._rows = []
        self.redraw()

    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self.redraw()
