"""Networks that can grow: octaves around a core, added while it trains (facts/training.md 1).

A core without octaves is what it was, to the bit. With them it sees the picture pooled to its own side, and every
octave draws on what the one below it drew. Old blocks keep their names: `octave1.head.up` stands beside
`encoder.down1`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from msgspec.structs import replace
from torch import Tensor

from core.events.event import Block
from core.nets.block import BlockNetwork, placed
from core.nets.network import Codes, Prediction
from core.nets.octave import Maps, OctaveParts, pooled
from core.nets.part import Decoder, Encoder
from core.nets.shape import NetworkShape
from core.settings.error import NetworkError
from core.settings.growth import Octave


class Drawn(NamedTuple):
    """A picture (b, 3, s, s) and its mask (b, 1, s, s)."""

    picture: Tensor
    mask: Tensor


class GrowingNetwork(BlockNetwork):
    """The base of networks that take octaves: `encoder` is their first part, `decoder_of` says who draws whom."""

    encoder: Encoder

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self._octaves: tuple[Octave, ...] = ()
        self._smoothness: list[float] = []

    def decoder_of(self, person: str) -> Decoder:
        """The decoder that draws src or dst."""
        raise NotImplementedError

    @property
    def octaves(self) -> tuple[Octave, ...]:
        """What stands around the core, inner first."""
        return self._octaves

    @property
    def resolution(self) -> int:
        """Side of the pictures that it takes and draws."""
        return self.shape.resolution << len(self.octaves)

    @property
    def blocks(self) -> list[Block]:
        """Every lockable block in build order: the core's, then octave by octave."""
        born = {f"octave{number}": octave.born for number, octave in enumerate(self.octaves, start=1)}
        return [replace(block, born=born.get(block.part, 0)) for block in super().blocks]

    # --- growth -------------------------------------------------------------------------------------------------------
    def grow(self, octaves: Sequence[Octave]) -> list[str]:
        """Add what it lacks of `octaves`; the names of the new blocks, whose weights are not set. Raises NetworkError.

        Nothing of what there is changes: not a tensor, not a name.
        """
        octaves = tuple(octaves)
        if octaves[: len(self.octaves)] != self.octaves:
            raise NetworkError("these octaves are not those of this network and more",
                               hint="a network only grows: roll back to undo it")
        known = {name for name, _ in self.named_blocks()}
        parameter = next(self.parameters())
        for level in range(len(self.octaves) + 1, len(octaves) + 1):
            with torch.device("meta"):
                parts = OctaveParts(self.shape, octaves, level)
            if not parameter.is_meta:
                placed(parts).to(parameter.device, parameter.dtype)
            self.add_module(f"octave{level}", parts)
        self._octaves = octaves
        self._smoothness = [1.0] * len(octaves)
        return [name for name, _ in self.named_blocks() if name not in known]

    def stand_at(self, iteration: int, ramp: int) -> None:
        """Draw as after `iteration` completed ones: smoothness is a function of it alone, so a resume draws the same.

        Exactly 0 at an octave's birth, 1 from `ramp` iterations on.
        """
        self._smoothness = smoothness_at(self.octaves, iteration, ramp)

    @property
    def is_ramping(self) -> bool:
        """Whether it draws otherwise at each iteration."""
        return any(0 < smoothness < 1 for smoothness in self._smoothness)

    def parts(self, number: int) -> OctaveParts:
        """Octave `number`, counted from 1."""
        octave = self.get_submodule(f"octave{number}")
        if not isinstance(octave, OctaveParts):
            raise TypeError(f"octave{number} is {type(octave).__name__}")
        return octave

    # --- seeing and drawing -------------------------------------------------------------------------------------------
    def encode(self, images: Tensor) -> Tensor:
        """(b, 3, R, R) -> (b, features)."""
        seen, added = images, None
        for number in range(len(self.octaves), 0, -1):
            octave = self.parts(number)
            if "stem" in octave._modules:
                stem = octave.stem(seen)
                added = stem if added is None else added + stem
            seen = pooled(seen)
        features: Tensor = self.encoder(seen, added)
        return features

    def levels(self, codes: Codes, *, shared_pass: bool) -> list[Prediction]:
        """Both people decoded at every side that there is, from the core outwards."""
        raise NotImplementedError

    def drawn(self, codes: Codes, *, shared_pass: bool) -> Prediction:
        """Both people decoded at the whole side."""
        return self.levels(codes, shared_pass=shared_pass)[-1]

    def maps(self, person: str, code: Tensor, *, has_mask: bool = True) -> list[Maps]:
        """What is drawn of a code before the sigmoid, side by side from the core outwards."""
        decoder = self.decoder_of(person)
        features = decoder.features(code)
        mask_features = decoder.mask.features(code) if has_mask else None
        mask_logits = None if mask_features is None else decoder.mask.out.logits(mask_features)
        found = [Maps(features, decoder.out.logits(features), mask_features, mask_logits)]
        for number, smoothness in enumerate(self._smoothness, start=1):
            found.append(self.parts(number).head_of(person)(found[-1], smoothness))
        return found

    def draw_src(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Picture and mask of a code, drawn as src."""
        return self.drawn_levels("src", code)[-1]

    def draw_dst(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Picture and mask of a code, drawn as dst."""
        return self.drawn_levels("dst", code)[-1]

    def picture_src(self, code: Tensor) -> Tensor:
        """The picture of a code, drawn as src, without its mask."""
        return self.picture("src", code)

    def picture_dst(self, code: Tensor) -> Tensor:
        """The picture of a code, drawn as dst, without its mask."""
        return self.picture("dst", code)

    def picture(self, person: str, code: Tensor) -> Tensor:
        """The picture of a code, without its mask."""
        if not self.octaves:
            return self.decoder_of(person).picture(code)
        return self.maps(person, code, has_mask=False)[-1].logits.sigmoid()

    def both(self, src: Tensor, dst: Tensor, *, shared_pass: bool) -> list[Prediction]:
        """Codes of both people at every side, by one decoder; shared_pass: as one batch."""
        if not shared_pass:
            return predictions(self.drawn_levels("src", src), self.drawn_levels("dst", dst))
        return predictions(*split(self.drawn_levels("src", torch.cat([src, dst])), len(src)))

    def drawn_levels(self, person: str, code: Tensor) -> list[Drawn]:
        """Pictures and masks of a code at every side, from the core outwards."""
        if not self.octaves:
            return [Drawn(*self.decoder_of(person)(code))]
        return [drawn_of(maps) for maps in self.maps(person, code)]


def smoothness_at(octaves: Sequence[Octave], iteration: int, ramp: int) -> list[float]:
    """How smoothly each octave enlarges after so many iterations: 0 at its birth, 1 after `ramp` more."""
    return [min((iteration - octave.born) / ramp, 1.0) if ramp else 1.0 for octave in octaves]


def drawn_of(maps: Maps) -> Drawn:
    """Picture and mask of maps."""
    if maps.mask_logits is None:
        raise NetworkError("no mask was drawn with this picture", hint="draw both")
    return Drawn(maps.logits.sigmoid(), maps.mask_logits.sigmoid())


def predictions(src: Sequence[Drawn], dst: Sequence[Drawn]) -> list[Prediction]:
    """Both people at every side."""
    return [Prediction(*a, *b) for a, b in zip(src, dst, strict=True)]


def split(levels: Sequence[Drawn], count: int) -> tuple[list[Drawn], list[Drawn]]:
    """What was drawn in one batch, parted after `count` faces."""
    first = [Drawn(level.picture[:count], level.mask[:count]) for level in levels]
    return first, [Drawn(level.picture[count:], level.mask[count:]) for level in levels]
