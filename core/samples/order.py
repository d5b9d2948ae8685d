"""Which face is drawn at which position: shuffled decks without a list and without state.

Knows counts, yaw angles and the random streams; knows no files and no pictures. The place of a face in its epoch comes
from a Feistel network over the smallest 4^w >= n, walked until it lands below n (facts/training.md 6): a bijection for
every n, computed for a whole batch at once, in constant time at any position. The rounds' keys are words of the stream,
so a seed, life, side or epoch that differs gives another deck.
"""

import numpy as np
from numpy.typing import NDArray

from core.samples.stream import Address, Draws, Stream, slot_of

Ints = NDArray[np.int64]

ROUNDS = 8                                   # 4 suffice in theory; halves of 1 to 7 bits want more
YAW_EDGES = np.linspace(-1.2, 1.2, 128)      # radians; the original's bins (facts/samples.md 8)
_POWERS_OF_4 = 4 ** np.arange(31, dtype=np.int64)


def yaw_bins(yaw: NDArray[np.float32]) -> Ints:
    """The bin, 0 to 127, of each yaw in radians, (n,): bin 0 takes everything below, bin 127 everything from 1.2 on."""
    return np.maximum(np.searchsorted(YAW_EDGES, -yaw.astype(np.float64), side="right") - 1, 0)


def permuted(place: Ints, count: Ints, keys: NDArray[np.uint64]) -> Ints:
    """Where each place lands in a permutation of 0..count-1, all (m,); keys (m, ROUNDS) choose the permutation."""
    half = np.maximum(np.searchsorted(_POWERS_OF_4, count), 1).astype(np.uint64)         # bits of one half
    value = _feistel(place.astype(np.uint64), half, keys)
    outside = np.flatnonzero(value >= count.astype(np.uint64))
    while outside.size:       # ends: the walk follows a cycle that began inside; each step succeeds with p >= 1/4
        value[outside] = _feistel(value[outside], half[outside], keys[outside])
        outside = outside[value[outside] >= count[outside].astype(np.uint64)]
    return value.astype(np.int64)


def _feistel(value: NDArray[np.uint64], half: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = value >> half, value & mask
    for number in range(ROUNDS):
        left, right = right, left ^ (_mixed(right ^ keys[:, number]) & mask)
    return (left << half) | right


def _mixed(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: every input bit reaches every output bit."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


class FaceOrder:
    """The endless deck of one side's faces. `side` is 0 for src and 1 for dst: their decks are independent."""

    def __init__(self, count: int, *, seed: int, side: int, yaw: NDArray[np.float32] | None = None) -> None:
        if count < 1 or (yaw is not None and yaw.shape != (count,)):
            raise ValueError(f"{count} faces and yaw of shape {None if yaw is None else yaw.shape}")
        self._count, self._seed, self._side = count, seed, side
        self._draws = Draws()
        self._bins: list[Ints] = []
        if yaw is not None:
            bins = yaw_bins(yaw)
            self._bins = [np.flatnonzero(bins == number) for number in np.unique(bins)]

    def shuffled(self, life: int, positions: Ints, *, stream: Stream = Stream.ORDER) -> Ints:
        """The faces at these positions since the first epoch began, (m,): every face exactly once in each epoch."""
        epoch, place = np.divmod(positions, self._count)
        return self._permuted(stream, life, epoch, place, count=np.full_like(place, self._count))

    def even_in_yaw(self, life: int, positions: Ints) -> Ints:
        """The same with every yaw bin that has faces once in each round of bins, and its faces in turn, shuffled.

        Round r visits a bin for the r-th time, so r is also the position in that bin's own deck.
        ValueError if the order was made without yaw.
        """
        if not self._bins:
            raise ValueError("an order by yaw needs the yaw of each face")
        turn, place = np.divmod(positions, len(self._bins))
        chosen = self._permuted(Stream.YAW_BIN, life, turn, place, count=np.full_like(place, len(self._bins)))
        size = np.array([self._bins[number].size for number in chosen], np.int64)
        epoch, place = np.divmod(turn, size)
        inside = self._permuted(Stream.YAW_FACE, life, epoch, place, count=size, deck=chosen)
        return np.array([self._bins[number][k] for number, k in zip(chosen, inside, strict=True)], np.int64)

    def _permuted(self, stream: Stream, life: int, epoch: Ints, place: Ints, *, count: Ints,
                  deck: Ints | None = None) -> Ints:
        """The cards at `place` of decks of `count`; epoch and deck (for several decks of one stream) key each deck."""
        decks = np.zeros_like(epoch) if deck is None else deck
        named = list(zip(epoch.tolist(), decks.tolist(), strict=True))
        keys = {(e, d): self._draws.raw(Address(self._seed, stream, life, e, slot_of(self._side, d)), ROUNDS)
                for e, d in set(named)}
        return permuted(place, count, np.array([keys[name] for name in named], np.uint64).reshape(-1, ROUNDS))
