"""Rows of words as lines of a table, in terminal cells: a Chinese character takes two."""

from collections.abc import Sequence
from unicodedata import east_asian_width


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Each column as wide as its longest cell, two spaces between them."""
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def padded(text: str, width: int) -> str:
    """`text` with blanks up to `width` cells."""
    return text + " " * (width - cells(text))


def cells(text: str) -> int:
    """Cells that `text` takes. Rich knows it better, but costs 30 ms of import."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(c) in "WF") for c in text)
