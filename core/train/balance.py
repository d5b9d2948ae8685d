"""Whether a discriminator has won: then the drawn faces learn nothing from it any more. Pure.

Rule: over the last WINDOW judged iterations, what it gives real examples and what it gives drawn ones (mean
probabilities of being real) lie on average WON or more apart. Both at 0.5 is a draw. Told once, and again only after
they were closer than EVEN.
"""

from collections import deque

WINDOW = 300
WON, EVEN = 0.8, 0.6


class Balance:
    """Follows one discriminator. `what` it judges, and `help`: what would bring the two together again."""

    def __init__(self, what: str, help_: str) -> None:
        self._what = what
        self._help = help_
        self._last: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._is_said = False

    def step(self, iteration: int, real: float, fake: float) -> str:
        """Take a step's beliefs, NaN where nothing was judged; a sentence when the discriminator has just won."""
        if not 0 <= real <= 1 or not 0 <= fake <= 1:    # false for NaN too
            return ""
        self._last.append((real, fake))
        mean_real, mean_fake = (sum(values) / len(self._last) for values in zip(*self._last, strict=True))
        self._is_said = self._is_said and mean_real - mean_fake >= EVEN
        if len(self._last) < WINDOW or mean_real - mean_fake < WON or self._is_said:
            return ""
        self._is_said = True
        return (f"the discriminator of {self._what} has won by iteration {iteration:,}: over {WINDOW} iterations it "
                f"took real for real with {mean_real:.2f} and drawn for real with {mean_fake:.2f}; {self._help}")
