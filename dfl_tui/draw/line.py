"""One line of text parts as a strip: cut, filled and counted in cells, and safe to write to a terminal."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

Part = tuple[str, Style]
CUT = "…"


def clean(text: str) -> str:
    """`text` without control characters: a file name or log line must not steer the terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)


def cut(text: str, width: int) -> str:
    """`text` in at most `width` cells; what is missing is shown by an ellipsis, but for blanks at the end."""
    if cell_len(text) <= width:
        return text
    if cell_len(text.rstrip()) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1).rstrip() + CUT if width > 0 else ""


def fit(text: str, width: int) -> str:
    """`text` in exactly `width` cells, to the left."""
    return set_cell_size(cut(text, width), width)


def width_of(parts: Sequence[Part]) -> int:
    """Cells that `parts` take."""
    return sum(cell_len(text) for text, _ in parts)


def strip(parts: Sequence[Part], width: int) -> Strip:
    """`parts` from the left in at most `width` cells."""
    segments: list[Segment] = []
    left = width
    for text, style in parts:
        shown = cut(clean(text), left)
        if shown:
            segments.append(Segment(shown, style))
            left -= cell_len(shown)
        # What follows a cut part would be read as its end.
        if shown.endswith(CUT) and shown != text:
            break
    return Strip(segments, width - left)


def between(left: Sequence[Part], right: Sequence[Part], width: int) -> Strip:
    """`left` and `right` at the two ends of `width` cells; where both do not fit, `left` is cut first."""
    room = max(width - width_of(right) - 1, 0)
    start = strip(left, room)
    gap = max(width - start.cell_length - width_of(right), 0)
    end = strip([(" " * gap, right[0][1] if right else Style()), *right], width - start.cell_length)
    return Strip([*start, *end], start.cell_length + end.cell_length)


def wrapped(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken at spaces, and inside words that are longer than a line."""
    lines: list[str] = []
    line = ""
    for word in clean(text).split():
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while cell_len(word) > width:
            head = set_cell_size(word, width).rstrip()
            lines.append(head)
            word = word[len(head):]
        line = word
    return [*lines, line] if line else lines
