"""Digests of tensors, as the recorded cases keep them, and how far ours are from them.

A digest holds samples of every tensor (`vals`, cut by `off`) and sum, sum of |x|, L2 norm, largest |x| of the whole
tensor (`stats`). Tolerances are those of the recorded cases' README.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

LOSS = 2e-5                     # relative
WEIGHT_SHARE = 0.99             # of the samples lie within these, the rest within WEIGHT_REST
WEIGHT_FIRST, WEIGHT_LATER = 1e-6, 3e-6     # after one step, after several
WEIGHT_REST = 1e-4
STATE_SHARE = 0.9               # of the tensors are within the tolerance after 3 steps, the rest within STATE_REST
STATE_REST = 5e-2


class Tolerance(NamedTuple):
    """How far a gradient may be off, of the tensor's largest; its norm, relative; optimizer state, of the largest."""

    gradient: float
    norm: float
    state: float


USUAL = Tolerance(2e-4, 1e-4, 1e-3)
# Where a pre-activation is exactly 0, float rounding decides the slope there, and changes this layer only.
TIE, JUDGE_TIE = Tolerance(1.5e-2, 1e-2, 3e-2), Tolerance(1e-2, 5e-3, 2e-2)
# Quick96 at its full size: some activations lie within rounding of 0.
LARGE, LARGE_TIE = Tolerance(5e-3, 1e-3, 1e-2), Tolerance(2e-2, 1e-2, 4e-2)

Ties = Mapping[str, Tolerance]      # how a variable's name begins -> its tolerance; "" is any

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Digest:
    """A recorded digest: names, and for each the samples and the four numbers."""

    names: Sequence[str]
    samples: Sequence[np.ndarray]
    stats: np.ndarray

    def largest(self, place: int) -> float:
        """Largest |x| of that tensor."""
        return float(self.stats[place, 3])


def digest_of(recorded: Arrays, tag: str, names: Sequence[str]) -> Digest:
    """The digest under `tag`."""
    offsets = recorded[f"{tag}.off"]
    samples = np.split(recorded[f"{tag}.vals"], offsets[1:-1])
    return Digest([str(name) for name in names], samples, recorded[f"{tag}.stats"])


def positions(size: int, count: int) -> np.ndarray:
    """Flat places of the samples of a tensor with `size` elements, `count` of them asked for."""
    return np.unique(np.floor(np.linspace(0, size - 1, count)).astype(np.int64))


def gaps(digest: Digest, ours: Arrays, count: int) -> list[np.ndarray]:
    """|ours - recorded| at the samples, tensor by tensor."""
    found = []
    for name, samples in zip(digest.names, digest.samples, strict=True):
        flat = np.asarray(ours[name], np.float64).reshape(-1)
        found.append(np.abs(flat[positions(flat.size, count)] - samples))
    return found


def tolerance_of(name: str, ties: Ties) -> Tolerance:
    """The tolerance of a variable, or of a moment of it."""
    variable = re.sub(r"^.*/(ms|vs|acc)_", "", name)
    return next((ties[begin] for begin in ties if begin and variable.startswith(begin)), ties[""])


def gradient_deviations(digest: Digest, ours: Arrays, count: int, ties: Ties) -> tuple[dict[str, float], bool]:
    """Largest deviation of a gradient and of its norm; apart for the layers with a tie."""
    worst = {"gradient": 0.0, "gradient_norm": 0.0}
    is_within = set(digest.names) == set(ours)
    for place, (name, gap) in enumerate(zip(digest.names, gaps(digest, ours, count), strict=True)):
        tolerance = tolerance_of(name, ties)
        norm = float(digest.stats[place, 2])
        value = float(gap.max()) / max(digest.largest(place), 1e-30)
        norm_gap = abs(float(np.linalg.norm(ours[name].astype(np.float64))) - norm) / max(norm, 1e-30)
        is_within &= value <= tolerance.gradient and norm_gap <= tolerance.norm
        suffix = "" if tolerance is ties[""] else "_tied"
        for key, found in (("gradient", value), ("gradient_norm", norm_gap)):
            worst[key + suffix] = max(worst.get(key + suffix, 0.0), found)
    return worst, is_within


def weight_deviations(digest: Digest, ours: Arrays, count: int, steps: int) -> tuple[dict[str, float], bool]:
    """Largest deviation of a weight, and the share of the samples beyond the narrow tolerance."""
    all_ = np.concatenate(gaps(digest, ours, count))
    beyond = float((all_ > (WEIGHT_FIRST if steps == 1 else WEIGHT_LATER)).mean())
    worst = {f"weight_{steps}": float(all_.max()), f"weight_{steps}_beyond": beyond}
    return worst, beyond <= 1 - WEIGHT_SHARE and worst[f"weight_{steps}"] <= WEIGHT_REST


def state_deviations(digest: Digest, ours: Arrays, count: int, steps: int, ties: Ties) -> tuple[dict[str, float], bool]:
    """Largest deviation of the optimizers' state, of each tensor's largest; the step counters must be equal."""
    values, tied_values, is_within = [], [], True
    for place, (name, gap) in enumerate(zip(digest.names, gaps(digest, ours, count), strict=True)):
        if name.endswith("iters:0"):
            is_within &= float(gap.max()) == 0
            continue
        largest, tolerance = digest.largest(place), tolerance_of(name, ties)
        value = float(gap.max()) / largest if largest else float(gap.max() > 0)
        if tolerance is ties[""]:
            values.append(value)
        else:
            tied_values.append(value)
            is_within &= value <= tolerance.state
    wide = ~(np.array(values) <= ties[""].state)       # NaN is wide
    is_within &= not wide.any() if steps == 1 else bool(wide.mean() <= 1 - STATE_SHARE and np.max(values) <= STATE_REST)
    worst = {f"state_{steps}": float(np.max(values)), f"state_{steps}_beyond": float(wide.mean())}
    return worst | ({f"state_{steps}_tied": max(tied_values)} if tied_values else {}), is_within


def loss_deviation(ours: np.ndarray, recorded: np.ndarray) -> float:
    """Largest relative deviation of a loss."""
    return float((np.abs(np.asarray(ours, np.float64) - recorded) / np.abs(recorded)).max())
