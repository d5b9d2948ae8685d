"""Reads bytes of regular files and of nothing else: no pipe that blocks for ever, no device, no folder, no loop."""

import errno
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.faces.face import UnusableFaceError

UNREADABLE, DAMAGED = "unreadable", "damaged"


@contextmanager
def opened(path: Path) -> Iterator[tuple[int, int]]:
    """A file descriptor of the regular file `path`, and its size in bytes. UnusableFaceError for everything else."""
    try:
        # O_NONBLOCK: opening a pipe without a writer would wait for ever; it changes nothing for a regular file
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnusableFaceError(UNREADABLE, _sentence(path, error)) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
            raise UnusableFaceError(UNREADABLE, f"is {kind} and not a file")
        yield descriptor, status.st_size
    finally:
        os.close(descriptor)


def read_at(descriptor: int, count: int, offset: int) -> bytes:
    """`count` bytes from `offset`; UnusableFaceError when the file ends before or the disk fails."""
    pieces: list[bytes] = []
    left = count
    while left:
        try:
            piece = os.pread(descriptor, left, offset + count - left)
        except OSError as error:
            raise UnusableFaceError(UNREADABLE, f"cannot be read: {error.strerror}") from error
        if not piece:
            raise UnusableFaceError(UNREADABLE, "became shorter while it was read")
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def inflated(deflated: bytes, size: int) -> bytes:
    """Deflated bytes, which must become exactly `size` bytes; no more than that is ever made of them."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = stream.decompress(deflated, size + 1)     # one more shows that there is more, and reaches the end
    except zlib.error as error:
        raise UnusableFaceError(DAMAGED, "is damaged inside its archive") from error
    if len(content) != size or stream.unconsumed_tail or not stream.eof:
        raise UnusableFaceError(DAMAGED, f"does not have the {size:,} bytes that its archive announces")
    return content


def sync_folder(folder: Path) -> None:
    """Have the names in `folder` written. OSError when the disk fails."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sentence(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.ELOOP:
            return "is a link that leads back to itself"
        case errno.ENOENT if path.is_symlink():
            return "is a link to a file that does not exist"
        case errno.ENOENT:
            return "does not exist any more"
        case errno.EACCES:
            return "may not be read by this user"
        case _:
            return f"cannot be opened: {error.strerror}"
