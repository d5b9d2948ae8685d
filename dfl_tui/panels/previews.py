"""Previews: the fixed faces as the network sees them, in the order that people know: src, src', dst, dst', swap, mask.

A tile is square in pixels, so it is twice as many cells wide as high. Any face can be zoomed to one tile, and an
earlier preview can stand beside the newest one.
"""

import asyncio
import sys
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from textual.strip import Strip

from core.wire.console_record import AskPreview, AskPreviewList, ClientMessage, Preview, PreviewList
from dfl_tui.binding import bindings
from dfl_tui.draw.line import strip
from dfl_tui.draw.mode import DOTS_A_ROW, GAP, MODES
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.message import WholeScreen
from dfl_tui.panels.panel import Panel
from dfl_tui.thread import in_thread

TILES = "dfl_tui.draw.tiles"
AFTER_HISTORY_S = 0.1     # that much later the picture comes, and the history at once
SMALLEST_TILE = 6         # rows; below it a face cannot be told
LEAST_OF_TILE = 2 / 3     # a tile may shrink to that share where all pictures of a face fit side by side then
MOST_ROWS_OF_FACES = 4
SWAP = 4                  # the picture that people look at first
PAIRS = (1, 3, SWAP)      # what is compared over iterations: src', dst', swap; the others hardly change
MODE_NAMES = {"quadrant": "quadrants", "half": "half blocks", "half256": "256 colours", "braille": "braille",
              "ascii": "ASCII"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How tiles lie in the panel: `faces` rows of `across` tiles, `side` rows each; `columns` index the pictures."""

    faces: int
    across: int
    side: int
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What the panel shows of the model: the answer for now, the one for then, and which iterations there are."""

    now: Preview | None
    then: Preview | None
    newest: int | None
    iterations: tuple[int, ...]
    refused: str


def select(model: Model) -> View:
    """The previews' part of the model. Pure."""
    now, then = answer(model, PreviewsPanel.ID), answer(model, PreviewsPanel.THEN)
    listed = answer(model, PreviewsPanel.LIST)
    return View(
        now=now if isinstance(now, Preview) else None,
        then=then if isinstance(then, Preview) else None,
        newest=model.preview,
        iterations=tuple(listed.iterations) if isinstance(listed, PreviewList) else (),
        refused=str(getattr(now, "sentence", "")),
    )


def answer(model: Model, name: str) -> object:
    """What the request of that name last got, or None."""
    got = model.answers.get(name)
    return got.answer if got else None


def tile_layout(width: int, height: int, columns: int, *, pairs: bool = False) -> Layout:
    """Tiles as large as the panel takes: all pictures of a face side by side, else the ones that fit, swap first.

    Rows are a name line and the tile. Fewer, larger tiles win over many small ones: a face must be seen. pairs: every
    picture twice, then and now.
    """
    most = 2 * len(PAIRS) if pairs else columns
    best = fitted(1, width, height, columns, pairs=pairs)
    for faces in range(2, MOST_ROWS_OF_FACES + 1):
        more = fitted(faces, width, height, columns, pairs=pairs)
        if more.side < SMALLEST_TILE:
            break
        if best.across < most and more.across > best.across:
            best = more
    return whole_rows(best, width, columns, most, pairs=pairs)


def whole_rows(best: Layout, width: int, columns: int, most: int, *, pairs: bool) -> Layout:
    """`best`, or the same faces a little smaller where no picture is missing then. Pure."""
    side = ((width + GAP) // most - GAP) // 2
    if best.across >= most or side < max(SMALLEST_TILE, LEAST_OF_TILE * best.side):
        return best
    return Layout(best.faces, most, side, preferred(most, columns, pairs=pairs))


def fitted(faces: int, width: int, height: int, columns: int, *, pairs: bool) -> Layout:
    """The layout for so many faces below each other."""
    step = 2 if pairs else 1
    most = 2 * len(PAIRS) if pairs else columns
    side = height // faces - 1
    across = min(most, (width + GAP) // (2 * side + GAP)) // step * step if side >= 1 else 0
    if across == 0:                       # too narrow for the height: as wide as the panel takes
        side, across = min(side, ((width + GAP) // step - GAP) // 2), step
    return Layout(faces, across, max(side, 1), preferred(across, columns, pairs=pairs))


def preferred(across: int, columns: int, *, pairs: bool = False) -> tuple[int, ...]:
    """Which of src, src', dst, dst', swap, mask are shown when only `across` tiles fit."""
    if pairs:
        return tuple(c for c in PAIRS[-(across // 2):] if c < columns)
    order = {1: (4,), 2: (2, 4), 3: (2, 3, 4), 4: (1, 2, 3, 4), 5: (0, 1, 2, 3, 4)}
    return tuple(c for c in order.get(across, tuple(range(columns))) if c < columns)


def neighbour(known: list[int], then: int | None, direction: int) -> int | None:
    """The earlier preview to compare with, one step from `then`; None = the comparison ends. `known` rises. Pure."""
    if direction < 0:
        before = [i for i in known if then is None or i < then]
        return before[-1] if before else then
    after = [i for i in known if then is not None and i > then]
    return after[0] if after else None


class PreviewsPanel(Panel[View]):
    """The fixed faces. Arrows: page; enter: one tile; comma and full stop: an earlier iteration; c: kind of picture."""

    ID = "previews"
    TITLE = "previews"
    BINDINGS = bindings("previews")
    THEN = "previews.then"
    LIST = "previews.list"

    def __init__(self, mode: str = MODES[0]) -> None:
        super().__init__()
        self.mode = mode
        self._first = 0             # first face shown
        self._tile: int | None = None
        self._then: int | None = None
        self._layout = Layout(1, 1, 1, (SWAP,))
        self._columns = 6
        self._total = 1             # faces that the preview has
        self._known: set[int] = set()
        self._can_draw = TILES in sys.modules
        self._is_loading = False

    def on_mount(self) -> None:
        """The kind of picture that the terminal's colours allow; a screen in a test has no say."""
        self.mode = str(getattr(self.app, "picture_mode", self.mode))

    def select(self, model: Model) -> View:
        return select(model)

    def requests(self, model: Model, width: int, height: int) -> dict[str, ClientMessage]:
        if model.preview is None:
            return {}
        self._settle(width, height)
        side = max(8, self._layout.side * DOTS_A_ROW[self.mode])
        count = self._layout.faces
        wanted: dict[str, ClientMessage] = {
            self.ID: AskPreview(0, model.preview, self._first, count, min(side, 1024)),
        }
        if self._then is not None:
            wanted[self.THEN] = AskPreview(0, self._then, self._first, count, min(side, 1024))
        # The same request each time, so it goes out once a connection.
        wanted[self.LIST] = AskPreviewList(0)           # asked once; later previews are heard of as news
        return wanted

    def draw(self, view: View, width: int, height: int, look: Look) -> list[Strip]:
        self._known |= {*view.iterations, *([] if view.newest is None else [view.newest])}
        if view.now is None:
            text = view.refused or (_("no preview yet: v draws one") if view.newest is None
                                    else _("reading the preview"))
            return [strip([(f" {text}", look.pale)], width)]
        self._columns, self._total = len(view.now.columns), view.now.total
        self._settle(width, height)
        then = view.then if self._then is not None else None
        if not self._can_draw:
            if not self._is_loading:
                self._is_loading = True
                self.run_worker(self._load())
            return [strip([(f" {_('reading the preview')}", look.pale)], width)]
        from dfl_tui.draw.tiles import draw_tiles, picked  # late: see _load

        tiles = picked(view.now, then, self._layout.columns, self._layout.faces)
        return draw_tiles(tiles, self._layout.side, self.mode, width, look.pale, look.plain)

    async def _load(self) -> None:
        """Import what draws pictures once the history is on screen, for NumPy costs as much as all the rest; beside
        the loop, for on a busy machine that takes seconds."""
        await asyncio.sleep(AFTER_HISTORY_S)
        await in_thread(partial(import_module, TILES))
        self._can_draw = True
        self.redraw()

    def _settle(self, width: int, height: int) -> None:
        """The layout for what is chosen, and a page that is full where there are faces enough."""
        if self._tile is None:
            self._layout = tile_layout(width, height, self._columns, pairs=self._then is not None)
        else:
            shown = 1 if self._then is None else 2
            side = min(height - 1, (width - GAP * (shown - 1)) // (2 * shown))
            self._layout = Layout(1, shown, max(side, 1), (min(self._tile, self._columns - 1),))
        self._first = max(0, min(self._first, self._total - self._layout.faces))

    def note(self, view: View) -> str:
        if not isinstance(view, View) or view.now is None:
            return ""
        last = min(self._first + self._layout.faces, view.now.total)
        pages = f"{self._first + 1}" if last == self._first + 1 else f"{self._first + 1}-{last}"
        faces = _("face {n} of {all}").format(n=pages, all=view.now.total) if view.now.total > 1 else ""
        if self._then is not None:
            when = _("{then} beside {now}").format(then=f"{self._then:,}", now=f"{view.now.iteration:,}")
        else:
            when = _("iteration {n}").format(n=f"{view.now.iteration:,}")
        return "  ".join(part for part in (_(MODE_NAMES[self.mode]), faces, when) if part)

    def back(self) -> bool:
        if self._tile is not None:
            self.action_tile()
            return True
        if self._then is not None:
            self._then = None
            self.ask_again()
            self.redraw()
            return True
        return False

    def action_mode(self) -> None:
        """The next kind of picture: quadrants, half blocks, 256 colours, braille, ASCII."""
        self.mode = MODES[(MODES.index(self.mode) + 1) % len(MODES)]
        self.ask_again()
        self.redraw()

    def action_page_left(self) -> None:
        """The faces before."""
        self._turn(-1)

    def action_page_right(self) -> None:
        """The faces after."""
        self._turn(+1)

    def _turn(self, direction: int) -> None:
        view = self.view
        total = view.now.total if isinstance(view, View) and view.now else 1
        if self._tile is not None:                       # one tile: through the pictures of the face, then the faces
            column = self._tile + direction
            if 0 <= column < self._columns:
                self._tile = column
                self.redraw()
                return
            # Past the last picture of a face comes the first one of the next.
            self._tile = 0 if direction > 0 else self._columns - 1
        step = 1 if self._tile is not None else self._layout.faces
        self._first = max(0, min(self._first + direction * step, total - 1))
        self.ask_again()
        self.redraw()

    def action_tile(self) -> None:
        """One tile on the whole screen, or all of them again."""
        self._tile = min(SWAP, self._columns - 1) if self._tile is None else None
        self.post_message(WholeScreen(self, is_wanted=self._tile is not None))
        self.ask_again()
        self.redraw()

    def action_earlier(self) -> None:
        """An earlier preview beside the newest one."""
        self._step_back(-1)

    def action_later(self) -> None:
        """A later one; at the newest the comparison ends."""
        self._step_back(+1)

    def _step_back(self, direction: int) -> None:
        view = self.view
        if not isinstance(view, View) or view.newest is None:
            return
        self._then = neighbour(sorted(self._known - {view.newest}), self._then, direction)
        self.ask_again()
        self.redraw()
