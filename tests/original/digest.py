"""Digests of tensors, as the recorded cases keep them, and how far ours are from them.

A digest holds samples of every tensor (`vals`, cut by `off`) and sum, sum of |x|, L2 norm, largest |x| of the whole
tensor (`stats`). Tolerances are those of the recorded cases' README.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LOSS = 2e-5                     # relative
GRADIENT = 2e-4                 # of the tensor's largest
GRADIENT_NORM = 1e-4            # relative
WEIGHT_SHARE = 0.99             # of the samples lie within these, the rest within WEIGHT_REST
WEIGHT_FIRST, WEIGHT_LATER = 1e-6, 3e-6     # after one step, after several
WEIGHT_REST = 1e-4
STATE = 1e-3                    # of the tensor's largest; after 3 steps for STATE_SHARE of the tensors
STATE_SHARE = 0.9
STATE_REST = 5e-2
# Where a pre-activation of the first layer is exactly 0, float rounding decides the slope there: this layer only.
TIE_GRADIENT, TIE_GRADIENT_NORM, TIE_STATE = 1.5e-2, 1e-2, 3e-2

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


def gradient_deviations(digest: Digest, ours: Arrays, count: int, tied: str) -> tuple[dict[str, float], bool]:
    """Largest deviation of a gradient and of its norm. `tied`: names that begin so have the tie's tolerance."""
    worst = {"gradient": 0.0, "gradient_norm": 0.0}
    is_within = set(digest.names) == set(ours)
    for place, (name, gap) in enumerate(zip(digest.names, gaps(digest, ours, count), strict=True)):
        is_tied = bool(tied) and name.startswith(tied)
        norm = float(digest.stats[place, 2])
        value = float(gap.max()) / max(digest.largest(place), 1e-30)
        norm_gap = abs(float(np.linalg.norm(ours[name].astype(np.float64))) - norm) / max(norm, 1e-30)
        is_within &= value <= (TIE_GRADIENT if is_tied else GRADIENT)
        is_within &= norm_gap <= (TIE_GRADIENT_NORM if is_tied else GRADIENT_NORM)
        suffix = "_tied" if is_tied else ""
        for key, found in (("gradient", value), ("gradient_norm", norm_gap)):
            worst[key + suffix] = max(worst.get(key + suffix, 0.0), found)
    return worst, is_within


def weight_deviations(digest: Digest, ours: Arrays, count: int, steps: int) -> tuple[dict[str, float], bool]:
    """Largest deviation of a weight, and the share of the samples beyond the narrow tolerance."""
    all_ = np.concatenate(gaps(digest, ours, count))
    beyond = float((all_ > (WEIGHT_FIRST if steps == 1 else WEIGHT_LATER)).mean())
    worst = {f"weight_{steps}": float(all_.max()), f"weight_{steps}_beyond": beyond}
    return worst, beyond <= 1 - WEIGHT_SHARE and worst[f"weight_{steps}"] <= WEIGHT_REST


def state_deviations(digest: Digest, ours: Arrays, count: int, steps: int, tied: str) -> tuple[dict[str, float], bool]:
    """Largest deviation of the optimizer's state, of each tensor's largest; the step counter must be equal."""
    values, tied_values, is_within = [], [0.0], True
    for place, (name, gap) in enumerate(zip(digest.names, gaps(digest, ours, count), strict=True)):
        if name.endswith("iters:0"):
            is_within &= float(gap.max()) == 0
            continue
        largest = digest.largest(place)
        value = float(gap.max()) / largest if largest else float(gap.max() > 0)
        (tied_values if tied and f"_{tied}" in name else values).append(value)
    wide = np.array(values) > STATE
    is_within &= not wide.any() if steps == 1 else bool(wide.mean() <= 1 - STATE_SHARE and max(values) <= STATE_REST)
    worst = {f"state_{steps}": max(values), f"state_{steps}_beyond": float(wide.mean())}
    if tied:
        worst[f"state_{steps}_tied"] = max(tied_values)
        is_within &= max(tied_values) <= TIE_STATE
    return worst, is_within


def loss_deviation(ours: np.ndarray, recorded: np.ndarray) -> float:
    """Largest relative deviation of a loss."""
    return float((np.abs(np.asarray(ours, np.float64) - recorded) / np.abs(recorded)).max())
