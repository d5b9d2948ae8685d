"""A file of equal-sized entries that many processes fill and read at once; one stamp an entry says that it is there.

An entry is written first and its stamp after it. The stamp is the entry's checksum, looked at on first use in each
process, so an entry torn by a crash, a full disk or a bad sector is made again instead of being believed. Writing goes
through the file (a full disk is then an error, not a SIGBUS), reading through one shared mapping.

    0      magic, JSON of Description, zeros up to HEADER_BYTES
    4096   stamps, 4 bytes an entry, padded to a page
    ...    entries
"""

import contextlib
import json
import mmap
import os
import tempfile
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from core.faces.face import UInt8Array

MAGIC = b"dfl-tui faces 1\n"
HEADER_BYTES = 4096
PAGE = 4096
SUFFIX = ".faces"
MAX_FOLDER = 500                        # characters, the last ones; four bytes each leave room in the header


@dataclass(frozen=True, slots=True)
class Description:
    """What a cache file holds. A file with another description is stale; only the folder may be another."""

    key: str
    count: int
    entry_bytes: int
    faceset: str                        # the folder, for people
    side_px: int
    face_type: str
    planes: str


class EntryFile:
    """`count` entries of `entry_bytes` each. OSError when the file cannot be made."""

    def __init__(self, path: Path, description: Description) -> None:
        self.description = description
        self._first = HEADER_BYTES + _padded(4 * description.count)
        self._size = self._first + description.count * description.entry_bytes
        self._descriptor = self._opened(path)
        try:
            self._map = mmap.mmap(self._descriptor, self._size, mmap.MAP_SHARED, mmap.PROT_READ)
        except (OSError, ValueError):
            os.close(self._descriptor)
            raise
        view = memoryview(self._map)
        self._stamps = np.frombuffer(view, np.uint32, description.count, HEADER_BYTES)
        self._entries = np.frombuffer(view, np.uint8, offset=self._first).reshape(description.count, -1)
        self._checked = np.zeros(description.count, bool)

    def get(self, index: int) -> UInt8Array | None:
        """Entry `index` as a read-only view, or None when it is not there yet or is damaged."""
        stamp = int(self._stamps[index])
        if stamp == 0:
            return None
        entry: UInt8Array = self._entries[index]
        if not self._checked[index]:
            if _stamp(entry) != stamp:
                return None
            self._checked[index] = True
        return entry

    def put(self, index: int, entry: UInt8Array) -> None:
        """Write entry `index`. Two writers of one entry write the same bytes. OSError on a full or broken disk."""
        content = np.ascontiguousarray(entry)
        _write(self._descriptor, content.data.cast("B"), self._first + index * self.description.entry_bytes)
        _write(self._descriptor, memoryview(_stamp(content).to_bytes(4, "little")), HEADER_BYTES + 4 * index)

    def close(self) -> None:
        """Let go of the descriptor; the mapping goes with the last array that looks into it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _opened(self, path: Path) -> int:
        """The file at `path`, made anew when it is missing, of another description, or damaged."""
        for _ in range(3):              # missing or stale; another process was first; this one was
            with contextlib.suppress(FileNotFoundError):
                descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
                if self._is_right(descriptor):
                    return descriptor
                os.close(descriptor)
                path.unlink(missing_ok=True)
            self._create(path)
        raise OSError(f"{path} is changed by another program")

    def _is_right(self, descriptor: int) -> bool:
        found = _described(os.pread(descriptor, HEADER_BYTES, 0))
        return (found is not None and replace(found, faceset="") == replace(self.description, faceset="")
                and os.fstat(descriptor).st_size == self._size)

    def _create(self, path: Path) -> None:
        """A whole new file under a name of its own, then given its name unless another process was first.

        Workers start at the same moment: with a plain rename each would fill a file that the others do not see.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=path.stem[:16], suffix=SUFFIX + ".new", dir=path.parent)
        made = Path(name)
        try:
            _write(descriptor, memoryview(_header(self.description).ljust(self._first, b"\0")), 0)
            os.ftruncate(descriptor, self._size)
            _name(made, path)
        finally:
            os.close(descriptor)
            made.unlink(missing_ok=True)


def _name(made: Path, path: Path) -> None:
    try:
        path.hardlink_to(made)
    except FileExistsError:
        return
    except OSError:                     # a file system without hard links
        made.replace(path)


def read_description(path: Path) -> Description | None:
    """What the cache file `path` holds, or None when it is not one."""
    try:
        with path.open("rb") as file:
            return _described(file.read(HEADER_BYTES))
    except OSError:
        return None


def _described(header: bytes) -> Description | None:
    if not header.startswith(MAGIC):
        return None
    try:
        return Description(**json.loads(header[len(MAGIC):].rstrip(b"\0")))
    except (ValueError, TypeError, RecursionError):
        return None


def _header(description: Description) -> bytes:
    words = asdict(description)
    words["faceset"] = description.faceset.encode("utf-8", "replace").decode()[-MAX_FOLDER:]
    return (MAGIC + json.dumps(words, ensure_ascii=False).encode()).ljust(HEADER_BYTES, b"\0")


def _stamp(entry: UInt8Array) -> int:
    return zlib.crc32(entry.data) or 1       # 0 means that nothing is there


def _padded(count: int) -> int:
    return -(-count // PAGE) * PAGE


def _write(descriptor: int, content: memoryview, offset: int) -> None:
    while content:
        written = os.pwrite(descriptor, content, offset)
        content, offset = content[written:], offset + written
