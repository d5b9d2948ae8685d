"""A panel of rows with a cursor, scrolling and a filter: lock tree, events, runs, saves, settings, log."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.style import Style
from textual.events import Click
from textual.strip import Strip

from dfl_tui.binding import bindings
from dfl_tui.draw.line import Part, between, clean, strip, width_of
from dfl_tui.language import _, counted
from dfl_tui.look import Look
from dfl_tui.panels.panel import Panel, Shown


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `key` is its identity over time, `left` and `right` its parts, `text` what the filter looks at."""

    key: str
    left: tuple[Part, ...]
    right: tuple[Part, ...] = ()
    text: str = field(default="")

    def matches(self, words: Sequence[str]) -> bool:
        """Whether every word occurs."""
        text = (self.text or "".join(part for part, _style in (*self.left, *self.right))).lower()
        return all(word in text for word in words)


def scrolled(offset: int, cursor: int, count: int, height: int) -> int:
    """The first row shown so that the cursor is seen, moved as little as possible."""
    offset = min(offset, max(count - height, 0))
    return min(max(offset, cursor - height + 1), cursor) if height > 0 else 0


class Listing(Panel[Shown]):
    """A child gives `rows`; the cursor stays on its row while others come and go, at the end it follows the end."""

    BINDINGS = bindings("lists")
    follows = False      # begins at the last row, and stays there while rows are added

    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        self._shown: list[Row] = []
        self._cursor = 0
        self._key = ""
        self._offset = 0
        self._at_end = self.follows

    def rows(self, view: Shown, look: Look, width: int) -> list[Row]:
        """All rows of the view."""
        raise NotImplementedError

    def draw(self, view: Shown, width: int, height: int, look: Look) -> list[Strip]:
        words = self.words.lower().split()
        self._shown = [row for row in self.rows(view, look, width) if not words or row.matches(words)]
        self._settle()
        self._offset = scrolled(self._offset, self._cursor, len(self._shown), height)
        visible = self._shown[self._offset:self._offset + height]
        if not visible and words:
            return [strip([(f" {_('no row has the words')} {self.words}", look.pale)], width)]
        return [self._strip(row, i + self._offset == self._cursor, width, look) for i, row in enumerate(visible)]

    def note(self, view: Shown) -> str:
        return self.filter_note()

    def filter_note(self) -> str:
        """The filter and how many rows it leaves, "" without one."""
        if self.words:
            return _("only {words}: {n}").format(words=clean(self.words), n=len(self._shown))
        return ""

    def back(self) -> bool:
        if not self.words:
            return False
        self.words = ""
        self.redraw()
        return True

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._shown[self._cursor] if self._cursor < len(self._shown) else None

    def go_to(self, key: str) -> None:
        """Put the cursor on the row with that key, if there is one."""
        self._key, self._at_end = key, False
        self.redraw()

    def _settle(self) -> None:
        """The cursor's index, after the rows may have changed."""
        last = max(len(self._shown) - 1, 0)
        keys = [row.key for row in self._shown]
        # Who stands at the end wants to see what comes; who has moved away wants to stay there.
        if self._at_end and self.follows:
            self._cursor = last
        elif self._key in keys:
            self._cursor = keys.index(self._key)
        self._cursor = min(self._cursor, last)
        if keys:
            self._key = keys[self._cursor]

    def _strip(self, row: Row, is_current: bool, width: int, look: Look) -> Strip:
        mark = ("▌" if is_current and self.has_focus else " ", look.cursor)
        # the right end is given up where it takes what the left needs, unless it is short
        room = width - width_of(row.left) - 4
        right = [*row.right, (" ", look.plain)] if width_of(row.right) <= max(room, width // 6) else []
        line = between([mark, *row.left], right, width) if row.right and right else strip([mark, *row.left], width)
        if not (is_current and self.has_focus):
            return line
        # The cursor is seen without colour by its bar; the ground only makes it faster to find.
        filled = line.adjust_cell_length(width, look.chosen)
        return filled.apply_style(Style(bgcolor=look.chosen.bgcolor))

    def _move_to(self, index: int) -> None:
        last = len(self._shown) - 1
        if last < 0:
            return
        self._cursor = min(max(index, 0), last)
        self._at_end = self._cursor == last
        self._key = self._shown[self._cursor].key
        self.redraw()

    def action_down(self) -> None:
        """One row down."""
        self._move_to(self._cursor + 1)

    def action_up(self) -> None:
        """One row up."""
        self._move_to(self._cursor - 1)

    def action_page_down(self) -> None:
        """One page down."""
        self._move_to(self._cursor + max(self.room[1] - 1, 1))

    def action_page_up(self) -> None:
        """One page up."""
        self._move_to(self._cursor - max(self.room[1] - 1, 1))

    def action_first(self) -> None:
        """To the first row."""
        self._move_to(0)

    def action_last(self) -> None:
        """To the last row."""
        self._move_to(len(self._shown) - 1)

    def action_filter(self) -> None:
        """Ask for the words that rows must have."""
        from dfl_tui.screens.prompt import Prompt  # late: Input is loaded when something is typed

        def use(words: str | None) -> None:
            if words is not None:
                self.words = words
                self.redraw()

        self.app.push_screen(Prompt(_("Show rows with these words"), value=self.words, empty=True), use)

    def on_click(self, event: Click) -> None:
        """The row under the pointer gets the cursor."""
        y = event.y - self.titled
        if 0 <= y < len(self._shown) - self._offset:
            self._move_to(self._offset + y)

    def on_mouse_scroll_down(self) -> None:
        """Three rows down."""
        self._move_to(self._cursor + 3)

    def on_mouse_scroll_up(self) -> None:
        """Three rows up."""
        self._move_to(self._cursor - 3)

    def count_note(self, one: str, many: str) -> str:
        """How many rows there are, or are left by the filter."""
        return self.filter_note() or counted(one, many, len(self._shown))
