"""Whether a trainer still moves, from its beats. Pure: times come as arguments."""

from collections import deque
from statistics import median

SHORTEST_SILENCE_S = 120.0  # the first step on a GPU compiles kernels for a minute; a preview of 32 faces takes a while
TIMES_USUAL = 20.0
REMEMBERED = 64


class Pulse:
    """Seconds between beats of the same trainer, and how long a silence is no longer usual."""

    def __init__(self, now_s: float) -> None:
        self._last_s = now_s
        self._iteration_s: deque[float] = deque(maxlen=REMEMBERED)

    def beat(self, now_s: float, it_s: float = 0.0) -> None:
        """A sign of life; `it_s`: iterations a second, 0 where nothing was trained."""
        self._last_s = now_s
        # A beat of a trainer that is paused or saves says nothing about the length of an iteration.
        if it_s > 0:
            self._iteration_s.append(1.0 / it_s)

    @property
    def usual_s(self) -> float:
        """Usual seconds an iteration; 0 before the first."""
        return median(self._iteration_s) if self._iteration_s else 0.0

    def silence_s(self, now_s: float) -> float:
        """Seconds since the last sign of life."""
        return now_s - self._last_s

    def hung(self, now_s: float) -> str:
        """A sentence when the silence is too long while it should train, else ""."""
        limit_s = max(SHORTEST_SILENCE_S, TIMES_USUAL * self.usual_s)
        if self.silence_s(now_s) <= limit_s:
            return ""
        return (f"the trainer finished no iteration for {self.silence_s(now_s):.0f} s "
                f"(usual: {self.usual_s:.2g} s), so it was ended")
