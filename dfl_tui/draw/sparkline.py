"""One line of a series: its shape at a glance, one segment whatever the width."""

from collections.abc import Sequence

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

BARS = "▁▂▃▄▅▆▇█"
FLAT = 1e-6     # of the value: means of the same number differ by rounding, and a bar of that is no news


def sparkline(values: Sequence[float], width: int, style: Style) -> Strip:
    """The last `width` values as bars between their own lowest and highest; missing ones (NaN) are blanks."""
    row = np.asarray(values[-width:], dtype=np.float64) if width else np.zeros(0)
    seen = row[np.isfinite(row)]
    if not len(seen):
        return Strip([Segment(" " * width, style)], width)
    low, high = float(seen.min()), float(seen.max())
    span = high - low
    if span <= FLAT * max(abs(low), abs(high)):
        span = 1.0 + abs(high)
    text = "".join(
        BARS[min(7, int((v - low) / span * 8))] if np.isfinite(v) else " " for v in row.tolist()
    )
    return Strip([Segment(text.rjust(width), style)], width)
