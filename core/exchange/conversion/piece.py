"""One tensor on its way from an old network into a new one, with its moments and a memory of what was done to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from core.exchange.dictionary import Array
from core.store.generation import BlockContent

Key = tuple[str, str]       # block, tensor: ("encoder.down1", "conv.weight")
Change = Callable[[Array], Array]

# How a moment follows the size of a gradient: m is one, s and a are squares of it (core/train/optim_rule.py).
POWERS: Mapping[str, int] = {"m": 1, "s": 2, "a": 2}


@dataclass(frozen=True, slots=True)
class Piece:
    """A tensor. `moments`: slot -> array like the weight; none begin at zero. `sources`: what it was in the old
    network, nothing of what was made. `counter`: updates of its block. `how`: what was done to it, in order."""

    weight: Array
    moments: Mapping[str, Array] = field(default_factory=dict)
    sources: tuple[Key, ...] = ()
    counter: int = 0
    how: tuple[str, ...] = ()

    def changed(self, how: str, weight: Change, moment: Change | None = None) -> "Piece":
        """With `weight` done to the weight, and `moment` (or the same) to the moments."""
        of_moment = moment or weight
        return replace(self, weight=weight(self.weight), how=(*self.how, how),
                       moments={slot: of_moment(array) for slot, array in self.moments.items()})

    def replaced(self, how: str, weight: Array, moment: Change) -> "Piece":
        """With another weight, and `moment` done to the moments."""
        return replace(self, weight=weight, how=(*self.how, how),
                       moments={slot: moment(array) for slot, array in self.moments.items()})

    def scaled(self, how: str, factor: float) -> "Piece":
        """Weights times `factor`, for inputs that come divided by it: gradients are divided too."""
        return replace(self, weight=self.weight * np.float32(factor), how=(*self.how, how),
                       moments={slot: array * np.float32(factor ** -POWERS[slot])
                                for slot, array in self.moments.items()})

    def without_moments(self, how: str) -> "Piece":
        """With moments that begin at zero."""
        return replace(self, moments={}, how=(*self.how, how))


Pieces = dict[Key, Piece]


def pieces_of(blocks: Mapping[str, BlockContent]) -> Pieces:
    """The tensors of a generation's blocks."""
    pieces: Pieces = {}
    for block, content in blocks.items():
        counter = int(content.moments["counter"])
        for name, weight in content.weights.items():
            moments = {slot: content.moments[f"{name}.{slot}"] for slot in POWERS
                       if f"{name}.{slot}" in content.moments}
            pieces[block, name] = Piece(weight, moments, ((block, name),), counter)
    return pieces


def together(pieces: Sequence[Piece], how: str, put: Callable[[list[Array]], Array]) -> Piece:
    """One piece of several: `put` of their weights, and of each of their moments that all of them have."""
    slots = [slot for slot in pieces[0].moments if all(slot in piece.moments for piece in pieces)]
    moments = {slot: put([piece.moments[slot] for piece in pieces]) for slot in slots}
    return Piece(put([piece.weight for piece in pieces]), moments,
                 tuple(source for piece in pieces for source in piece.sources),
                 max(piece.counter for piece in pieces), (*pieces[0].how, how))


def made(weight: Array, how: str) -> Piece:
    """A tensor that no old one stands behind."""
    return Piece(np.asarray(weight, np.float32), how=(how,))


def blocks_in(pieces: Pieces, start: str) -> list[str]:
    """Names of the blocks that begin so, each once."""
    return list(dict.fromkeys(block for block, _ in pieces if block.startswith(start)))


def parts_in(pieces: Pieces, start: str) -> list[str]:
    """Names of the parts that begin so: encoder, inter_ab, decoder_src."""
    return list(dict.fromkeys(block.partition(".")[0] for block in blocks_in(pieces, start)))


def renamed(pieces: Pieces, names: Mapping[str, str]) -> Pieces:
    """The pieces with other names of blocks; those that are not in `names` stay."""
    return {(names.get(block, block), name): piece for (block, name), piece in pieces.items()}


def without(pieces: Pieces, *blocks: str) -> Pieces:
    """The pieces of all other blocks."""
    return {key: piece for key, piece in pieces.items() if key[0] not in blocks}
