"""Powers that are reached in steps: a loss that comes in at full strength can ruin what was learnt before it.

A ramp begins with the first step after its power was raised, from what was in force then; lowering acts at once. What
is kept of it is a few numbers in a generation, so that a resumed run goes on in the middle of one.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.settings.kind import Value

RAMPED = ("gan_power", "true_face_power", "face_style_power", "bg_style_power")


class Ramp(NamedTuple):
    """From `start` at iteration `since` to `target`, in `length` iterations."""

    start: float = 0.0
    target: float = 0.0
    since: int = 0
    length: int = 0

    def at(self, iteration: int) -> float:
        """The power of the step after `iteration` completed ones."""
        done = iteration - self.since
        return self.target if done >= self.length else self.start + (self.target - self.start) * done / self.length

    def towards(self, target: float, iteration: int, length: int) -> "Ramp":
        """The ramp that leads to `target` from here on: this one, unless it led elsewhere."""
        return self if target == self.target else Ramp(min(self.at(iteration), target), target, iteration, length)


class Ramps:
    """Where every power stands. `state`: as it was kept in a generation."""

    def __init__(self, state: Mapping[str, Sequence[float]] | None = None) -> None:
        self._ramps = {key: Ramp() for key in RAMPED}
        for key, (start, target, since, length) in (state or {}).items():
            self._ramps[key] = Ramp(start, target, int(since), int(length))

    def step(self, settings: Mapping[str, Value], iteration: int) -> dict[str, float]:
        """The powers of the step after `iteration` completed ones."""
        length = int(settings["power_ramp"])
        self._ramps = {key: ramp.towards(float(settings[key]), iteration, length)
                       for key, ramp in self._ramps.items()}
        return {key: ramp.at(iteration) for key, ramp in self._ramps.items()}

    def state(self) -> dict[str, list[float]]:
        """What a resume needs."""
        return {key: list(ramp) for key, ramp in self._ramps.items()}


def full_powers(settings: Mapping[str, Value]) -> dict[str, float]:
    """Every power as set, without a ramp: for a trial, which must need as much memory as training ever will."""
    return {key: float(settings[key]) for key in RAMPED}
