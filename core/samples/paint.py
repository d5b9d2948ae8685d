"""The colours of one sample: which transfers, degradations and shadows fall on it, and on input or target or both.

Turns an address into draws and calls the arithmetic. Each thing has a stream of its own, so that switching one on or
off moves no other, and input and target share what they must share. Geometry comes after it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.samples.colour import AUGMENT_DRAWS, HSV_DRAWS, LAB_AMOUNTS, TINT_DRAWS, augmented, hsv_shifted, tinted
from core.samples.degrade import DEGRADE_DRAWS, Degradation, degraded
from core.samples.shadow import SHADOW_DRAWS, Shade, random_gain
from core.samples.stream import Address, Draws, Stream
from core.samples.transfer import CLOSED, Mask, Picture
from core.samples.transport import (
    IDT_NORMALS,
    SOT_NORMALS,
    directions,
    idt,
    idt_dfl,
    rotations,
    sot,
    sot_dfl,
)

TRANSPORTS = ("idt", "sot")
TRANSFERS = (*CLOSED, *TRANSPORTS)          # towards a partner, src only
AUGMENTS = tuple(LAB_AMOUNTS)               # without one, both sides
NO_DEGRADATION, USUAL_SHADE = Degradation(), Shade()


@dataclass(frozen=True, slots=True)
class Paint:
    """What may happen to colours. `transfer` is "none", one of TRANSFERS or one of AUGMENTS.

    is_dfl: repeat the originals' mistakes: statistics of whole frames, other draws for target than for input in idt and
    sot, and what colour.py, degrade.py and shadow.py name.
    """

    transfer: str = "none"
    hsv: float = 0.0
    tint_degrees: float = 0.0
    degradation: Degradation = NO_DEGRADATION
    shades_src: bool = False
    shades_dst: bool = False
    shade: Shade = USUAL_SHADE
    is_dfl: bool = False

    def needs_partner(self, *, is_src: bool) -> bool:
        """Whether a sample of that side is recoloured towards a face of the other."""
        return is_src and self.transfer in TRANSFERS

    def shades(self, *, is_src: bool) -> bool:
        """Whether samples of that side get shadows."""
        return self.shades_src if is_src else self.shades_dst

    def changes(self, *, is_src: bool) -> bool:
        """Whether samples of that side are touched at all."""
        return (self.needs_partner(is_src=is_src) or self.transfer in AUGMENTS or self.degradation.is_on
                or self.tint_degrees > 0 or (is_src and self.hsv > 0) or self.shades(is_src=is_src))


class Partner(NamedTuple):
    """The face that a sample is recoloured towards."""

    picture: Picture
    mask: Mask


class Place(NamedTuple):
    """Whose draws: the parts of an address beside seed and stream; `slot` tells the sides apart."""

    life: int
    iteration: int
    slot: int


class Painter:
    """Paints the samples of one side. One for each process: it shares the side's generator."""

    def __init__(self, draws: Draws, *, seed: int, is_src: bool) -> None:
        self._draws, self._seed, self._is_src = draws, seed, is_src

    def painted(self, picture: Picture, mask: Mask, partner: Partner | None, paint: Paint,
                place: Place) -> tuple[Picture, Picture]:
        """Input and target of a sample, (R, R, 3) BGR 0..1; one array where they are equal."""
        both = picture, picture
        if paint.transfer in AUGMENTS:
            draws = self._uniforms(Stream.TRANSFER, place, AUGMENT_DRAWS)
            picture = augmented(picture, draws, paint.transfer, is_dfl=paint.is_dfl)
            both = picture, picture
        elif partner is not None:
            both = self._transferred(picture, mask, partner, paint, place)
        if paint.tint_degrees:
            draws = self._uniforms(Stream.TINT, place, TINT_DRAWS)
            both = _mapped(both, lambda x: tinted(x, draws, paint.tint_degrees))
        shown, target = both
        shown = self._degraded(shown, paint, place)
        if paint.shades(is_src=self._is_src):
            draws = self._uniforms(Stream.SHADOW, place, SHADOW_DRAWS)
            gain = random_gain(draws, picture.shape[0], paint.shade, is_dfl=paint.is_dfl)
            shown, target = _mapped((shown, target), gain.on) if gain else (shown, target)
        return shown, target

    def _transferred(self, picture: Picture, mask: Mask, partner: Partner, paint: Paint,
                     place: Place) -> tuple[Picture, Picture]:
        if paint.is_dfl:
            mask, partner = None, Partner(partner.picture, None)
        kind = paint.transfer
        if kind in CLOSED:
            moved = CLOSED[kind](picture, partner.picture, mask, partner.mask)
            return moved, moved
        count = IDT_NORMALS if kind == "idt" else SOT_NORMALS
        normals = self._draws.normals(Address(self._seed, Stream.TRANSFER, *place), 2 * count)
        if paint.is_dfl:
            shown, target = (_moved_as_dfl(kind, picture, partner.picture, part) for part in normals.reshape(2, count))
            return shown, target
        drawn = (rotations if kind == "idt" else directions)(normals[:count])
        moved = (idt if kind == "idt" else sot)(picture, partner.picture, drawn, mask, partner.mask)
        return moved, moved

    def _degraded(self, picture: Picture, paint: Paint, place: Place) -> Picture:
        """What only the input suffers."""
        if paint.degradation.is_on:
            def grain(count: int) -> NDArray[np.uint64]:
                return self._draws.raw(Address(self._seed, Stream.GRAIN, *place), count)

            draws = self._uniforms(Stream.DEGRADE, place, DEGRADE_DRAWS)
            picture = degraded(picture, paint.degradation, draws, grain, is_dfl=paint.is_dfl)
        if self._is_src and paint.hsv > 0:
            picture = hsv_shifted(picture, self._uniforms(Stream.HSV, place, HSV_DRAWS), paint.hsv)
        return picture

    def _uniforms(self, stream: Stream, place: Place, count: int) -> NDArray[np.float64]:
        return self._draws.uniforms(Address(self._seed, stream, *place), count)


def _moved_as_dfl(kind: str, picture: Picture, partner: Picture, normals: NDArray[np.float64]) -> Picture:
    if kind == "idt":
        return idt_dfl(picture, partner, rotations(normals))
    return sot_dfl(picture, partner, directions(normals))


def _mapped(both: tuple[Picture, Picture], change: Callable[[Picture], Picture]) -> tuple[Picture, Picture]:
    """Input and target changed alike; once where they are one array."""
    shown = change(both[0])
    return shown, shown if both[0] is both[1] else change(both[1])
