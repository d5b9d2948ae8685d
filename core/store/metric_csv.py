"""Metric rows as CSV (RFC 4180, but lines end with a newline alone): a header, then a line a row.

iteration, life, abandoned (1 where a roll back gave the row up), time, then the others. A value that is not known is
empty; numbers have as many digits as it takes to read the same number again.
"""

import math
from collections.abc import Iterator, Sequence
from typing import IO

from core.store.metric_copy import Block, blocks
from core.store.metric_reader import MetricReader, Piece

FIRST = ("iteration", "life", "abandoned", "time")      # these together name a row


class Csv:
    """The format, with the columns of the newest rows. A row that is older than a column has no value there."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.names = (*FIRST, *(name for name in columns if name not in FIRST))

    def head(self) -> bytes:
        """The header."""
        return ",".join(self.names).encode() + b"\n"

    def keys(self, block: Block) -> list[bytes]:
        """The first four fields."""
        return [(",".join(line) + ",").encode() for line in self._lines(block, FIRST)]

    def records(self, block: Block) -> list[bytes]:
        """The lines."""
        return [(",".join(line) + "\n").encode() for line in self._lines(block, self.names)]

    def read(self, file: IO[bytes]) -> tuple[bytes, bool]:
        """The next line; one without an end is torn."""
        line = file.readline()
        return line, line.endswith(b"\n")

    def _lines(self, block: Block, names: Sequence[str]) -> Iterator[list[str]]:
        there = {name: place for place, name in enumerate(block.piece.columns)}
        places = [there.get(name) for name in names]
        for number, row in enumerate(block.rows.tolist()):
            line = ["" if place is None else text(row[place]) for place in places]
            line[0], line[1], line[2] = str(int(row[0])), str(int(row[1])), str(int(number >= block.kept))
            yield line


def text(value: float) -> str:
    """A number in full, or nothing for NaN."""
    return "" if math.isnan(value) else repr(value)


def columns_of(pieces: Sequence[Piece]) -> tuple[str, ...]:
    """The columns of the newest rows."""
    return pieces[-1].columns if pieces else ()


def csv_pieces(reader: MetricReader) -> Iterator[bytes]:
    """All rows as CSV, in parts."""
    pieces = reader.pieces()
    csv = Csv(columns_of(pieces))
    yield csv.head()
    for block in blocks(reader, pieces, ()):
        yield b"".join(csv.records(block))
