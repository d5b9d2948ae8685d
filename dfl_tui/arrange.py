"""Where panels stand on the screen: a pure function of its size and of what the person chose to see.

Three forms: everything at once from 110x34 on; below that, down to 80x24, an overview with tabs; one panel zoomed.
"""

from typing import NamedTuple

PANELS = ("stages", "locks", "chart", "previews", "series", "events", "system")   # their digits are 1, 2, 3, ...
LEAST = (80, 24)
WIDE = (110, 34)
LEAST_SERIES = 40    # columns that the sparklines and events need beside a tile


class Box(NamedTuple):
    """A rectangle of cells, and whether the panel in it has a title row."""

    x: int
    y: int
    width: int
    height: int
    titled: bool = True


def digit(panel: str) -> int:
    """The key of a panel, 0 for what has none."""
    return PANELS.index(panel) + 1 if panel in PANELS else 0


def is_too_small(width: int, height: int) -> bool:
    """Whether nothing sensible fits."""
    return width < LEAST[0] or height < LEAST[1]


def is_wide(width: int, height: int) -> bool:
    """Whether all panels fit at once."""
    return width >= WIDE[0] and height >= WIDE[1]


def arrange(width: int, height: int, *, tab: str = "", zoomed: str = "") -> dict[str, Box]:
    """The box of every widget that is shown. `tab` counts on a small screen only, `zoomed` everywhere."""
    if is_too_small(width, height):
        return {"small": Box(0, 0, width, height, False)}
    footer = {"footer": Box(0, height - 1, width, 1, False)}
    if zoomed:
        return {"verdict": Box(0, 0, width, 2, False), zoomed: Box(0, 2, width, height - 3), **footer}
    if is_wide(width, height):
        return {**wide(width, height), **footer}
    head = {"verdict": Box(0, 0, width, 2, False), "header": Box(0, 2, width, 2, False)}
    if not tab:
        return {**head, **overview(width, height), **footer}
    return {**head, "tabs": Box(0, 4, width, 1, False), tab: Box(0, 5, width, height - 6), **footer}


def wide(width: int, height: int) -> dict[str, Box]:
    """Left: stages, sparklines, lock tree. Right: chart, previews, events."""
    top, body = 4, height - 6
    left = 38 if width < 150 else 46
    x, right = left + 1, width - left - 1
    events = max(8, body // 5)
    chart = max(12, (body - events) * 2 // 5)
    previews = body - chart - events
    stages, series = 9, 10      # one series more once likeness is read, two while a discriminator learns
    return {
        "verdict": Box(0, 0, width, 2, False),
        "header": Box(0, 2, width, 2, False),
        "stages": Box(0, top, left, stages),
        "series": Box(0, top + stages, left, series),
        "locks": Box(0, top + stages + series, left, body - stages - series),
        "chart": Box(x, top, right, chart),
        "previews": Box(x, top + chart, right, previews),
        "events": Box(x, top + chart + previews, right, events),
        "system": Box(0, height - 2, width, 1, False),
    }


def overview(width: int, height: int) -> dict[str, Box]:
    """A chart above; one tile, the sparklines, the newest events and the machine below."""
    top, body = 4, height - 5
    below = 13 + (body - 19) // 2          # a name and a tile of 24x12 at 80x24
    chart = body - below
    tile = min(2 * (below - 1), width - LEAST_SERIES)       # a terminal may be as narrow as 80 and higher than wide
    x, right, y = tile + 1, width - tile - 1, top + chart
    return {
        "chart": Box(0, top, width, chart, False),
        "previews": Box(0, y, tile, below, False),
        "series": Box(x, y, right, 5, False),
        "events": Box(x, y + 5, right, below - 6),
        "system": Box(x, y + below - 1, right, 1, False),
    }
