"""What the rest of the program needs from a network, of whatever family: the protocols.

Training step, previews, swap and saves know these and ask for no family. A network that takes a `mix` says so by
`mixing`; all others refuse one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, Self

import torch
from torch import Tensor, nn

from core.events.event import Block
from core.nets.shape import NetworkShape
from core.settings.growth import Octave
from core.settings.kind import Value

# How the code of a src face is mixed while training: not at all; a share of the channels, to the exact number; each
# channel by a draw of its own (facts/networks.md 4).
Mixing = Literal["", "exact", "bernoulli"]


class Codes(NamedTuple):
    """Code maps (b, code channels, s, s), each as the decoder takes it.

    swap: what makes of dst faces src faces. df: the very tensor `dst`. AMP: the same, for no loss of it sees a swap.
    """

    src: Tensor
    dst: Tensor
    swap: Tensor


class Prediction(NamedTuple):
    """Both people drawn as themselves: pictures (b, 3, R, R) and masks (b, 1, R, R), 0..1."""

    src: Tensor
    src_mask: Tensor
    dst: Tensor
    dst_mask: Tensor


class Morphs(NamedTuple):
    """AMP, for pictures: the share of inter_src channels in a src face's own code and in a swap's, 0..1."""

    src: float = 1.0
    swap: float = 1.0


def morphs_of(settings: Mapping[str, Value]) -> Morphs:
    """What a run's previews show: src faces as they are trained, swaps as they are asked for."""
    return Morphs(float(settings["morph_factor"]), float(settings["preview_morph"]))


class Blocked(Protocol):
    """Named blocks: what optimizer, locks and generations need. Discriminators are it as well."""

    @property
    def blocks(self) -> list[Block]: ...
    def named_blocks(self) -> Iterator[tuple[str, nn.Module]]: ...
    def parameters_of(self, block: str) -> dict[str, nn.Parameter]: ...
    def parameters(self) -> Iterator[nn.Parameter]: ...
    def zero_grad(self) -> None: ...
    def to(self, device: torch.device) -> Self: ...


class FaceNetwork(Blocked, Protocol):
    """A network that draws two people, src and dst. Images are (b, 3, R, R), BGR, 0..1."""

    @property
    def shape(self) -> NetworkShape: ...
    @property
    def mixing(self) -> Mixing: ...
    @property
    def resolution(self) -> int:
        """Side of the pictures that it takes and draws; `shape` is that of its core."""

    @property
    def octaves(self) -> tuple[Octave, ...]:
        """What stands around the core, inner first."""

    # --- growth ---------------------------------------------------------------------------------------------------
    def grow(self, octaves: Sequence[Octave]) -> list[str]:
        """Add what it lacks of `octaves`, which begin with those that it has; the names of the new blocks, whose
        weights are not set."""

    def stand_at(self, iteration: int, ramp: int) -> None:
        """Draw as after `iteration` completed ones: how far octaves are from their birth, in `ramp` iterations."""

    @property
    def is_ramping(self) -> bool:
        """Whether it draws otherwise at each iteration."""

    # --- training: with gradients ---------------------------------------------------------------------------------
    def codes(self, src: Tensor, dst: Tensor, *, shared_pass: bool, mix: Tensor | None = None) -> Codes:
        """Codes of warped faces. mix: (b, inter channels, 1, 1) of 0 and 1, 1 = the channel of inter_src."""

    def drawn(self, codes: Codes, *, shared_pass: bool) -> Prediction:
        """Both people decoded; `codes.swap` is not."""

    def levels(self, codes: Codes, *, shared_pass: bool) -> list[Prediction]:
        """The same at every side that a grown network draws, from the core outwards; the last is `drawn`."""

    def train_pass(self, src: Tensor, dst: Tensor, *, shared_pass: bool, mix: Tensor | None = None) -> Prediction:
        """What the losses of reconstruction need, and no more."""

    # --- one code -------------------------------------------------------------------------------------------------
    def encode(self, images: Tensor) -> Tensor:
        """(b, 3, R, R) -> (b, features)."""

    def src_code(self, features: Tensor, morph: float = 1.0, /) -> Tensor:
        """The code that is drawn as src; morph: AMP's share of inter_src channels."""

    def dst_code(self, features: Tensor) -> Tensor:
        """The code that is drawn as dst."""

    def draw_src(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Picture and mask of a code, drawn as src."""

    def draw_dst(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Picture and mask of a code, drawn as dst."""

    def picture_src(self, code: Tensor) -> Tensor:
        """The picture alone."""

    def picture_dst(self, code: Tensor) -> Tensor:
        """The picture alone."""

    # --- pictures: without gradients ------------------------------------------------------------------------------
    def reconstruct(self, src: Tensor, dst: Tensor, *, mix: Tensor | None = None) -> Prediction:
        """Both people drawn as themselves; without a `mix` AMP draws src from inter_src alone."""

    def swap(self, dst: Tensor, *, morph: float = 1.0) -> tuple[Tensor, Tensor]:
        """dst faces drawn as src: picture and mask."""
