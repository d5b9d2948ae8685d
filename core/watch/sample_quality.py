"""M2: how far a sample's mask and the mask that the model draws for it disagree. Worst first is a list, no verdict.

Both are at model resolution, of the unwarped sample, all samples at one iteration (likeness/README.md 10). An error
that is the same in the whole set is learnt with it and stays invisible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.watch.robust import median, spread

OPENED = 0.02           # of the side: thinner rests are wobble of the edge
WRONG = 0.5
FLAGGED = 4.0           # robust z within the set, shown
QUARANTINED = 5.0       # robust z from which a sample may be put aside without being asked for
LEARNT_IOU = 0.90       # median of the set, in two readings: below it the mask head says nothing yet
READINGS = 2

Plane = NDArray[np.float32]


class Disagreement(NamedTuple):
    """iou: shared by joint area. missing, extra: of the sample's mask, what the model leaves out and adds. blob: the
    largest piece of it that is wrong. score: (1 - iou) + blob, what samples are ranked by."""

    iou: float
    missing: float
    extra: float
    blob: float

    @property
    def score(self) -> float:
        """The larger, the worse."""
        return 1 - self.iou + self.blob


@dataclass(frozen=True, slots=True)
class Ranked:
    """One sample of a set: its place in the set, score, and robust z within the set."""

    index: int
    score: float
    z: float

    @property
    def is_flagged(self) -> bool:
        """Whether a person should look at it."""
        return self.z > FLAGGED


def disagreement(sample: Plane, predicted: Plane) -> Disagreement:
    """How far two masks (R, R), 0..1, disagree; a sample without any mask disagrees with all that is drawn."""
    area = float(sample.sum())
    apart = sample - predicted
    missing, extra = float(np.maximum(apart, 0).sum()), float(np.maximum(-apart, 0).sum())
    joint = area + extra        # sum of the larger of the two
    whole = max(area, 1.0)      # one pixel
    return Disagreement((area - missing) / joint if joint > 0 else 1.0, missing / whole, extra / whole,
                        largest_piece(apart) / whole)


def largest_piece(apart: Plane) -> float:
    """Pixels of the largest connected part that is wrong, once thin edges are taken off: a hole, a hand, a hull."""
    radius = max(1, round(OPENED * apart.shape[0]))
    wrong = (np.abs(apart) > WRONG).astype(np.uint8)
    if not wrong.any():
        return 0.0
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    left = cv2.morphologyEx(wrong, cv2.MORPH_OPEN, kernel)
    count, _, stats, _ = cv2.connectedComponentsWithStats(left)
    return float(stats[1:, cv2.CC_STAT_AREA].max()) if count > 1 else 0.0


def ranked(scores: Sequence[float]) -> list[Ranked]:
    """All samples of a set, worst first; of equals the first."""
    if not scores:
        return []
    centre = median(scores)
    sd = max(spread(scores, centre), 1e-9)
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    return [Ranked(i, scores[i], (scores[i] - centre) / sd) for i in order]


def not_learnt(medians: Sequence[float]) -> str:
    """Why the masks say nothing yet, from the set's median iou of each reading so far; "" when they do."""
    last = medians[-READINGS:]
    if len(last) == READINGS and min(last) >= LEARNT_IOU:
        return ""
    seen = f"the median overlap is {last[-1]:.2f}" if last else "they were not looked at yet"
    return f"masks are not learnt yet: {seen}, it takes {LEARNT_IOU:.2f} in {READINGS} readings"
