"""A copy of the metric rows in a file of another format, that stays equal to them: over kills, cuts and roll backs.

A file is a head, then a record a row. What a record begins with, its key, names the row: iteration, life, whether a
roll back gave the row up, and when it was trained. Bringing a file up to date keeps the longest beginning whose keys
are those of the rows, cuts the rest off, and appends what is missing. So it does not matter why a file is behind, ahead
or torn, and nothing has to be written down about it.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from core.settings.error import StoreError
from core.store.disk import trouble
from core.store.metric_reader import MetricReader, Piece
from core.store.segment import Rows

BLOCK = 1024            # rows that are read, compared and written at a time
MOST_ROWS = 4096        # of one call: the caller is a thread beside the training, which must not hold it up for long


class Block(NamedTuple):
    """Rows of one piece, (rows, columns), from row `first` of it on; the rows from `kept` of the block on were given
    up."""

    piece: Piece
    first: int
    rows: Rows
    kept: int


class Format(Protocol):
    """How rows are written. Keys and records of a block are in the order of its rows."""

    def head(self) -> bytes:
        """What the file begins with."""

    def keys(self, block: Block) -> list[bytes]:
        """What each record must begin with."""

    def records(self, block: Block) -> list[bytes]:
        """The records, whole."""

    def read(self, file: IO[bytes]) -> tuple[bytes, bool]:
        """The next record from its key on, and whether it is whole; moves the file behind it."""


class MetricCopy:
    """One file. The only writer of it; open while it is followed."""

    def __init__(self, path: Path, format_: Format) -> None:
        self.path = path
        self._format = format_
        self._file: IO[bytes] | None = None
        self._written: list[Piece] = []     # what the file holds, each with the rows that were written

    def follow(self, reader: MetricReader, pieces: Sequence[Piece]) -> bool:
        """Write rows that are missing, at most MOST_ROWS; whether the file now holds all of `pieces`.

        Raises StoreError; the next call looks at the file anew.
        """
        try:
            if self._file is None or not is_continued(self._written, pieces):
                self.close()
                self._file, self._written = self._opened(reader, pieces)
            return self._append(self._file, reader, pieces)
        except OSError as error:
            self.close()
            raise trouble(error, "write", self.path) from error
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Leave the file."""
        if self._file is not None:
            self._file.close()
        self._file, self._written = None, []

    def _opened(self, reader: MetricReader, pieces: Sequence[Piece]) -> tuple[IO[bytes], list[Piece]]:
        """The file, cut to what is right in it, and what that is."""
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")
        head, written = self._format.head(), list[Piece]()
        if file.read(len(head)) == head:
            end = len(head)
            for block in blocks(reader, pieces, written):
                sound = self._sound(file, block)
                end = sound.end if sound.rows else end
                note(written, block, sound.rows)
                if sound.rows < len(block.rows):
                    break
            file.seek(end)
            file.truncate()
        else:
            file.seek(0)
            file.truncate()
            file.write(head)
        return file, written

    def _sound(self, file: IO[bytes], block: Block) -> "Sound":
        """How many of the block's rows the file holds from here on."""
        end = count = 0
        for key in self._format.keys(block):
            record, is_whole = self._format.read(file)
            if not is_whole or not record.startswith(key):
                break
            count, end = count + 1, file.tell()
        return Sound(count, end)

    def _append(self, file: IO[bytes], reader: MetricReader, pieces: Sequence[Piece]) -> bool:
        done = 0
        for block in blocks(reader, pieces, self._written):
            if done >= MOST_ROWS:
                return False
            file.write(b"".join(self._format.records(block)))
            file.flush()
            note(self._written, block, len(block.rows))
            done += len(block.rows)
        return True


class Sound(NamedTuple):
    """`rows` records are right, and end at `end`."""

    rows: int
    end: int


def blocks(reader: MetricReader, pieces: Sequence[Piece], written: Sequence[Piece]) -> Iterator[Block]:
    """The rows that follow `written`, in order. `written` is looked at once, at the beginning."""
    places = {piece.number: piece.rows for piece in written}
    for piece in pieces:
        for first in range(places.get(piece.number, 0), piece.rows, BLOCK):
            rows = reader.rows_of(piece, first, first + BLOCK)
            if len(rows) < min(BLOCK, piece.rows - first):
                raise StoreError(f"rows of {reader.folder} went while they were copied", hint="they are copied again")
            yield Block(piece, first, rows, max(0, piece.kept - first))


def note(written: list[Piece], block: Block, count: int) -> None:
    """`count` rows of a block are in the file now."""
    piece = block.piece
    rows = block.first + count
    done = Piece(piece.number, piece.life, piece.columns, rows, min(piece.kept, rows))
    if written and written[-1].number == piece.number:
        written[-1] = done
    elif count:
        written.append(done)


def is_continued(written: Sequence[Piece], pieces: Sequence[Piece]) -> bool:
    """Whether what was written is still the beginning of all rows, and as much of it kept."""
    if len(written) > len(pieces):
        return False
    for place, (old, new) in enumerate(zip(written, pieces, strict=False)):
        is_last = place == len(written) - 1
        if old.number != new.number or new.rows < old.rows or (new.rows > old.rows and not is_last):
            return False
        if min(new.kept, old.rows) != old.kept:
            return False
    return True


