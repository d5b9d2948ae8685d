"""The scale of a run's likeness: 0 is the destination, 100 is as alike as the source is to itself in other footage.

Fixed once for a run: what is compared with what, the floor of each probe, the ceiling. Numbers in, numbers out; it
knows no pictures and no files (facts: likeness/README.md 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.watch.choice import FEWEST

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

NEAREST = 8             # references that a face is compared with, by pose: one alone would hang on one picture
BLOCKS = 4              # stretches of the source's footage; neighbours in time would put the ceiling out of reach
LEAST_GAP = 0.20        # between floor and ceiling; below it the two people are too alike for this measure
BANDS = ((0.0, 20.0), (20.0, 40.0), (40.0, 90.0))       # degrees of yaw, to either side
WORST = 3

Measure = Literal["likeness", "departure"]


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """What every reading of a run is made with.

    measure: "likeness", or "departure" from the destination where the network is missing. described_by: name and hash
    of what makes features. references, probes: names of the faces. features: of the references (n, d); for a departure
    (2, d): direction and offset. nearest: (probes, NEAREST) into the references. floor: (probes,). yaw: (probes,)
    degrees. trouble: why no verdict may use it, one sentence, or "".
    """

    measure: Measure
    described_by: str
    references: tuple[str, ...]
    probes: tuple[str, ...]
    features: NDArray[np.float32]
    nearest: Index
    floor: Floats
    ceiling: float
    yaw: Floats
    trouble: str = ""

    @property
    def gap(self) -> float:
        """Mean floor less ceiling: what 100 points are."""
        return float(self.floor.mean()) - self.ceiling


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Faces that a scale is made of, in order of the footage: names, features (n, d), pitch and yaw (n, 2) in radians,
    and for references the stretch of footage that each lies in."""

    names: tuple[str, ...]
    features: NDArray[np.float32]
    pose: Floats
    block: Index


def block_of(place: Sequence[int] | Index, count: int) -> Index:
    """The stretch of the footage that the faces at these places of a set of `count` lie in."""
    return np.asarray(place, np.int64) * BLOCKS // count


def make_scale(references: Faces, probes: Faces, described_by: str) -> Scale:
    """The scale of likeness. Too few faces, or two people who are too alike, give one with `trouble`, no error."""
    yaw = np.degrees(probes.pose[:, 1])
    if min(len(references.names), len(probes.names)) < FEWEST:
        trouble = (f"not enough faces for likeness: {len(references.names)} usable of the source and "
                   f"{len(probes.names)} of the destination, {FEWEST} of each are needed")
        return Scale("likeness", described_by, references.names, probes.names, references.features,
                     np.zeros((len(probes.names), 0), np.int64), np.zeros(len(probes.names)), 0.0, yaw, trouble)
    nearest = neighbours(probes.pose, references.pose)
    floor = mean_distances(probes.features, references.features, nearest)
    ceiling = ceiling_of(references)
    gap = float(floor.mean()) - ceiling
    trouble = "" if gap >= LEAST_GAP else (
        f"these two people are too alike for this measure: the destination lies at {floor.mean():.2f} from the source, "
        f"the source at {ceiling:.2f} from itself, and {LEAST_GAP:.2f} between them is the least")
    return Scale("likeness", described_by, references.names, probes.names, references.features, nearest, floor, ceiling,
                 yaw, trouble)


def neighbours(pose: Floats, others: Floats) -> Index:
    """For each pose (n, 2) the nearest of `others` (m, 2), (n, min(NEAREST, m)); of equals the first."""
    far = np.hypot(pose[:, None, 0] - others[None, :, 0], pose[:, None, 1] - others[None, :, 1])
    return np.argsort(far, axis=1, kind="stable")[:, :NEAREST]


def mean_distances(features: NDArray[np.float32], references: NDArray[np.float32], nearest: Index) -> Floats:
    """The mean Euclidean distance of each row to its nearest references, (n,)."""
    apart = features[:, None, :].astype(np.float64) - references[nearest].astype(np.float64)
    return np.asarray(np.sqrt((apart * apart).sum(axis=2)).mean(axis=1), np.float64)


def ceiling_of(references: Faces) -> float:
    """How far the source is from itself in other footage: each reference to its nearest of other stretches."""
    distances = []
    for block in np.unique(references.block):
        inside, outside = references.block == block, references.block != block
        if not outside.any():       # all in one stretch: there is no other footage
            outside = ~inside | inside
        others = references.features[outside]
        near = neighbours(references.pose[inside], references.pose[outside])
        distances.append(mean_distances(references.features[inside], others, near))
    return float(np.concatenate(distances).mean())


def distances(scale: Scale, features: NDArray[np.float32]) -> Floats:
    """How far each probe's swap, described by `features` (probes, d), is from the source, (probes,)."""
    if scale.measure == "departure":
        direction, offset = scale.features.astype(np.float64)
        return np.asarray(offset[0] - features.astype(np.float64) @ direction, np.float64)
    return mean_distances(features, scale.features, scale.nearest)


def scores(scale: Scale, far: Floats) -> Floats:
    """Points of each probe, (probes,), from its distance; their mean is the likeness. Not clipped."""
    return 100.0 * (scale.floor - far) / scale.gap


def by_band(scale: Scale, points: Floats) -> dict[str, float]:
    """Mean points by yaw to either side; a band without probes is left out."""
    turned = np.abs(scale.yaw)
    inside = {f"{low:.0f}-{high:.0f}" if high < 90 else f"{low:.0f}+": (turned >= low) & (turned < high)
              for low, high in BANDS}
    return {name: float(points[mask].mean()) for name, mask in inside.items() if mask.any()}


def worst(scale: Scale, points: Floats) -> list[tuple[str, float]]:
    """The probes whose swaps are least alike: names and points."""
    order = np.argsort(points, kind="stable")[:WORST]
    return [(scale.probes[i], float(points[i])) for i in order]
