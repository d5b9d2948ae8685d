"""Metric rows as TensorBoard event files: a folder a life, one event a row, its step the iteration.

A life that a roll back gave up from some iteration on says so in its folder's name: life-0-abandoned-after-1200.
TensorBoard shows each folder as a run of its own. The format is that of the package `tensorboard`, an extra, whose own
writer makes the records; it is imported when the first row is written.
"""

import io
import math
import struct
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from core.settings.error import StoreError
from core.store.disk import trouble
from core.store.metric_copy import Block, MetricCopy
from core.store.metric_reader import MetricReader, Piece

FILE = "events.out.tfevents.0000000000.dfl-tui"     # TensorBoard looks for "tfevents" in the name
VERSION = "brain.Event:2"
LOSSES = ("src", "dst", "masks")
NOT_SHOWN = ("iteration", "life", "time")
LENGTH = struct.Struct("<QI")       # of a record's data, and its checksum
CHECKSUM_BYTES = 4
MOST_BYTES = 1 << 20                # of a record: ours have some hundred


class Tools(NamedTuple):
    """What the package gives: event and summary messages, and the writer of records."""

    event: Any
    summary: Any
    writer: Any


@cache
def tools() -> Tools:
    """The package's own. Raises StoreError where it is not installed."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError as error:
        raise StoreError("files for TensorBoard need the package tensorboard, which is not installed",
                         hint="pip install 'dfl-tui[tensorboard]'") from error
    return Tools(Event, Summary, RecordWriter)


class EventFile:
    """The format of one life's file. began_s: when its first row was trained, Unix seconds."""

    def __init__(self, began_s: float) -> None:
        self._began_s = began_s

    def head(self) -> bytes:
        """The event that says which format it is."""
        return framed(tools().event(wall_time=self._began_s, file_version=VERSION).SerializeToString())

    def keys(self, block: Block) -> list[bytes]:
        """Time and step: protocol buffers write fields in the order of their numbers, and these are the first two."""
        times = times_of(block)
        event = tools().event
        return [event(wall_time=at, step=int(row[0])).SerializeToString()
                for at, row in zip(times, block.rows.tolist(), strict=True)]

    def records(self, block: Block) -> list[bytes]:
        """An event a row, with all of its values."""
        event, summary, _ = tools()
        tags = tags_of(block.piece.columns)
        found = []
        for at, row in zip(times_of(block), block.rows.tolist(), strict=True):
            values = [summary.Value(tag=tag, simple_value=row[place]) for place, tag in tags
                      if not math.isnan(row[place]) or tag.startswith("loss/")]
            found.append(framed(event(wall_time=at, step=int(row[0]),
                                      summary=summary(value=values)).SerializeToString()))
        return found

    def read(self, file: IO[bytes]) -> tuple[bytes, bool]:
        """The next event."""
        front = file.read(LENGTH.size)
        if len(front) < LENGTH.size:
            return b"", False
        length, _ = LENGTH.unpack(front)
        if length > MOST_BYTES:
            return b"", False
        data = file.read(length + CHECKSUM_BYTES)
        return data[:length], len(data) == length + CHECKSUM_BYTES


def framed(data: bytes) -> bytes:
    """A record: length, data, and a checksum of each."""
    buffer = io.BytesIO()
    tools().writer(buffer).write(data)
    return buffer.getvalue()


def times_of(block: Block) -> list[float]:
    """When each row was trained; 0 where that is not known."""
    if "time" not in block.piece.columns:
        return [0.0] * len(block.rows)
    times: list[float] = block.rows[:, block.piece.columns.index("time")].tolist()
    return [0.0 if math.isnan(at) else at for at in times]


def tags_of(columns: Sequence[str]) -> list[tuple[int, str]]:
    """Place and tag of each column that is shown: losses and milliseconds in groups of their own."""
    return [(place, f"loss/{name}" if name in LOSSES else f"time/{name}" if name.endswith("_ms") else name)
            for place, name in enumerate(columns) if name not in NOT_SHOWN]


class EventFiles:
    """The folder of all lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._copies: dict[int, MetricCopy] = {}

    def follow(self, reader: MetricReader, pieces: Sequence[Piece]) -> bool:
        """Write rows that are missing, some thousand at a time; whether none is left. Raises StoreError."""
        tools()     # before anything is made
        is_whole = True
        for life in sorted({piece.life for piece in pieces}):
            own = [piece for piece in pieces if piece.life == life]
            copy = self._copy(life, reader, own)
            # What was given up is said by the folder's name, not in the file.
            is_whole &= copy.follow(reader, [replace(piece, kept=piece.rows) for piece in own])
        return is_whole

    def close(self) -> None:
        """Leave the files."""
        for copy in self._copies.values():
            copy.close()
        self._copies.clear()

    def _copy(self, life: int, reader: MetricReader, pieces: Sequence[Piece]) -> MetricCopy:
        path = self.folder / name_of(life, reader, pieces) / FILE
        copy = self._copies.get(life)
        if copy is not None and copy.path == path:
            return copy
        if copy is not None:
            copy.close()
        self._move(life, path.parent)
        first = reader.rows_of(pieces[0], 0, 1)
        copy = MetricCopy(path, EventFile(times_of(Block(pieces[0], 0, first, 1))[0]))
        self._copies[life] = copy
        return copy

    def _move(self, life: int, to: Path) -> None:
        """Give the life's folder the name that it should have."""
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            for path in (self.folder / f"life-{life}", *sorted(self.folder.glob(f"life-{life}-*"))):
                if path.is_dir() and path != to and not to.exists():
                    path.rename(to)
        except OSError as error:
            raise trouble(error, "rename", to) from error


def name_of(life: int, reader: MetricReader, pieces: Sequence[Piece]) -> str:
    """The name of a life's folder."""
    if all(piece.kept == piece.rows for piece in pieces):
        return f"life-{life}"
    kept = next((piece for piece in reversed(pieces) if piece.kept), None)
    if kept is None:
        last = int(reader.rows_of(pieces[0], 0, 1)[0, 0]) - 1
    else:
        last = int(reader.rows_of(kept, kept.kept - 1, kept.kept)[0, 0])
    return f"life-{life}-abandoned-after-{last}"
