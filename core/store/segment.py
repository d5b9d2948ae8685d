"""Metric segments: files of float64 rows that begin with the list of their columns.

A segment holds rows of one life with rising iterations; a change of life or columns, or a restart, begins the next
segment. Rows are only ever appended, or cut off the end when a crash is taken up: what a reader knew stays true.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.settings.error import StoreError

Rows = npt.NDArray[np.float64]  # (rows, columns)

MAX_HEADER_BYTES = 64 * 1024
VERSION = 1
ROW = np.dtype("<f8")


@dataclass(frozen=True, slots=True)
class Column:
    """One number of a row. `unit` is for people: "ms", "1/s", or ""."""

    name: str
    unit: str = ""


ITERATION = Column("iteration")  # completed iterations after the step that the row tells of: 1, 2, 3, ...
LIFE = Column("life")


@dataclass(frozen=True, slots=True)
class Head:
    """What a segment's first line says, and where its rows begin."""

    columns: tuple[Column, ...]
    start: int

    @property
    def row_bytes(self) -> int:
        return len(self.columns) * ROW.itemsize


def head_of(columns: Sequence[Column]) -> bytes:
    """The first line: JSON, padded so that rows are aligned. Raises ValueError unless iteration and life come first."""
    names = [c.name for c in columns]
    if tuple(columns[:2]) != (ITERATION, LIFE) or len(set(names)) != len(names):
        raise ValueError(f"columns {names} must begin with iteration and life, each name once")
    text = json.dumps({"dfl_tui_metrics": VERSION, "columns": [[c.name, c.unit] for c in columns]}).encode()
    return text + b" " * (-(len(text) + 1) % 64) + b"\n"


def read_head(data: bytes) -> Head:
    """The head of a segment from its first bytes. Raises ValueError where it is none."""
    line, end, _ = data.partition(b"\n")
    if not end:
        raise ValueError("it does not begin with a list of columns")
    head = json.loads(line)
    if not isinstance(head, dict) or head.get("dfl_tui_metrics") != VERSION:
        raise ValueError("it is of another version")
    columns = tuple(Column(str(name), str(unit)) for name, unit in head["columns"])
    if columns[:2] != (ITERATION, LIFE):
        raise ValueError("its columns do not begin with iteration and life")
    return Head(columns, len(line) + 1)


def path_of(folder: Path, number: int) -> Path:
    """Where segment `number` lies: metrics/000001.rows."""
    return folder / f"{number:06d}.rows"


def numbers_of(names: Sequence[str]) -> list[int]:
    """Numbers of the segments among the names of a folder, rising."""
    return sorted(int(n[:-5]) for n in names if n.endswith(".rows") and n[:-5].isascii() and n[:-5].isdigit())


class SegmentReader:
    """Rows of one segment, read as they are asked for; the file may grow or be cut meanwhile."""

    def __init__(self, path: Path, head: Head, fd: int) -> None:
        self.path = path
        self.head = head
        self._fd = fd

    def count(self) -> int:
        """Whole rows in the file; a torn one at the end does not count."""
        return max(0, os.fstat(self._fd).st_size - self.head.start) // self.head.row_bytes

    def rows(self, first: int, end: int, into: Rows | None = None) -> Rows:
        """Rows first..end (exclusive); fewer if the file was cut meanwhile."""
        rows = np.empty((end - first, len(self.head.columns)), ROW) if into is None else into[:end - first]
        got = 0
        view = memoryview(rows.reshape(-1).view(np.uint8).data)
        while got < len(view) and (n := os.preadv(self._fd, [view[got:]], self.head.start
                                                  + first * self.head.row_bytes + got)):
            got += n
        return rows[:got // self.head.row_bytes]

    def iteration_and_life(self, row: int) -> tuple[float, float]:
        """The first two numbers of a row; zeros where there is no such row any more."""
        data = os.pread(self._fd, 2 * ROW.itemsize, self.head.start + row * self.head.row_bytes)
        if len(data) < 2 * ROW.itemsize:
            return 0.0, 0.0
        iteration, life = np.frombuffer(data, ROW)
        return float(iteration), float(life)

    def count_while(self, end: int, *, life: float, below: float) -> int:
        """How many of the first `end` rows are of `life` with 1 <= iteration < `below`: these rows come first.

        By bisection: iterations rise. What a power cut left after the synced rows (zeros, halves) ends the sound part.
        """
        low, high = 0, end
        while low < high:
            middle = (low + high) // 2
            iteration, there = self.iteration_and_life(middle)
            if there == life and 1 <= iteration < below:
                low = middle + 1
            else:
                high = middle
        return low


@contextmanager
def opened(path: Path) -> Iterator[SegmentReader]:
    """Open a segment for reading. Raises StoreError if it cannot be read or does not begin with its columns."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"cannot read {path} ({error.strerror})", hint="check the rights of the folder") from error
    try:
        try:
            head = read_head(os.pread(fd, MAX_HEADER_BYTES, 0))
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{path} is not a file of metrics ({error})", hint="its rows are left out") from error
        yield SegmentReader(path, head, fd)
    finally:
        os.close(fd)
