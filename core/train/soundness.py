"""Steps that could not be applied because a number was not finite: when a person is told. Pure."""

from collections import deque

IN_A_ROW = 3
OF_THE_LAST, AMONG = 5, 100


class Soundness:
    """Counts skipped steps; says a sentence once for each streak of them."""

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=AMONG)
        self._row = 0
        self._is_said = False

    def step(self, iteration: int, *, applied: bool) -> str:
        """Take the outcome of a step; a sentence when a streak has just become one, else ""."""
        self._last.append(applied)
        self._row = 0 if applied else self._row + 1
        skipped = self._last.count(False)
        if self._row < IN_A_ROW and skipped < OF_THE_LAST:
            self._is_said = self._is_said and skipped > 0  # the streak is over when all of AMONG are sound
            return ""
        if self._is_said:
            return ""
        self._is_said = True
        return (f"losses were not finite in {skipped} of the last {len(self._last)} iterations before {iteration:,}: "
                "those steps were skipped; lower lr, switch clipgrad on, or roll back if it goes on")
