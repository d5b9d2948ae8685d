"""What the trainer and a worker say to each other. Both ends are our own processes, so the records are pickled."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.faces.cache import CacheOpening
from core.samples.planes import Layout
from core.samples.request import Request


@dataclass(frozen=True, slots=True)
class Opening:
    """Everything a worker needs for its whole life: where the faces are, and the seed."""

    src: CacheOpening
    dst: CacheOpening
    seed: int
    yaws: tuple[NDArray[np.float32], NDArray[np.float32]] | None


@dataclass(frozen=True, slots=True)
class Job:
    """One worker's part of a batch: of the samples to be made, src first, every `step`-th from `first`."""

    number: int
    request: Request
    layout: Layout
    ring_slot: int
    first: int
    step: int

    def shares(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Slots of src and of dst to be made."""
        slots = self.request.share.slots(self.request.options.batch_size)
        samples = np.arange(self.first, 2 * len(slots), self.step)
        return slots[samples[samples < len(slots)]], slots[samples[samples >= len(slots)] - len(slots)]


@dataclass(frozen=True, slots=True)
class Done:
    """A job is finished or was cancelled.

    `problems` are sentences about faces that were replaced, `failure` says why there are no samples, or is empty.
    """

    number: int
    problems: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Going:
    """A long job goes on: the worker is not stuck."""
