"""Which samples of the last 16 iterations were learnt worst: they come again in the 17th (facts/losses.md 8).

The original fork takes an extra step outside of its count every 16 iterations; here the 17th iteration is that step, so
that every step has a number, and what it trains on follows from the losses of the window. Picks are addresses, not
pictures: a few numbers in a generation, from which a resumed run makes the same bits.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.samples.request import WINDOW, Pick, is_again

SIDES = ("src", "dst")
Losses = tuple[NDArray[np.float32], NDArray[np.float32]]        # of each sample, src and dst, (B,)
_Kept = tuple[float, Pick]


class Worst:
    """Notes losses and names the worst samples. `keys` of both face sets: picks of other faces are not believed."""

    def __init__(self, keys: Sequence[str], state: Mapping[str, Any] | None = None) -> None:
        self._keys = list(keys)
        self._window = -1
        self._kept: dict[str, list[_Kept]] = {side: [] for side in SIDES}
        self._unread: list[Callable[[], None]] = []
        if state and state["keys"] == self._keys:
            self._window = state["window"]
            self._kept = {side: [(loss, Pick(*pick)) for loss, pick in state[side]] for side in SIDES}

    def note(self, picks: tuple[Sequence[Pick], Sequence[Pick]], losses: Callable[[], Losses]) -> None:
        """The samples of a step, and how to get their losses: that is asked for late, for it may wait for a device."""
        window = picks[0][0].iteration // (WINDOW + 1)
        if window != self._window:
            self._window, self._unread = window, []
            self._kept = {side: [] for side in SIDES}

        def read() -> None:
            for side, made, values in zip(SIDES, picks, losses(), strict=True):
                found = [(float(value), pick) for value, pick in zip(values, made, strict=True) if math.isfinite(value)]
                # As many as a batch takes; among equals the earlier one, so that the choice has no history.
                self._kept[side] = sorted(self._kept[side] + found, key=lambda one: (-one[0], one[1]))[:len(made)]

        self._unread.append(read)

    def due(self, iteration: int, size: int) -> tuple[tuple[Pick, ...], tuple[Pick, ...]] | None:
        """The samples of the step after `iteration` completed ones, `size` a side, worst first; None where it is an
        ordinary step, or too few are known, which is so after the setting was switched on within a window."""
        if not is_again(iteration) or self._window != iteration // (WINDOW + 1):
            return None
        self._read()
        if any(len(kept) < size for kept in self._kept.values()):
            return None
        src, dst = (tuple(pick for _, pick in self._kept[side][:size]) for side in SIDES)
        return src, dst

    def state(self) -> dict[str, Any]:
        """All that a resume needs, as plain numbers."""
        self._read()
        return {"keys": self._keys, "window": self._window,
                **{side: [[loss, list(pick)] for loss, pick in self._kept[side]] for side in SIDES}}

    def _read(self) -> None:
        for read in self._unread:
            read()
        self._unread = []


def picks_of(faces: NDArray[np.int64], *, life: int, iteration: int, drawn: int) -> list[Pick]:
    """The picks of one side of a batch; `faces` is its index, `drawn` what was drawn of the side before it."""
    return [Pick(life, iteration, slot, drawn + slot, face) for slot, face in enumerate(faces.tolist())]
