"""One line of a series: its shape at a glance, one segment whatever the width."""

from collections.abc import Sequence
from math import isfinite

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

BARS = "▁▂▃▄▅▆▇█"
FLAT = 1e-6     # of the value: means of the same number differ by rounding, and a bar of that is no news


def sparkline(values: Sequence[float], width: int, style: Style) -> Strip:
    """The last `width` values as bars between their own lowest and highest; missing ones (NaN) are blanks."""
    row = list(values[-width:]) if width else []
    seen = [value for value in row if isfinite(value)]
    if not seen:
        return Strip([Segment(" " * width, style)], width)
    low, high = min(seen), max(seen)
    span = high - low
    if span <= FLAT * max(abs(low), abs(high)):
        span = 1.0 + abs(high)
    text = "".join(
        BARS[min(7, int((v - low) / span * 8))] if isfinite(v) else " " for v in row
    )
    return Strip([Segment(text.rjust(width), style)], width)
