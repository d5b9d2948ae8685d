"""Random streams that are counters: every draw is a pure function of its address, so nothing has to be saved.

A stream knows no history and no state of the run. Philox4x64 turns (key, counter) into four words; the key is
(seed, stream), the counter (running block, slot, iteration, life). Word 0 is the running one and starts at 0, so two
addresses could meet only after 2^66 words (facts/training.md 6). A killed and resumed run, any number of workers and
any order of asking give the same bits; a new life gives others.

Only raw words are taken from numpy: its normals are of variable length and may change between versions.
"""

import hashlib
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_WORD = 2**64
_BUFFER_WORDS = 4                                       # a read-out buffer: the next word is a fresh block's first
_EMPTY_BUFFER = np.zeros(_BUFFER_WORDS, np.uint64)


class Stream(IntEnum):
    """Every use of randomness has its own number here. Numbers are never changed or used again: old runs need them."""

    ORDER = 1      # which face comes k-th in an epoch
    YAW_BIN = 2    # which yaw bin comes k-th in a round of all bins
    YAW_FACE = 3   # which face comes k-th in a round of one bin
    AFFINE = 4     # rotation, scale, shift of a sample
    FLIP = 5
    WARP = 6       # cell and node displacements
    LRD = 7        # which weights a step with learning-rate dropout moves
    PARTNER = 8    # which dst face the k-th src face is recoloured towards
    TRANSFER = 9   # what a colour transfer draws: rotations, directions, amounts
    HSV = 10
    DEGRADE = 11   # which degradations, in which order, how strong
    GRAIN = 12     # noise, pixel by pixel
    SHADOW = 13
    TINT = 14      # by how much colours are turned
    MORPH = 15     # which channels of a src face's code come from inter_src (AMP)
    LABEL = 32     # which lessons a discriminator is told the wrong way round
    REFERENCE = 40  # which source faces likeness is compared with
    PROBE = 41     # which destination faces it is read on
    RESAMPLE = 42  # which of them each resample of its interval takes


class Address(NamedTuple):
    """Where a draw stands. Every part is 0 to 2^64 - 1; `slot` is the place in the batch or any other 64-bit name."""

    seed: int
    stream: Stream
    life: int
    iteration: int
    slot: int


def slot_of(side: int, number: int) -> int:
    """The slot of an address for sample or deck `number` (below 2^32) of src (side 0) or dst (side 1)."""
    return side << 32 | number


class Draws:
    """Reads streams through one bit generator, whose reuse is six times faster than a new one. Not for two threads."""

    def __init__(self) -> None:
        self._bits = np.random.Philox(0)

    def raw(self, address: Address, count: int) -> NDArray[np.uint64]:
        """The first `count` words of a stream, (count,). ValueError if a part of the address is not a 64-bit word."""
        if not all(0 <= part < _WORD for part in address):
            raise ValueError(f"{address} has a part outside 0..2^64-1")
        self._bits.state = {
            "bit_generator": "Philox",
            "state": {"counter": np.array([0, address.slot, address.iteration, address.life], np.uint64),
                      "key": np.array([address.seed, address.stream], np.uint64)},
            "buffer": _EMPTY_BUFFER, "buffer_pos": _BUFFER_WORDS, "has_uint32": 0, "uinteger": 0,
        }
        return self._bits.random_raw(count)

    def uniforms(self, address: Address, count: int) -> NDArray[np.float64]:
        """Numbers in [0, 1) with 53 random bits, (count,)."""
        return (self.raw(address, count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normals(self, address: Address, count: int) -> NDArray[np.float64]:
        """Standard normals by Box-Muller, (count,): always two words for each pair."""
        pairs = (count + 1) // 2
        first, second = self.uniforms(address, 2 * pairs).reshape(pairs, 2).T
        radius = np.sqrt(-2.0 * np.log1p(-first))        # 1 - first is in (0, 1]: the logarithm is finite
        angle = 2.0 * np.pi * second
        normals = np.empty((pairs, 2), np.float64)
        normals[:, 0], normals[:, 1] = radius * np.cos(angle), radius * np.sin(angle)
        return normals.ravel()[:count]


def block_words(seed: int, stream: Stream, life: int, iteration: int, block: str, n_bytes: int) -> NDArray[np.uint8]:
    """Random bytes that belong to a block's name, (n_bytes,): the same whatever other blocks exist or are locked.

    An LRD mask is `bytes < 77` (p = 0.3008) or the same of uint16 (facts/training.md 6). 10 ms for 10 million.
    """
    name = int.from_bytes(hashlib.sha256(block.encode()).digest()[:8], "little")
    words = Draws().raw(Address(seed, stream, life, iteration, name), -(-n_bytes // 8))
    return words.astype("<u8", copy=False).view(np.uint8)[:n_bytes]
