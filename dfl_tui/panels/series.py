"""One line a series: its name, its newest value, its shape over the last iterations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan

from rich.style import Style
from textual.strip import Strip

from core.wire.console_record import AskHistory, ClientMessage, History, Tick
from dfl_tui.draw.line import fit, strip
from dfl_tui.draw.number import short
from dfl_tui.draw.sparkline import sparkline
from dfl_tui.history import doubles
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.panel import Panel

RANGE = 5_000        # iterations shown; what happened lately, where the chart shows the whole
NAME_CELLS, VALUE_CELLS = 6, 8
# metric column -> name on screen. Iterations a second are not recorded: they are a thousand over total_ms.
SHOWN = {"src": "src", "dst": "dst", "masks": "masks", "likeness": "alike", "d_real": "D real", "d_fake": "D fake",
         "code_real": "C real", "code_fake": "C fake", "lr": "rate", "total_ms": "it/s"}
# What the discriminators of pictures (D) and of codes (C) believe; a line each while they learn.
BELIEFS = ("d_real", "d_fake", "code_real", "code_fake")
# Read now and then: a bucket without a reading shows the one before it.
READ = ("likeness",)
# What not every run has gives way to what each has, where there is no room for both.
SOMETIMES = frozenset(SHOWN[column] for column in (*READ, *BELIEFS))


@dataclass(frozen=True, slots=True)
class Line:
    """One series: name, newest value, one mean a cell."""

    name: str
    value: str
    means: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class View:
    """The lines, in the order of SHOWN, and the iteration that the newest is of."""

    lines: tuple[Line, ...]
    reach: int


def select(model: Model) -> View:
    """The sparklines' part of the model. Pure."""
    got = model.answers.get(SeriesPanel.ID)
    history = got.answer if got and isinstance(got.answer, History) else None
    values = newest(model.tick)
    lines = []
    for column, name in SHOWN.items():
        line = Line(name, values.get(column, ""), means(history, column))
        known = [value for value in line.means if isfinite(value)]
        if column not in BELIEFS and (column not in READ or known or line.value):
            lines.append(line)
        elif known:     # no tick tells these
            lines.append(replace(line, value=short(known[-1])))
    return View(tuple(lines), history.last - history.first if history else 0)


def newest(tick: Tick | None) -> dict[str, str]:
    """The newest value of each column, as text."""
    if tick is None:
        return {}
    values = {"lr": f"{tick.lr:.2g}" if tick.lr else "", "total_ms": f"{tick.it_s:.2f}" if tick.it_s else ""}
    if tick.losses is not None:
        values |= {"src": short(tick.losses.src_smooth), "dst": short(tick.losses.dst_smooth),
                   "masks": short(tick.losses.masks)}
    if tick.watch is not None and tick.watch.likeness is not None:
        likeness = tick.watch.likeness
        values["likeness"] = f"{likeness.score:.0f} ±{(likeness.high - likeness.low) / 2:.0f}"
    return values


def means(history: History | None, column: str) -> tuple[float, ...]:
    """The means of a column's buckets; of total_ms as iterations a second."""
    if history is None or column not in history.series:
        return ()
    mean = doubles(history.series[column].mean)
    if column == "total_ms":
        # The mean of a rate is not the rate of the mean, but bars of a few iterations do not show it.
        mean = [1000.0 / ms if ms > 0 else nan for ms in mean]
    return tuple(carried(mean) if column in READ else mean)


def carried(values: Sequence[float]) -> list[float]:
    """Each gap filled with the value before it."""
    filled, last = [], nan
    for value in values:
        last = value if isfinite(value) else last
        filled.append(last)
    return filled


def question(iteration: int, width: int) -> AskHistory | None:
    """The history for `width` buckets, asked again when a new bucket is full. Columns that are not recorded (yet) are
    left out of the answer."""
    buckets = max(width - NAME_CELLS - VALUE_CELLS - 3, 8)
    if not iteration:
        return None
    step = max(1, min(iteration, RANGE) // buckets)
    last = max(iteration // step * step, 1)
    return AskHistory(0, list(SHOWN), max(0, last - RANGE), last, buckets)


def fitting(lines: Sequence[Line], height: int) -> list[Line]:
    """The lines for which `height` rows are enough, in their order."""
    room = height - sum(line.name not in SOMETIMES for line in lines)
    kept = [line for line in lines if line.name in SOMETIMES][:max(room, 0)]
    return [line for line in lines if line.name not in SOMETIMES or line in kept]


def draw(view: View, width: int, height: int, look: Look) -> list[Strip]:
    """A row a series. Pure."""
    styles = {"src": look.src, "dst": look.dst, "masks": look.masks, "rate": look.rate, "it/s": look.speed,
              "alike": look.good, "D real": look.src, "D fake": look.dst, "C real": look.src, "C fake": look.dst}
    rows = []
    for line in fitting(view.lines, height):
        style = styles[line.name]
        cells = max(width - NAME_CELLS - VALUE_CELLS - 3, 0)
        head = strip([(f" {fit(_(line.name), NAME_CELLS)}", style), (f"{line.value:>{VALUE_CELLS}}  ", Style())], width)
        bars = sparkline(line.means, cells, style) if line.means else strip([(" " * cells, style)], cells)
        rows.append(Strip.join([head, bars]))
    return rows


class SeriesPanel(Panel[View]):
    """Sparklines."""

    ID = "series"
    TITLE = "series"

    def select(self, model: Model) -> View:
        return select(model)

    def request(self, model: Model, width: int, height: int) -> ClientMessage | None:
        return question(model.tick.iteration, width) if model.tick else None

    def draw(self, view: View, width: int, height: int, look: Look) -> list[Strip]:
        return draw(view, width, height, look)

    def note(self, view: View) -> str:
        return _("last {n}").format(n=f"{view.reach:,}") if view.reach else ""
