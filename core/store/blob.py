"""Content-addressed files `blobs/<sha256>`: written whole or not at all, verified when read (facts/training.md 5.2)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.settings.error import StoreError
from core.store.disk import PIECE_BYTES, Bytes, Disk, forget, put, trouble
from core.store.manifest import BlobRef


@dataclass(frozen=True, slots=True)
class Blob:
    """Content that is to be stored, and its name."""

    ref: BlobRef
    pieces: Sequence[Bytes]


def blob_of(pieces: Sequence[Bytes]) -> Blob:
    """Name `pieces` by their hash: 0.2 s of CPU for 300 MB (facts/training.md 5.5), without holding the GIL."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return Blob(BlobRef(digest.hexdigest(), sum(len(p) for p in pieces)), pieces)


class BlobStore:
    """The folder of blobs.

    Content that is there already is not written again, but only what this process wrote or read back is believed:
    a torn file under the right name would otherwise poison every later save (facts/training.md 5.3).
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder = folder
        self._disk = disk
        self._verified: set[str] = set()

    def path(self, ref: BlobRef) -> Path:
        return self.folder / ref.sha256

    def has(self, ref: BlobRef) -> bool:
        """Is the content there, and whole as far as its size says?"""
        return self._size(ref) == ref.size

    def holds(self, ref: BlobRef) -> bool:
        """Is the content there for certain? Reads it once, unless this process wrote or read it before."""
        return self.has(ref) and (ref.sha256 in self._verified or not self.why_unsound(ref))

    def add(self, blob: Blob) -> bool:
        """Store the content; its name is durable after a sync of the folder. Returns whether it had to be written."""
        if self.holds(blob.ref):
            return False
        put(self._disk, self.path(blob.ref), blob.pieces)
        self._verified.add(blob.ref.sha256)
        return True

    def why_unsound(self, ref: BlobRef) -> str:
        """What is wrong with the stored content, "" if nothing. Reads it in pieces."""
        # The size first: that is one look at the folder, a hash reads the whole file.
        size = self._size(ref)
        if size != ref.size:
            return f"blob {ref.sha256[:8]} " + ("is missing" if size is None else f"has {size:,} of {ref.size:,} bytes")
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(min(PIECE_BYTES, max(ref.size, 1))))
        try:
            for start in range(0, ref.size, PIECE_BYTES):
                digest.update(buffer[:self._disk.read(self.path(ref), start, buffer[:ref.size - start])])
        except OSError as error:
            return f"blob {ref.sha256[:8]} cannot be read ({error.strerror or error})"
        if digest.hexdigest() != ref.sha256:
            return f"blob {ref.sha256[:8]} has the wrong hash"
        self._verified.add(ref.sha256)
        return ""

    def read(self, ref: BlobRef) -> npt.NDArray[np.uint8]:
        """The content, verified, in memory of its own. Raises StoreError."""
        data: npt.NDArray[np.uint8] = np.empty(ref.size, np.uint8)
        # A file that is too long would fill the array as well, and its hash would even be right.
        is_whole = self.has(ref)
        try:
            size = self._disk.read(self.path(ref), 0, data.data)
        except OSError as error:
            raise trouble(error, "read", self.path(ref)) from error
        if not is_whole or size != ref.size or hashlib.sha256(data.data).hexdigest() != ref.sha256:
            self._verified.discard(ref.sha256)
            raise StoreError(f"blob {ref.sha256[:8]} is not what was saved", hint="use another generation")
        return data

    def beginning(self, ref: BlobRef, count: int) -> npt.NDArray[np.uint8]:
        """The first `count` bytes of the content, not verified; fewer where it is shorter. Raises StoreError."""
        data: npt.NDArray[np.uint8] = np.empty(min(count, ref.size), np.uint8)
        try:
            return data[:self._disk.read(self.path(ref), 0, data.data)]
        except OSError as error:
            raise trouble(error, "read", self.path(ref)) from error

    def forget(self, ref: BlobRef) -> None:
        """Remove content that cannot be trusted, if that can be done."""
        self._verified.discard(ref.sha256)
        forget(self._disk, self.path(ref))

    def remove(self, sha256: str) -> int:
        """Remove content that no manifest names. Returns the bytes freed. Raises StoreError."""
        path = self.folder / sha256
        self._verified.discard(sha256)
        try:
            size = self._disk.size(path) or 0
            self._disk.unlink(path)
        except OSError as error:
            raise trouble(error, "remove", path) from error
        return size

    def names(self) -> list[str]:
        """sha256 of every blob that is there. Raises StoreError."""
        try:
            return [n for n in self._disk.names(self.folder) if not n.startswith(".")]
        except OSError as error:
            raise trouble(error, "list", self.folder) from error

    def _size(self, ref: BlobRef) -> int | None:
        try:
            return self._disk.size(self.path(ref))
        except OSError:
            return None
