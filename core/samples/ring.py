"""Shared memory without a name: the trainer makes it, workers get its descriptor, the kernel frees it with the last.

So nothing is left behind by kill -9, and the size of /dev/shm (64 MB in a container) does not matter. Where the system
has no memfd (macOS), a temporary file that is unlinked at once takes its place. The first page holds the number of the
last cancelled job; the slots follow.
"""

import mmap
import os
import pickle
import struct
import tempfile
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from core.samples.error import SampleError

HEADER_BYTES = mmap.PAGESIZE
ALIGNED = 64
_ZEROS = bytes(1024 * 1024)


class Ring:
    """A growing piece of memory that several processes see. The descriptor is not inherited unless passed on."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._map = _mapped(descriptor)

    @classmethod
    def new(cls) -> Self:
        """One that has no slots yet."""
        ring = cls(_anonymous_file(HEADER_BYTES))
        ring.cancelled = 0
        return ring

    @property
    def cancelled(self) -> int:
        """Jobs up to this number need not be finished: nobody will look at them."""
        return int(np.frombuffer(self._map, np.uint64, 1)[0])

    @cancelled.setter
    def cancelled(self, number: int) -> None:
        np.frombuffer(self._map, np.uint64, 1)[0] = number      # one aligned word: never seen half written

    def room(self, size: int) -> memoryview:
        """The memory after the header, at least `size` bytes; views of an earlier call show the same memory.

        SampleError when the system has not that much.
        """
        needed = HEADER_BYTES + size
        if needed > len(self._map):
            if needed > os.fstat(self.descriptor).st_size:
                _lengthen(self.descriptor, needed)
            self._map = _mapped(self.descriptor)
        return memoryview(self._map)[HEADER_BYTES:]

    def close(self) -> None:
        """Give the descriptor back; the memory goes when the last view and process have gone."""
        os.close(self.descriptor)


def _mapped(descriptor: int) -> mmap.mmap:
    return mmap.mmap(descriptor, os.fstat(descriptor).st_size)


def _anonymous_file(size: int) -> int:
    """The descriptor of a file without a name, `size` bytes of zeros."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("dfl-tui-samples", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    _lengthen(descriptor, size)
    return descriptor


def _lengthen(descriptor: int, size: int) -> None:
    """Make the file `size` bytes long. On a disk the blocks are written, for a full disk must be an error here and not
    a bus error where the memory is first touched."""
    try:
        if hasattr(os, "memfd_create"):
            os.ftruncate(descriptor, size)
            return
        while (length := os.fstat(descriptor).st_size) < size:
            os.pwrite(descriptor, _ZEROS[:size - length], length)
    except OSError as error:
        raise SampleError(f"{size:,} bytes for batches cannot be had ({error.strerror}): "
                          f"free space in {tempfile.gettempdir()} or lower batch_size") from error


def shared_object(value: object) -> int:
    """The descriptor of an anonymous file that holds `value`, for children that are handed it at their start.

    Arrays lie in it as they are: all who open it look into the same memory.
    """
    buffers: list[pickle.PickleBuffer] = []
    whole = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(whole), *(buffer.raw() for buffer in buffers)]
    sizes = struct.pack(f"<{len(parts) + 1}Q", len(parts), *(part.nbytes for part in parts))
    starts = list(_starts(len(sizes), [part.nbytes for part in parts]))
    descriptor = _anonymous_file(starts[-1])
    content = _mapped(descriptor)
    content[:len(sizes)] = sizes
    for start, part in zip(starts, parts, strict=False):
        content[start:start + part.nbytes] = part
    return descriptor


def opened_object(descriptor: int) -> Any:
    """What `shared_object` was given, by another process. Its arrays are read-only and look into the shared memory."""
    content = memoryview(_mapped(descriptor)).toreadonly()
    (count,) = struct.unpack_from("<Q", content)
    sizes = struct.unpack_from(f"<{count}Q", content, 8)
    starts = _starts(8 * (count + 1), list(sizes))
    whole, *buffers = (content[start:start + size] for start, size in zip(starts, sizes, strict=False))
    return pickle.loads(whole, buffers=buffers)


def _starts(header: int, sizes: list[int]) -> Iterator[int]:
    """Where each part begins, and where the last one ends; arrays want a round address."""
    at = header
    for size in sizes:
        at = -(-at // ALIGNED) * ALIGNED
        yield at
        at += size
    yield max(at, 1)
