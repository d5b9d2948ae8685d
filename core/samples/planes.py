"""The arrays of a batch and how they lie in one piece of memory. Knows sizes; knows no processes and no faces."""

import mmap
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.samples.share import WHOLE, Share

_PAGE = mmap.PAGESIZE


@dataclass(frozen=True, slots=True)
class Side:
    """The samples of one person: warped and target (B, R, R, 3) BGR, mask and eyes_mouth (B, R, R), all uint8.

    index (B,) int64 names the faces that were used. eyes_mouth is None when neither eyes nor mouth were asked for.
    """

    warped: NDArray[np.uint8]
    target: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    eyes_mouth: NDArray[np.uint8] | None
    index: NDArray[np.int64]

    def of(self, share: Share) -> "Side":
        """The samples in the slots of a share, as views."""
        if share == WHOLE:
            return self
        mine = slice(share.rank, None, share.ranks)
        planes = self.warped[mine], self.target[mine], self.mask[mine]
        return Side(*planes, None if self.eyes_mouth is None else self.eyes_mouth[mine], self.index[mine])


@dataclass(frozen=True, slots=True)
class Batch:
    """One iteration's samples. Arrays are valid until the next `SampleSource.batch` or `close`.

    `problems`: one sentence for each face that could not be read and was replaced by the next; each is said once.
    `restarts`: workers that died or hung since the batch before.
    """

    src: Side
    dst: Side
    problems: tuple[str, ...] = ()
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of both sides' arrays in slots that follow each other; the same in the trainer and in every worker.

    A slot has room for eyes_mouth in any case: a page that nobody touches is not memory.
    """

    batch_size: int
    side_px: int

    @property
    def slot_bytes(self) -> int:
        """Bytes of a slot, whole pages."""
        return 2 * self._side_bytes

    @property
    def _side_bytes(self) -> int:
        pixels = self.batch_size * self.side_px**2
        return -(-(8 * self.batch_size + 8 * pixels) // _PAGE) * _PAGE

    def sides(self, memory: memoryview, slot: int, *, has_eyes_mouth: bool) -> tuple[Side, Side]:
        """src and dst of a slot as views into `memory`, which begins with slot 0."""
        first = slot * self.slot_bytes
        return (self._side(memory, first, has_eyes_mouth),
                self._side(memory, first + self._side_bytes, has_eyes_mouth))

    def _side(self, memory: memoryview, start: int, has_eyes_mouth: bool) -> Side:
        size, side_px = self.batch_size, self.side_px
        pixels = size * side_px**2
        index = np.frombuffer(memory, np.int64, size, start)
        places = start + 8 * size + pixels * np.array([0, 3, 6, 7])
        flat = [np.frombuffer(memory, np.uint8, pixels * channels, place)
                for place, channels in zip(places.tolist(), (3, 3, 1, 1), strict=True)]
        plane, picture = (size, side_px, side_px), (size, side_px, side_px, 3)
        return Side(flat[0].reshape(picture), flat[1].reshape(picture), flat[2].reshape(plane),
                    flat[3].reshape(plane) if has_eyes_mouth else None, index)
