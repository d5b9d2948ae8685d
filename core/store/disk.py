"""File operations as an object, so that a test can crash between any two of them. All of `store` writes through it.

The rules that everything above relies on (facts/training.md 5.1): a file's content is durable after `sync`, its name
after `sync_folder`; a rename is atomic; after a failed sync nothing about that file can be trusted.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from core.settings.error import StoreError

PIECE_BYTES = 8 * 1024 * 1024  # large enough to cost nothing, small enough to release the lock often (facts 5.5)
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Bytes = bytes | bytearray | memoryview


class DiskFullError(StoreError):
    """There is no room for what was to be written; what was there before is intact. `missing_bytes` > 0."""

    def __init__(self, message: str, *, missing_bytes: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.missing_bytes = max(missing_bytes, 1)


class Disk(Protocol):
    """What the store asks of a file system. Every method raises OSError."""

    def create(self, path: Path) -> int: ...
    def open(self, path: Path) -> int: ...
    def write(self, fd: int, data: Bytes, offset: int) -> None: ...
    def truncate(self, fd: int, size: int) -> None: ...
    def sync(self, fd: int) -> None: ...
    def close(self, fd: int) -> None: ...
    def rename(self, old: Path, new: Path) -> None: ...
    def unlink(self, path: Path) -> None: ...
    def sync_folder(self, folder: Path) -> None: ...
    def names(self, folder: Path) -> list[str]: ...
    def size(self, path: Path) -> int | None: ...
    def read(self, path: Path, offset: int, buffer: memoryview) -> int: ...
    def free_bytes(self, folder: Path) -> int: ...


class RealDisk:
    """The file system of this machine. Files are made with mode 0600 and are never followed through a link."""

    def create(self, path: Path) -> int:
        """Open a new or emptied file for writing."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def open(self, path: Path) -> int:
        """Open a file that exists for reading and writing."""
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)

    def write(self, fd: int, data: Bytes, offset: int) -> None:
        """Write all of `data` at `offset`; a short write goes on or raises the reason for it."""
        view = memoryview(data)
        while view:
            written = os.pwrite(fd, view, offset)
            view, offset = view[written:], offset + written

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def sync(self, fd: int) -> None:
        """Make the file's content durable. On macOS fsync alone leaves it in the drive's cache."""
        full = getattr(fcntl, "F_FULLFSYNC", None)
        if full is None:
            os.fsync(fd)
        else:
            fcntl.fcntl(fd, full)

    def close(self, fd: int) -> None:
        os.close(fd)

    def rename(self, old: Path, new: Path) -> None:
        old.replace(new)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def sync_folder(self, folder: Path) -> None:
        """Make names that were added, renamed or removed in `folder` durable."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def names(self, folder: Path) -> list[str]:
        return [path.name for path in folder.iterdir()]

    def size(self, path: Path) -> int | None:
        """Bytes of the file, None if there is none."""
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return None

    def read(self, path: Path, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; returns the bytes read, fewer only at the file's end."""
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            done = 0
            # A read may give less than was asked for (signals, network disks): only 0 is the end.
            while done < len(buffer) and (n := os.preadv(fd, [buffer[done:]], offset + done)):
                done += n
            return done
        finally:
            os.close(fd)

    def free_bytes(self, folder: Path) -> int:
        """Bytes that this user can still write."""
        stat = os.statvfs(folder)
        return stat.f_bavail * stat.f_frsize


def trouble(error: OSError, doing: str, path: Path, *, missing_bytes: int = 1) -> StoreError:
    """The error of ours for an OSError: DiskFullError where room was missing. `doing` as in "write"."""
    if error.errno in NO_SPACE:
        return DiskFullError(f"the disk is full: cannot {doing} {path}, at least {max(missing_bytes, 1):,} bytes are "
                             "missing", missing_bytes=missing_bytes,
                             hint="free some space; what was saved before is intact")
    return StoreError(f"cannot {doing} {path} ({error.strerror or error})",
                      hint="check the disk and the rights of the folder")


def put(disk: Disk, path: Path, pieces: Sequence[Bytes], *, temporary: str = ".tmp") -> None:
    """Write `pieces` as the file `path`, whole or not at all: a temporary beside it, sync, rename.

    The name is durable only after `sync_folder`. A failed step removes the temporary and raises StoreError. Two threads
    that write into one folder need temporaries of their own; else one name for all keeps crashes from leaving many.
    """
    beside = path.parent / temporary
    try:
        write_synced(disk, beside, pieces)
        disk.rename(beside, path)
    except OSError as error:
        forget(disk, beside)
        total = sum(len(p) for p in pieces)
        free = room(disk, path.parent) if error.errno in NO_SPACE else 0
        raise trouble(error, "write", path, missing_bytes=total - free) from error


def write_synced(disk: Disk, path: Path, pieces: Iterable[Bytes]) -> None:
    """Write and sync a new file; raises OSError."""
    fd = disk.create(path)
    try:
        offset = 0
        for piece in pieces:
            view = memoryview(piece)
            for start in range(0, len(view), PIECE_BYTES):
                part = view[start:start + PIECE_BYTES]
                disk.write(fd, part, offset)
                offset += len(part)
        disk.sync(fd)
    finally:
        disk.close(fd)


def sync_folder(disk: Disk, folder: Path) -> None:
    """`disk.sync_folder`, raising StoreError."""
    try:
        disk.sync_folder(folder)
    except OSError as error:
        raise trouble(error, "make the names durable in", folder) from error


def forget(disk: Disk, path: Path) -> None:
    """Unlink `path` if it is there and can be: cleaning up after a failure that is reported anyway."""
    with contextlib.suppress(OSError):
        disk.unlink(path)


def room(disk: Disk, folder: Path) -> int:
    """Free bytes, 0 where that cannot be asked."""
    try:
        return disk.free_bytes(folder)
    except OSError:
        return 0


def read_whole(disk: Disk, path: Path, *, limit: int) -> bytes:
    """A small file's content; raises OSError, and StoreError where it is larger than `limit`."""
    size = disk.size(path)
    if size is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if size > limit:
        raise StoreError(f"{path} has {size:,} bytes, at most {limit:,} were expected",
                         hint="restore it from a backup of the run folder")
    data = bytearray(size)
    return bytes(data[:disk.read(path, 0, memoryview(data))])
