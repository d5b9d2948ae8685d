"""(life, iteration, slot) -> one sample: the picture bent and not bent, its mask, and its eyes and mouth.

A pure function of the request, the slot, the seed and the faces. Knows no processes and no memory of other samples:
it writes into the arrays it is given. Input and target share similarity and mirror (facts/samples.md 4); everything is
interpolated once, pictures by cubic with their edge repeated, masks linearly with nothing around them. Masks are not
stretched to a maximum of 1: a face whose eyes are half outside would change its weight (12.10).
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.faces.cache import FaceCache
from core.samples.error import SampleError
from core.samples.order import FaceOrder
from core.samples.paint import Painter, Partner, Place
from core.samples.planes import Side
from core.samples.request import Pick, Request, SampleOptions
from core.samples.stream import Address, Draws, Stream, slot_of
from core.samples.transfer import Picture
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
    """Makes the samples of one person. One for each process: it reuses its generator.

    partners: the other person's faces, for src, whose colours may be moved towards them.
    """

    def __init__(self, faces: FaceCache, *, seed: int, side: SideName, yaw: NDArray[np.float32] | None,
                 partners: FaceCache | None = None) -> None:
        self._faces, self._seed, self._name, self._number = faces, seed, side, _NUMBER[side]
        self._side_px = faces.opening().side_px
        self._order = FaceOrder(len(faces), seed=seed, side=self._number, yaw=yaw)
        self._partners = partners
        self._partner_order = FaceOrder(len(partners), seed=seed, side=self._number) if partners else None
        self._draws = Draws()
        self._painter = Painter(self._draws, seed=seed, is_src=side == "src")

    def make(self, request: Request, slots: NDArray[np.int64], out: Side) -> Iterable[str]:
        """Make these slots of a batch, one after another: a generator that must be run to its end.

        Yields after each sample: "" or the sentence about a face that could not be read and was replaced by the next
        one. SampleError when no face can be read.
        """
        drawn = request.drawn_src if self._name == "src" else request.drawn_dst
        order = self._order.even_in_yaw if request.options.uniform_yaw else self._order.shuffled
        for slot, face in zip(slots.tolist(), order(request.life, drawn + slots).tolist(), strict=True):
            pick = Pick(request.life, request.iteration, slot, drawn + slot, face)
            yield self._make_one(pick, request.options, slot, out)

    def make_again(self, picks: Sequence[Pick], options: SampleOptions, out: Side) -> Iterable[str]:
        """The same for samples that were made before, with the target as input (facts/losses.md 8)."""
        for slot, pick in enumerate(picks):
            # The set may have changed since, as when pretraining ends: then it is another face, and no error.
            yield self._make_one(pick._replace(face=pick.face % len(self._faces)), options, slot, out)
            out.warped[slot] = out.target[slot]

    def _make_one(self, pick: Pick, options: SampleOptions, slot: int, out: Side) -> str:
        index, crop, mask, problem = self._readable(pick.face)
        out.index[slot] = index
        source = self._source(pick, options)
        shown, target = self._painted(crop, mask, pick, options)
        _levels(_moved(target, source), out.target[slot])
        if options.random_warp:
            draws = self._draws.uniforms(self._address(Stream.WARP, pick), WARP_DRAWS)
            places = source_map(random_bend(draws, self._side_px), source, self._side_px)
            bent = cv2.remap(shown, places, _NO_MAP, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            _levels(np.asarray(bent, np.float32), out.warped[slot])
        elif shown is target:
            out.warped[slot] = out.target[slot]
        else:
            _levels(_moved(shown, source), out.warped[slot])
        _move_mask(mask, source, out.mask[slot])
        if out.eyes_mouth is not None:
            _move_mask(self._eyes_mouth(index, mask, options), source, out.eyes_mouth[slot])
        return problem

    def _painted(self, crop: NDArray[np.uint8], mask: NDArray[np.uint8], pick: Pick,
                 options: SampleOptions) -> tuple[Picture, Picture]:
        """The crop in the colours of input and target, float32 0..255; one array where they are equal."""
        picture = crop.astype(np.float32)        # cubic in floats costs four fifths of cubic in bytes
        paint, is_src = options.paint, self._name == "src"
        if not paint.changes(is_src=is_src):
            return picture, picture
        partner = self._partner(pick, is_whole=paint.is_dfl) if paint.needs_partner(is_src=is_src) else None
        place = Place(pick.life, pick.iteration, slot_of(self._number, pick.slot))
        shown, target = self._painter.painted(picture / np.float32(255), mask, partner, paint, place)
        target_levels = target * np.float32(255)
        return (target_levels if shown is target else shown * np.float32(255)), target_levels

    def _partner(self, pick: Pick, *, is_whole: bool) -> Partner | None:
        """The face whose colours src gets; None where there is no other side or none of it can be read now."""
        if self._partners is None or self._partner_order is None:
            return None
        faces = self._partners
        first = int(self._partner_order.shuffled(pick.life, np.array([pick.position]), stream=Stream.PARTNER)[0])
        for step in range(min(len(faces), MOST_NEIGHBOURS)):
            index = (first + step) % len(faces)
            try:
                picture = faces.whole(index) if is_whole else faces.image(index)
                return Partner(picture.astype(np.float32) / np.float32(255), None if is_whole else faces.mask(index))
            except FaceFileError:
                continue                         # its own side says so when it is drawn
        return None

    def _source(self, pick: Pick, options: SampleOptions) -> Matrix:
        """From the sample's pixels to the crop's: the similarity and the mirror that all outputs share."""
        side_px = self._side_px
        may_flip = options.src_flip if self._name == "src" else options.dst_flip
        affine = random_affine(self._draws.uniforms(self._address(Stream.AFFINE, pick), AFFINE_DRAWS), side_px)
        chance = self._draws.uniforms(self._address(Stream.FLIP, pick), 1)[0]
        return source_matrix(affine, side_px, is_flipped=may_flip and bool(chance < FLIP_PROBABILITY))

    def _address(self, stream: Stream, pick: Pick) -> Address:
        return Address(self._seed, stream, pick.life, pick.iteration, slot_of(self._number, pick.slot))

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
