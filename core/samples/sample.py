"""(life, iteration, slot) -> one sample: the picture bent and not bent, its mask, and its eyes and mouth.

A pure function of the request, the slot, the seed and the faces. Knows no processes and no memory of other samples:
it writes into the arrays it is given. Input and target share similarity and mirror (facts/samples.md 4); everything is
interpolated once, pictures by cubic with their edge repeated, masks linearly with nothing around them. Masks are not
stretched to a maximum of 1: a face whose eyes are half outside would change its weight (12.10).
"""

from collections.abc import Iterable
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.faces.cache import FaceCache
from core.samples.error import SampleError
from core.samples.order import FaceOrder
from core.samples.planes import Side
from core.samples.request import Request, SampleOptions
from core.samples.stream import Address, Draws, Stream, slot_of
from core.samples.warp import (
    AFFINE_DRAWS,
    FLIP_PROBABILITY,
    WARP_DRAWS,
    Matrix,
    random_affine,
    random_bend,
    source_map,
    source_matrix,
)
from core.settings.error import FaceFileError

SideName = Literal["src", "dst"]
_NUMBER: dict[SideName, int] = {"src": 0, "dst": 1}
_NO_MAP = np.empty(0, np.float32)     # x and y stand in one array
MOST_NEIGHBOURS = 1_000      # unreadable faces in a row after which a faceset counts as gone


class SideMaker:
    """Makes the samples of one person. One for each process: it reuses its generator."""

    def __init__(self, faces: FaceCache, *, seed: int, side: SideName, yaw: NDArray[np.float32] | None) -> None:
        self._faces, self._seed, self._name, self._number = faces, seed, side, _NUMBER[side]
        self._side_px = faces.opening().side_px
        self._order = FaceOrder(len(faces), seed=seed, side=self._number, yaw=yaw)
        self._draws = Draws()

    def make(self, request: Request, slots: NDArray[np.int64], out: Side) -> Iterable[str]:
        """Make these slots of a batch, one after another: a generator that must be run to its end.

        Yields after each sample: "" or the sentence about a face that could not be read and was replaced by the next
        one. SampleError when no face can be read.
        """
        drawn = request.drawn_src if self._name == "src" else request.drawn_dst
        order = self._order.even_in_yaw if request.options.uniform_yaw else self._order.shuffled
        for slot, face in zip(slots.tolist(), order(request.life, drawn + slots).tolist(), strict=True):
            yield self._make_one(request, slot, face, out)

    def _make_one(self, request: Request, slot: int, face: int, out: Side) -> str:
        options = request.options
        index, crop, mask, problem = self._readable(face)
        out.index[slot] = index
        source = self._source(request, slot)
        picture = crop.astype(np.float32)        # cubic in floats costs four fifths of cubic in bytes
        _levels(_moved(picture, source), out.target[slot])
        if options.random_warp:
            draws = self._draws.uniforms(self._address(Stream.WARP, request, slot), WARP_DRAWS)
            places = source_map(random_bend(draws, self._side_px), source, self._side_px)
            bent = cv2.remap(picture, places, _NO_MAP, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            _levels(np.asarray(bent, np.float32), out.warped[slot])
        else:
            out.warped[slot] = out.target[slot]
        _move_mask(mask, source, out.mask[slot])
        if out.eyes_mouth is not None:
            _move_mask(self._eyes_mouth(index, mask, options), source, out.eyes_mouth[slot])
        return problem

    def _source(self, request: Request, slot: int) -> Matrix:
        """From the sample's pixels to the crop's: the similarity and the mirror that all outputs share."""
        side_px, options = self._side_px, request.options
        may_flip = options.src_flip if self._name == "src" else options.dst_flip
        affine = random_affine(
            self._draws.uniforms(self._address(Stream.AFFINE, request, slot), AFFINE_DRAWS), side_px)
        chance = self._draws.uniforms(self._address(Stream.FLIP, request, slot), 1)[0]
        return source_matrix(affine, side_px, is_flipped=may_flip and bool(chance < FLIP_PROBABILITY))

    def _address(self, stream: Stream, request: Request, slot: int) -> Address:
        return Address(self._seed, stream, request.life, request.iteration, slot_of(self._number, slot))

    def _readable(self, face: int) -> tuple[int, NDArray[np.uint8], NDArray[np.uint8], str]:
        """The face, or the first one after it that can be read, with its picture and mask; and what was wrong."""
        problem = ""
        count = len(self._faces)
        for step in range(min(count, MOST_NEIGHBOURS)):
            index = (face + step) % count
            try:
                return index, self._faces.image(index), self._faces.mask(index), problem
            except FaceFileError as error:
                problem = problem or str(error)
        raise SampleError(f"none of {min(count, MOST_NEIGHBOURS):,} {self._name} faces can be read any more "
                          f"({problem}): is the folder still there?")

    def _eyes_mouth(self, index: int, mask: NDArray[np.uint8], options: SampleOptions) -> NDArray[np.uint8]:
        """Eyes, mouth or both, 0 where the face's mask is 0, (R, R)."""
        if options.eyes and options.mouth:
            plane = np.asarray(cv2.add(self._faces.eyes(index), self._faces.mouth(index)), np.uint8)     # saturates
        else:
            plane = self._faces.eyes(index) if options.eyes else self._faces.mouth(index)
        return np.where(mask != 0, plane, np.uint8(0))


def _moved(picture: NDArray[np.float32], source: Matrix) -> NDArray[np.float32]:
    moved = cv2.warpAffine(picture, source, picture.shape[1::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
                           borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _levels(picture: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """Rounded to bytes, what lies outside 0..255 cut."""
    cv2.addWeighted(picture, 1.0, picture, 0.0, 0.0, dst=out, dtype=cv2.CV_8U)      # converts in one pass


def _move_mask(mask: NDArray[np.uint8], source: Matrix, out: NDArray[np.uint8]) -> None:
    cv2.warpAffine(mask, source, mask.shape[::-1], dst=out, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                   borderMode=cv2.BORDER_CONSTANT)
