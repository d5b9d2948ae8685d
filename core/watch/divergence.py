"""Does a loss run away? Two neighbouring blocks above the course of twenty before them (facts/training.md 4.3).

The reference is long on purpose: a loss that doubles in 200 iterations hides from a short one, because it is in it.
"""

import math
from itertools import pairwise

from msgspec import Struct

from core.events.reading import Verdict
from core.watch.robust import median, spread

BLOCK = 25              # iterations; shorter ones gave 41 % false alarms in 6,000 iterations at a noise of 0.5
REFERENCE = 20          # blocks, of which the newest lies two before the judged one
GAP = 2
LEAST = math.log(1.35)
FACTOR = 5.0


class Divergence(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept: means of the last blocks. holds: at the last one; the rest is for the sentence."""

    iteration: int = 0
    means: list[float] = []
    holds: bool = False
    reference: float = 0.0
    above: float = 0.0
    bound: float = 0.0


def advance(state: Divergence, iteration: int, mean: float) -> Divergence:
    """Take the trimmed mean of the logarithms of the block that ended at `iteration`."""
    means = [*state.means, mean][-(REFERENCE + GAP + 1):]
    if len(means) < REFERENCE + GAP + 1:
        return Divergence(iteration, means)
    known = means[:REFERENCE]
    reference = median(known)
    # From neighbours and not about the median: what rises already widens the latter until nothing is above it (60 %
    # of doublings were found at a noise of 0.5).
    steps = [b - a for a, b in pairwise(known)]
    bound = max(LEAST, FACTOR * spread(steps, median(steps)) / math.sqrt(2))
    above, before = means[-1] - reference, means[-2] - reference
    return Divergence(iteration, means, above > bound and before > 0.5 * bound, reference, above, bound)


def restarted(state: Divergence) -> Divergence:
    """Begin anew after a change of what the loss is."""
    return Divergence(iteration=state.iteration)


def verdict(state: Divergence, of: str) -> Verdict:
    """Whether the loss runs away, in words."""
    if len(state.means) < REFERENCE + GAP + 1:
        return Verdict("divergence", of, state.iteration, False,
                       f"{of}: {len(state.means)} of {REFERENCE + GAP + 1} blocks that a divergence is seen against")
    ratio, bound = math.exp(state.above), math.exp(state.bound)
    usual = math.exp(state.reference)
    words = f"{of} lies at {ratio:.2f} times its course of {usual:.4g} over {REFERENCE * BLOCK} iterations"
    end = f"it runs away (bound {bound:.2f})" if state.holds else f"it keeps to it (bound {bound:.2f})"
    return Verdict("divergence", of, state.iteration, state.holds, f"{words}: {end}",
                   {"ratio": ratio, "bound": bound, "usual": usual}, 0.99)
