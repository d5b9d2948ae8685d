"""Writing metric rows: seen at once, durable at `sync`, held while a disk is full; and cutting them after a crash."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.settings.error import StoreError
from core.store.disk import Disk, RealDisk, forget, trouble
from core.store.manifest import MetricPosition
from core.store.segment import ROW, Column, head_of, numbers_of, opened, path_of

SYNC_BYTES = 4 * 1024 * 1024    # rows are made durable at the latest after so many; a day of 5 it/s is 38 MB
HELD_BYTES = 64 * 1024 * 1024   # rows that wait for a disk without room; more are given up


class MetricWriter:
    """The one writer of the metrics (the trainer). A row appears at once for readers and is durable after `sync`.

    Rows since the last sync are held in memory and written again after a failure: after a failed sync nothing that was
    written since the one before can be trusted (facts/training.md 5.2).
    """

    def __init__(self, folder: Path, columns: Sequence[Column], disk: Disk | None = None) -> None:
        self.folder = folder
        self._disk = disk or RealDisk()
        self._head = head_of(columns)
        self._width = len(columns)
        self._number = max(existing(folder, self._disk), default=0)
        self._fd: int | None = None
        self._is_named = False      # the segment's name is durable
        self._life = -1.0
        self._iteration = 0.0       # of the last row
        self._base = 0              # bytes of the segment that are durable
        self._held = bytearray()    # what follows them
        self._written = 0           # how much of that was given to the file
        self._begin()

    def append(self, rows: npt.ArrayLike) -> None:
        """Write rows, (n, columns) or one row, and those that are held; iterations must rise within a life.

        Raises StoreError and keeps the rows where the disk has no room: they are written with the next ones. Only the
        first rows of a new life are not kept if those of the old one cannot be made durable.
        """
        array = np.ascontiguousarray(np.atleast_2d(rows), ROW)
        if not len(array):
            if self._has_rows():
                self._flush()   # what a full disk did not take yet: only then is it well again
            return
        self._check(array)
        # A segment holds one life: what a roll back gave up can then be told from its first row.
        if array[0, 1] != self._life and self._has_rows():
            self.sync()
            self._begin()
        if len(self._held) + array.nbytes > HELD_BYTES:
            raise StoreError(f"{len(array)} metric rows are lost: the disk of {self.folder} has had no room for long",
                             hint="free some space")
        self._life, self._iteration = float(array[-1, 1]), float(array[-1, 0])
        self._held += array.tobytes()
        if len(self._held) > SYNC_BYTES:
            self.sync()
        else:
            self._flush()

    def sync(self) -> MetricPosition:
        """Make all rows durable. Raises StoreError with the rows kept; then no generation may be saved."""
        if self._has_rows():
            fd = self._flush()
            try:
                self._disk.sync(fd)
                if not self._is_named:
                    self._disk.sync_folder(self.folder)
            except OSError as error:
                self._distrust()
                raise trouble(error, "write", self._path) from error
            self._is_named = True
            self._base += len(self._held)
            self._held.clear()
            self._written = 0
        return MetricPosition(self._number, max(0, self._base - len(self._head)) // (self._width * ROW.itemsize))

    def close(self) -> None:
        """Sync and close. Raises StoreError."""
        try:
            self.sync()
        finally:
            self._close()

    @property
    def _path(self) -> Path:
        return path_of(self.folder, self._number)

    def _has_rows(self) -> bool:
        return self._base + len(self._held) > len(self._head)

    def _check(self, array: npt.NDArray[np.float64]) -> None:
        """Rows that readers could not find again are a mistake of the program."""
        before = self._iteration if array[0, 1] == self._life else 0.0
        if array.shape[1] != self._width or np.ptp(array[:, 1]) or np.any(np.diff(array[:, 0], prepend=before) <= 0):
            raise ValueError("metric rows must have all columns, one life, and iterations that rise from 1")

    def _begin(self) -> None:
        """The next segment; its file is made with its first row."""
        self._close()
        self._number += 1
        self._is_named = False
        self._base, self._written = 0, 0
        self._held = bytearray(self._head)

    def _close(self) -> None:
        if self._fd is not None:
            self._disk.close(self._fd)
            self._fd = None

    def _flush(self) -> int:
        """Give the file what it has not got. Returns its descriptor."""
        try:
            if self._fd is None:
                self._fd = self._disk.create(self._path) if self._base == 0 else self._disk.open(self._path)
            if self._written < len(self._held):
                self._disk.write(self._fd, bytes(self._held[self._written:]), self._base + self._written)
                self._written = len(self._held)
        except OSError as error:
            raise trouble(error, "write", self._path, missing_bytes=len(self._held) - self._written) from error
        return self._fd

    def _distrust(self) -> None:
        """After a failed sync: write everything since the last one again, into a fresh file if it has no name yet."""
        self._written = 0
        if not self._is_named:
            self._close()
            forget(self._disk, self._path)


def existing(folder: Path, disk: Disk) -> list[int]:
    """Numbers of the segments in the folder. Raises StoreError."""
    try:
        return numbers_of(disk.names(folder))
    except OSError as error:
        raise trouble(error, "list", folder) from error


def cut_to(folder: Path, iteration: int, life: int, disk: Disk | None = None) -> int:
    """Remove the rows of `life` after `iteration`, durably: training goes on there. Returns how many went.

    Rows of earlier lives stay, whatever their iterations: a roll back gave them up, and they are shown as such. Call it
    before the writer is made; what it writes then goes to the next segment.
    """
    disk = disk or RealDisk()
    removed = 0
    for number in reversed(existing(folder, disk)):
        path = path_of(folder, number)
        try:
            with opened(path) as segment:
                count = segment.count()
                first, there = segment.iteration_and_life(0)
                keep = segment.count_while(count, life=life, below=iteration + 1)
                size = segment.head.start + keep * segment.head.row_bytes
        except StoreError:
            continue  # not even its first line was durable: no row in it was
        if count and first >= 1 and there < life:
            break  # rows of an earlier life
        if keep < count:
            truncate(path, size, disk)
            removed += count - keep
        if keep:
            break
    return removed


def truncate(path: Path, size: int, disk: Disk) -> None:
    """Cut a file, durably. Raises StoreError."""
    try:
        fd = disk.open(path)
        try:
            disk.truncate(fd, size)
            disk.sync(fd)
        finally:
            disk.close(fd)
    except OSError as error:
        raise trouble(error, "cut", path) from error
