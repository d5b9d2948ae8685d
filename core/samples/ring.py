"""Shared memory without a name: the trainer makes it, workers get its descriptor, the kernel frees it with the last.

So nothing is left behind by kill -9, and the size of /dev/shm (64 MB in a container) does not matter. Where the system
has no memfd (macOS), a temporary file that is unlinked at once takes its place. The first page holds the number of the
last cancelled job; the slots follow.
"""

import mmap
import os
import tempfile
from typing import Self

import numpy as np

from core.samples.error import SampleError

HEADER_BYTES = mmap.PAGESIZE
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


def shared_bytes(content: bytes) -> int:
    """The descriptor of an anonymous file that holds `content`: for handing something large to a child at its start."""
    descriptor = _anonymous_file(len(content))
    _mapped(descriptor)[:] = content
    return descriptor


def shared_content(descriptor: int) -> memoryview:
    """What `shared_bytes` was given, read by another process."""
    return memoryview(_mapped(descriptor))
