"""Rank 0's word to the other ranks, at each boundary. With one rank nothing of it does anything.

They hear of the journal only here, and of each event before the step of its iteration, so that every rank takes every
step with the same settings and locks.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from core.settings.error import NetworkError
from core.train.course import Course
from core.train.muster import End, Go, Keep, Muster, packed
from core.train.step import Step

KEEP_S = 20.0       # so often the others hear that training stands still


class Leader:
    """Says what comes next. `drawn`: what core/train/batches.py keeps; `keys`: of the face sets."""

    def __init__(self, step: Step, course: Course, *, drawn: Callable[[], dict[str, Any]], keys: dict[str, str],
                 cache: str) -> None:
        self._world = step.world
        self._step = step
        self._course = course
        self._drawn = drawn
        self._keys = keys
        self._cache = cache
        self._told = 0          # events that the others know
        self._spoke_s = time.monotonic()

    def muster(self, iteration: int) -> None:
        """Make the others what we are, before the first step. Raises RankLostError."""
        if self._world.size == 1:
            return
        course = self._course
        self._told = len(course.events)
        self._say(packed(Muster(list(course.events), course.position, iteration, self._cache, self._keys,
                                self._drawn(), self._step.state(), self._step.shared_pass, counters_of(self._step))))
        self._world.copy_(tensors_of(self._step))

    def go(self, iteration: int) -> None:
        """The step after `iteration` completed ones is next."""
        if self._world.size == 1:
            return
        news, self._told = self._course.events[self._told:], len(self._course.events)
        self._say(packed(Go(iteration, news)))

    def keep(self) -> None:
        """Say now and then that we are still there."""
        if self._world.size > 1 and time.monotonic() - self._spoke_s > KEEP_S:
            self._say(packed(Keep()))

    def dismiss(self) -> None:
        """Training ends: let the others go."""
        if self._world.size > 1:
            self._say(packed(End()))

    def _say(self, words: bytes) -> None:
        self._world.tell(words)
        self._spoke_s = time.monotonic()


def tensors_of(step: Step) -> list[Tensor]:
    """All weights and moments, in build order: an optimizer's own order tells of growths that another has not seen."""
    found: list[Tensor] = []
    for learner in step.learners:
        for block in learner.blocks:
            found += learner.optimizer.parameters[block.name].values()
            found += [tensor for _, _, tensor in learner.optimizer.moments_of(block.name)]
    return found


def counters_of(step: Step) -> dict[str, int]:
    """How many updates each block has had, by name and in build order, which must be every rank's."""
    return {b.name: learner.optimizer.counter_of(b.name) for learner in step.learners for b in learner.blocks}


def set_counters(step: Step, counters: Mapping[str, int]) -> None:
    """Set them. Raises NetworkError where this network has other blocks: then sums over ranks would mix them up."""
    if list(counters) != list(counters_of(step)):
        raise NetworkError("this rank has made another network than rank 0", hint="see that all nodes have one version")
    for learner in step.learners:
        for place, block in ((learner.optimizer.places[b.name], b.name) for b in learner.blocks):
            learner.optimizer.counters[place] = counters[block]
