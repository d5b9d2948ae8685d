"""Is a step faster with src and dst in one pass? It depends on machine, network and batch, so it is measured.

The answer changes bits: the loop records it as an event, and a resume does not ask again.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from core.settings.kind import Value
from core.train.step import Step
from core.train.train_batch import TrainBatch

FASTER_BY = 0.95    # apart must be so much faster than together: a draw must not be decided by noise


@dataclass(frozen=True, slots=True)
class SharedPassTrial:
    """Milliseconds of forward and backward, both people in one pass or each in its own: medians."""

    shared_ms: float
    split_ms: float

    @property
    def is_shared_faster(self) -> bool:
        """The choice: together, unless apart is faster by more than noise."""
        return self.split_ms > FASTER_BY * self.shared_ms


def measure_shared_pass(
    step: Step, batch: TrainBatch, settings: Mapping[str, Value], *, repeats: int = 3,
    passed: Callable[[], None] = lambda: None,
) -> SharedPassTrial:
    """Time both forms in turn. Weights, moments and the step's own choice stay as they are. `passed` is called after
    each pass; it may raise."""
    chosen = step.shared_pass
    times: dict[bool, list[float]] = {True: [], False: []}
    try:
        for repeat in range(repeats + 1):  # the first round pays for allocations and the choice of kernels
            for step.shared_pass, kept in times.items():
                started = time.perf_counter()
                step.rehearse(batch, settings)
                if repeat:
                    kept.append((time.perf_counter() - started) * 1000)
                passed()
    finally:
        step.shared_pass = chosen
    return SharedPassTrial(median(times[True]), median(times[False]))
