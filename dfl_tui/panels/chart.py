"""The loss chart: src and dst, smoothed and raw, with a mark for each event and a cursor that tells what happened.

Knows the model and how it wants its history; the curves themselves are drawn by dfl_tui/draw/chart.py.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, nan

from rich.style import Style
from textual.strip import Strip

from core.events.event import (
    BackedUp,
    Ended,
    Event,
    FacesChanged,
    Grown,
    Locked,
    Paused,
    Resumed,
    RolledBack,
    SettingsChanged,
    Started,
    Stopped,
    Unlocked,
    Warned,
)
from core.wire.console_record import AskHistory, ClientMessage, History
from dfl_tui.binding import bindings
from dfl_tui.draw.chart import Frame, Mark, Series, draw_chart, plot_cells, smoothed
from dfl_tui.draw.chart import Look as ChartLook
from dfl_tui.draw.line import strip
from dfl_tui.draw.number import short
from dfl_tui.history import doubles
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.panel import Panel
from dfl_tui.telling import author, is_calm_end, told

RANGES: tuple[int | None, ...] = (5_000, 10_000, 50_000, None)   # None = all; the original's own steps
SHOWN = ("src", "dst")
NEAR_CELLS = 1.5          # an event this close to the cursor is the one it tells

# What stands on the chart for an event; the words are in the cursor's line and in the event log.
GLYPHS: dict[type, str] = {
    SettingsChanged: "◆", Locked: "■", Unlocked: "□", BackedUp: "▲", RolledBack: "◀", Ended: "✖", Started: "▶",
    Stopped: "●", Paused: "‖", Resumed: "▶", Warned: "!", FacesChanged: "◇", Grown: "⤢",
}


@dataclass(frozen=True, slots=True)
class Point:
    """An event as the chart needs it."""

    iteration: int
    glyph: str
    sentence: str
    is_bad: bool


@dataclass(frozen=True, slots=True)
class View:
    """What the chart shows of the model."""

    history: History | None
    refused: str
    points: tuple[Point, ...]
    losses: tuple[float, float, float, float] | None    # src, dst, src smooth, dst smooth


def select(model: Model, points: tuple[Point, ...]) -> View:
    """The chart's part of the model. Pure. points: of the model's events."""
    got = model.answers.get(ChartPanel.ID)
    answer = got.answer if got else None
    history = answer if isinstance(answer, History) else None
    losses = model.tick.losses if model.tick else None
    return View(
        history=history,
        refused="" if history or answer is None else getattr(answer, "sentence", ""),
        points=points,
        losses=(losses.src, losses.dst, losses.src_smooth, losses.dst_smooth) if losses else None,
    )


def point(event: Event) -> Point | None:
    """The chart's mark for an event, None for what is not worth one."""
    if type(event.body) not in GLYPHS or is_calm_end(event.body):
        return None
    return Point(event.iteration, GLYPHS[type(event.body)], f"{told(event)} · {author(event)}",
                 isinstance(event.body, Ended | Warned))


def span(iteration: int, reach: int | None) -> tuple[int, int]:
    """First and last iteration of the range `reach` at `iteration`."""
    return (0, max(iteration, 1)) if reach is None else (max(0, iteration - reach), max(iteration, 1))


def question(iteration: int, reach: int | None, width: int) -> AskHistory:
    """The history for the range, with `last` rounded up to whole buckets so that it is asked only for something new."""
    buckets = 2 * plot_cells(width)
    first, last = span(iteration, reach)
    # Whole buckets only: half a bucket more would be another request at every tick.
    step = max(1, ceil((last - first) / buckets))
    last = ceil(last / step) * step
    return AskHistory(0, list(SHOWN), first // step * step, last, buckets)


def curves(history: History, look: Look) -> list[Series]:
    """The series of an answer, src before dst, in their styles."""
    found = []
    for name, line, dotted in (("src", look.src, False), ("dst", look.dst, True)):
        if name in history.series:
            buckets = history.series[name]
            iteration, low, high, mean = map(doubles, (buckets.iteration, buckets.low, buckets.high, buckets.mean))
            band = Style(color=line.color, bgcolor=look.plain.bgcolor, dim=True)
            found.append(Series(name, iteration, low, high, mean, line, band, dotted))
    return found


def near(points: Sequence[Point], iteration: int, reach: float) -> Point | None:
    """The last event nearest to `iteration`, within `reach` iterations."""
    close = [p for p in points if abs(p.iteration - iteration) <= reach]
    return min(reversed(close), key=lambda p: abs(p.iteration - iteration)) if close else None


def value_at(series: Series, iteration: int) -> tuple[float, float]:
    """Smoothed and mean value of the bucket that holds `iteration`; NaN where nothing is known."""
    if not len(series.iteration):
        return nan, nan
    index = max(0, bisect_right(series.iteration, iteration) - 1)
    return smoothed(series.mean)[index], series.mean[index]


def before_this_start(series: Sequence[Series], frame: Frame, width: int, look: Look) -> Strip:
    """The line of a run that does not train: how the losses stood when it last did."""
    if not any(len(s.iteration) for s in series):
        return strip([(_("no losses yet"), look.pale)], width)
    parts: list[tuple[str, Style]] = []
    for s, style, dash in zip(series, (look.src, look.dst), "━╍", strict=False):
        parts += [(f" {s.name} {dash} ", style), (short(value_at(s, frame.last)[0]), look.strong), ("   ", look.pale)]
    return strip([*parts, (_("when it last trained"), look.pale)], width)


def legend(view: View, series: Sequence[Series], frame: Frame, width: int, look: Look) -> Strip:
    """The line above the curves: the newest losses, or what was at the cursor and which event stands there."""
    if frame.cursor is None:
        if view.losses is None:
            return before_this_start(series, frame, width, look)
        src, dst, src_smooth, dst_smooth = view.losses
        return strip([(" src ━ ", look.src), (short(src_smooth), look.strong), (f"  raw {short(src)}", look.pale),
                      ("    dst ╍ ", look.dst), (short(dst_smooth), look.strong), (f"  raw {short(dst)}", look.pale)],
                     width)
    parts: list[tuple[str, Style]] = [(f" {frame.cursor:,}", look.strong)]
    for s, style in zip(series, (look.src, look.dst), strict=False):
        smooth, raw = value_at(s, frame.cursor)
        parts += [(f"  {s.name} ", style), (short(smooth), look.strong), (f" ({short(raw)})", look.pale)]
    reach = NEAR_CELLS * (frame.last - frame.first) / plot_cells(width)
    here = near(view.points, frame.cursor, reach)
    if here is not None:
        style = look.bad if here.is_bad else look.accent
        parts.append((f"   {here.glyph} {here.iteration:,}: {here.sentence}", style))
    return strip(parts, width)


def draw(view: View, frame: Frame, width: int, height: int, look: Look) -> list[Strip]:
    """Legend line, curves, marks, iteration scale. Pure."""
    if view.history is None:
        return [strip([(f" {view.refused or _('reading the history')}", look.pale)], width)]
    series = curves(view.history, look)
    if not any(isfinite(value) for s in series for value in s.mean):
        return [strip([(f" {_('no losses yet: the curves begin with the first iteration')}", look.pale)], width)]
    marks = [Mark(p.iteration, p.glyph, look.bad if p.is_bad else look.accent) for p in view.points]
    chart_look = ChartLook(plain=look.plain, pale=look.pale, cursor=look.strong)
    rows = draw_chart(series, frame, marks, width=width, height=height - 1, look=chart_look)
    return [legend(view, series, frame, width, look), *rows]


class ChartPanel(Panel[View]):
    """Loss over iterations. y: log; [ ]: range; arrows: the cursor."""

    ID = "chart"
    TITLE = "loss"
    BINDINGS = bindings("chart")

    def __init__(self) -> None:
        super().__init__()
        self._reach = len(RANGES) - 1
        self._log = False
        self._cursor: int | None = None
        self._frame = Frame(0, 1, log=False)
        self._events: tuple[Event, ...] = ()
        self._point_of: dict[int, Point | None] = {}        # by number of the event
        self._points: tuple[Point, ...] = ()

    def select(self, model: Model) -> View:
        # a journal of months has thousands of events, and a tick comes twice a second
        if model.events is not self._events:
            self._events = model.events
            for event in model.events:
                if event.number not in self._point_of:
                    self._point_of[event.number] = point(event)
            found = (self._point_of[event.number] for event in model.events)
            self._points = tuple(one for one in found if one is not None)
        return select(model, self._points)

    def request(self, model: Model, width: int, height: int) -> ClientMessage | None:
        return question(model.tick.iteration, RANGES[self._reach], width) if model.tick else None

    def draw(self, view: View, width: int, height: int, look: Look) -> list[Strip]:
        history = view.history
        first, last = (history.first, history.last) if history else (0, 1)
        # A shorter range, or a roll back, may have left the cursor outside.
        if self._cursor is not None:
            self._cursor = min(max(self._cursor, first), last)
        self._frame = Frame(first, max(last, first + 1), self._log, self._cursor)
        return draw(view, self._frame, width, height, look)

    def note(self, view: View) -> str:
        reach = RANGES[self._reach]
        shown = _("all") if reach is None else _("last {n}").format(n=f"{reach // 1000}k")
        return shown + (_(", log") if self._log else "")

    def action_log(self) -> None:
        """Logarithmic or plain value scale."""
        self._log = not self._log
        self.redraw()

    def action_range_less(self) -> None:
        """Show fewer iterations."""
        self._choose_range(-1)

    def action_range_more(self) -> None:
        """Show more iterations."""
        self._choose_range(+1)

    def _choose_range(self, step: int) -> None:
        self._reach = min(max(self._reach + step, 0), len(RANGES) - 1)
        self.ask_again()
        self.redraw()

    def action_cursor_left(self) -> None:
        """The cursor one cell to the left; the first press puts it at the right end."""
        self._move(-1)

    def action_cursor_right(self) -> None:
        """The cursor one cell to the right; past the end it goes away."""
        self._move(+1)

    def action_cursor_first(self) -> None:
        """The cursor to the first iteration shown."""
        self._cursor = self._frame.first
        self.redraw()

    def action_cursor_last(self) -> None:
        """No cursor: the newest losses again."""
        self._cursor = None
        self.redraw()

    def action_event_before(self) -> None:
        """The cursor to the event before it."""
        self._jump(-1)

    def action_event_after(self) -> None:
        """The cursor to the event after it."""
        self._jump(+1)

    def _jump(self, direction: int) -> None:
        view = self.view
        if not isinstance(view, View):
            return
        # Without a cursor the search begins behind the newest event.
        at = self._frame.last + 1 if self._cursor is None else self._cursor
        inside = sorted({p.iteration for p in view.points if self._frame.first <= p.iteration <= self._frame.last})
        found = [i for i in inside if (i < at if direction < 0 else i > at)]
        if found:
            self._cursor = found[-1] if direction < 0 else found[0]
            self.redraw()

    def _move(self, cells: int) -> None:
        step = max(1, round((self._frame.last - self._frame.first) / plot_cells(self.size.width)))
        at = self._frame.last + step if self._cursor is None else self._cursor
        moved = at + cells * step
        self._cursor = None if moved > self._frame.last else max(moved, self._frame.first)
        self.redraw()
