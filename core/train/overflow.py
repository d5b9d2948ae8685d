"""Steps that fp16 skipped because a scaled gradient overflowed: when a person is told. Pure.

A few are expected: some while the scale is found, then one each time it is doubled too far. They are not the steps
"not finite" of `soundness.py`, unless the scale has fallen below 1: then it is the gradients that are too large.
"""

from collections import deque

OFTEN, AMONG = 15, 100      # a first scale of 2^12 may be halved 12 times until it is 1
ENOUGH = 1.0


class Overflows:
    """Counts skipped steps; says a sentence once for each time in which they repeat. `total`: since the trainer
    began."""

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=AMONG)
        self._is_said = False
        self.total = 0

    def step(self, iteration: int, *, overflowed: bool, scale: float) -> str:
        """Take a step and the scale it was computed with, NaN where there is none; a sentence when it repeats."""
        self._last.append(overflowed)
        self.total += overflowed
        count = sum(self._last)
        if not overflowed or count < OFTEN:
            self._is_said = self._is_said and count > 0
            return ""
        if self._is_said:
            return ""
        self._is_said = True
        return (f"fp16 overflowed in {count} of the last {len(self._last)} iterations before {iteration:,} (loss scale "
                f"{scale:g}, {self.total} skipped in all): those steps were skipped; set precision=bf16, which has the "
                "range of fp32, or lower lr if it goes on")


def is_expected(*, overflowed: bool, scale: float) -> bool:
    """Whether a skipped step is one that the scale will mend by itself."""
    return overflowed and scale >= ENOUGH
