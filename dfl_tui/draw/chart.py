"""The loss chart: a pale band (lowest to highest of each bucket), a bright smoothed line, marks for events, a cursor.

Dots are braille, two columns and four rows a cell. A cell has one colour, so the line drawn last wins where two meet;
the second series is dashed, in every other cell, so that both are seen there and can be told apart without colour.
Plain numbers: the import of NumPy would cost a third of the way to the first picture of a long history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10, nan
from math import log as log_of

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

LABEL_CELLS = 7           # width of the value scale on the left
LOG_LABELS = 3            # with fewer the distance between two values on a logarithmic scale cannot be told
SMOOTH_SHARE = 0.02       # the smoothed line averages over this share of the shown buckets
BRAILLE_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))     # of the dot at (row, column) of a cell


@dataclass(frozen=True, slots=True)
class Series:
    """One loss: first iteration, lowest, highest and mean of each bucket, all of one length; NaN where nothing is."""

    name: str
    iteration: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    mean: Sequence[float]
    line: Style
    band: Style
    dotted: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """An event on the chart: one glyph in the mark row at its iteration."""

    iteration: int
    glyph: str
    style: Style


@dataclass(frozen=True, slots=True)
class Frame:
    """What part of the run the chart shows, and how. `cursor` is an iteration or None."""

    first: int
    last: int
    log: bool
    cursor: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Styles of the chart's own parts."""

    plain: Style
    pale: Style
    cursor: Style


def plot_cells(width: int) -> int:
    """Cells left for the curves in a chart of `width` cells. Two buckets fit in each."""
    return max(width - LABEL_CELLS, 1)


def smoothed(mean: Sequence[float]) -> list[float]:
    """Exponential mean over SMOOTH_SHARE of the buckets, started at the first value; gaps stay gaps."""
    keep = 1 - 1 / max(1.0, SMOOTH_SHARE * len(mean))
    out: list[float] = []
    level: float | None = None
    for value in mean:
        if value == value:
            level = value if level is None else keep * level + (1 - keep) * value
            out.append(level)
        else:
            out.append(nan)
    return out


def value_range(series: Sequence[Series], log: bool) -> tuple[float, float]:
    """Lowest and highest value to show: all lines whole, bands up to twice the highest mean of the last four fifths.

    A single spike, or the first iterations, would otherwise press the rest flat.
    """
    means = [[value for value in s.mean if isfinite(value)] for s in series]
    # The first fifth of a training is steep, and would set the scale for ever.
    settled = [value for known in means for value in known[len(known) // 5:]]
    lows = [value for s in series for value in s.low if isfinite(value)]
    highs = [value for s in series for value in s.high if isfinite(value)]
    if not settled or not lows or not highs:
        return (0.1, 1.0) if log else (0.0, 1.0)
    low, high = float(min(lows)), float(min(max(highs), 2 * max(settled)))
    if log:
        low = max(low, high / 1e4, 1e-6)
        return low, max(high, low * 1.05)
    return (0.0 if low < 0.4 * high else low), max(high, low + 1e-6)


def ticks(low: float, high: float, count: int, log: bool) -> list[float]:
    """At most `count` round values between `low` and `high`."""
    if log:
        steps = [m * 10.0**e for e in range(floor(log10(low)), ceil(log10(high)) + 1) for m in (1, 2, 5)]
        inside = [v for v in steps if low <= v <= high]
        # Within less than a decade 1, 2 and 5 are one label or none: a scale that says nothing.
        if len(inside) >= LOG_LABELS or count < LOG_LABELS:
            return inside[:: max(1, ceil(len(inside) / count))] if inside else [low]
    raw = (high - low) / max(count, 1)
    unit = 10.0 ** floor(log10(raw))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= raw)
    return [step * i for i in range(ceil(low / step), floor(high / step) + 1)]


class Canvas:
    """Braille dots with one style a cell."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.bits = [[0] * width for _ in range(height)]
        self.ink = [[-1] * width for _ in range(height)]
        self.styles: list[Style] = []

    def use(self, style: Style) -> int:
        """Number of `style` for `dots`."""
        self.styles.append(style)
        return len(self.styles) - 1

    def dots(self, x: int, top: int, bottom: int, ink: int) -> None:
        """Dots of column `x` from row `top` to row `bottom`, both included, clipped to the canvas."""
        for y in range(max(top, 0), min(bottom, 4 * self.height - 1) + 1):
            self.bits[y // 4][x // 2] |= BRAILLE_BITS[y % 4][x % 2]
            self.ink[y // 4][x // 2] = ink


def draw_chart(
    series: Sequence[Series], frame: Frame, marks: Sequence[Mark], *, width: int, height: int, look: Look
) -> list[Strip]:
    """`height` strips of `width` cells: curves, then a row of marks, then the iteration scale."""
    rows, cells = max(height - 2, 1), plot_cells(width)
    low, high = value_range(series, frame.log)
    canvas = Canvas(cells, rows)
    for s in series:
        draw_band(canvas, s, frame, low, high)
    for s in series:
        draw_line(canvas, s, frame, low, high)
    labels = scale_labels(low, high, rows, frame.log)
    cursor = cell_of(frame.cursor, frame, cells) if frame.cursor is not None else None
    strips = [curve_row(canvas, y, labels.get(y, ""), cursor, look) for y in range(rows)]
    return [*strips, mark_row(marks, frame, cells, cursor, look), iteration_row(frame, cells, look)][:height]


def cell_of(iteration: int, frame: Frame, cells: int) -> int:
    """Cell column of an iteration."""
    return min(cells - 1, max(0, int((iteration - frame.first) / max(frame.last - frame.first, 1) * cells)))


def dot_rows(values: Sequence[float], low: float, high: float, log: bool, rows: int) -> list[int]:
    """Dot row of each value, 0 at the top; far outside where the value is, or where there is none."""
    if log:
        values = [log_of(max(value, 1e-12)) for value in values]
        low, high = log_of(low), log_of(high)
    shares = (min(max((value - low) / (high - low), -1.0), 2.0) if value == value else 9.0 for value in values)
    return [round((1 - share) * (4 * rows - 1)) for share in shares]


def dot_columns(s: Series, frame: Frame, cells: int) -> list[int]:
    """Dot column of each bucket."""
    span, last = max(frame.last - frame.first, 1), 2 * cells - 1
    return [min(max(int((iteration - frame.first) / span * 2 * cells), 0), last) for iteration in s.iteration]


def draw_band(canvas: Canvas, s: Series, frame: Frame, low: float, high: float) -> None:
    """The pale band from lowest to highest, as every other dot row, so that lines stay readable in it."""
    rows, ink = canvas.height, canvas.use(s.band)
    top, bottom = dot_rows(s.high, low, high, frame.log, rows), dot_rows(s.low, low, high, frame.log, rows)
    for x, y0, y1, mean in zip(dot_columns(s, frame, canvas.width), top, bottom, s.mean, strict=True):
        if isfinite(mean) and is_inked(x, s):
            for y in range(max(y0, 0) | 1, min(y1, 4 * rows - 1) + 1, 2):
                canvas.dots(x, y, y, ink)


def draw_line(canvas: Canvas, s: Series, frame: Frame, low: float, high: float) -> None:
    """The smoothed line, joined from bucket to bucket; a young run has fewer buckets than the chart has columns."""
    ink, level = canvas.use(s.line), smoothed(s.mean)
    y = dot_rows(level, low, high, frame.log, canvas.height)
    before: tuple[int, int] | None = None
    for x, row, value in zip(dot_columns(s, frame, canvas.width), y, level, strict=True):
        if not isfinite(value):
            before = None
            continue
        x0, row0 = before or (x, row)
        last = row0
        for column in range(min(x0 + 1, x), x + 1):
            here = row if x == x0 else round(row0 + (row - row0) * (column - x0) / (x - x0))
            if is_inked(column, s):
                canvas.dots(column, min(last, here), max(last, here), ink)
            last = here
        before = (x, row)


def is_inked(column: int, s: Series) -> bool:
    """Whether a series draws in that dot column. A dashed one leaves every other cell to the series below it: a cell
    has one colour, and two lines that run together would be seen as one."""
    return not s.dotted or column // 2 % 2 == 0


def scale_labels(low: float, high: float, rows: int, log: bool) -> dict[int, str]:
    """Cell row -> label of the value scale."""
    count = max(2, rows // 2)
    wanted = ticks(low, high, count, log)
    if len(wanted) < 2:         # one label is no scale
        wanted = ticks(low, high, count + 1, log)
    at = dot_rows(wanted, low, high, log, rows)
    return {row // 4: f"{value:.4g}" for row, value in zip(at, wanted, strict=True) if 0 <= row < 4 * rows}


def curve_row(canvas: Canvas, y: int, label: str, cursor: int | None, look: Look) -> Strip:
    """One row of curves with its label; runs of one style become one segment."""
    segments = [Segment(f"{label:>{LABEL_CELLS - 1}} ", look.pale)]
    bits, inks = canvas.bits[y], canvas.ink[y]
    run, style = "", look.plain
    for x, (dots, ink) in enumerate(zip(bits, inks, strict=True)):
        here = canvas.styles[ink] if dots else look.plain
        glyph = chr(0x2800 + dots) if dots else " "
        # A cursor over a curve keeps the curve: what is there is what it is asked about.
        if x == cursor:
            here, glyph = look.cursor, glyph if dots else "│"
        if here != style and run:
            segments.append(Segment(run, style))
            run = ""
        run, style = run + glyph, here
    return Strip([*segments, Segment(run, style)], LABEL_CELLS + len(bits))


def mark_row(marks: Sequence[Mark], frame: Frame, cells: int, cursor: int | None, look: Look) -> Strip:
    """A glyph for each event; where several fall on one cell, the last."""
    row: list[tuple[str, Style]] = [("─", look.pale)] * cells
    for mark in marks:
        if frame.first <= mark.iteration <= frame.last:
            row[cell_of(mark.iteration, frame, cells)] = (mark.glyph, mark.style)
    if cursor is not None:
        row[cursor] = (row[cursor][0] if row[cursor][0] != "─" else "┼", look.cursor)
    segments = [Segment(" " * (LABEL_CELLS - 1) + "└", look.pale)]
    for glyph, style in row:
        if segments[-1].style == style:
            segments[-1] = Segment(segments[-1].text + glyph, style)
        else:
            segments.append(Segment(glyph, style))
    return Strip(segments, LABEL_CELLS + cells)


def iteration_row(frame: Frame, cells: int, look: Look) -> Strip:
    """The cursor's iteration, then first, last and middle where there is room beside it."""
    text = " " * cells
    places = [(0, frame.first), (cells, frame.last), (cells // 2, (frame.first + frame.last) // 2)]
    if frame.cursor is not None:
        places.insert(0, (cell_of(frame.cursor, frame, cells), frame.cursor))
    for x, iteration in places:
        label = f"{iteration:,}"
        start = min(max(x - len(label) // 2, 0), cells - len(label))
        if start >= 0 and not text[max(start - 1, 0):start + len(label) + 1].strip():
            text = text[:start] + label + text[start + len(label):]
    return Strip([Segment(" " * LABEL_CELLS + text, look.pale)], LABEL_CELLS + cells)
