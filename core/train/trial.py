"""One step before the first iteration: does it fit, how much memory and how long. Changes no weight."""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from core.settings.kind import Value
from core.train.shared_pass import measure_shared_pass
from core.train.step import Step
from core.train.train_batch import TrainBatch

LONG_PASS_S = 5.0       # passes that take longer are timed once and not three times


@dataclass(frozen=True, slots=True)
class Trial:
    """Seconds of one forward and backward pass, and the most memory that was in use so far."""

    seconds: float
    memory_bytes: int
    is_on_gpu: bool

    @property
    def sentence(self) -> str:
        """For people."""
        where = "GPU memory" if self.is_on_gpu else "memory"
        pace = f"{self.seconds:.2f} s" if self.seconds >= 0.1 else f"{self.seconds * 1000:.0f} ms"
        return f"about {pace} an iteration, {self.memory_bytes / 2**20:,.0f} MiB of {where}"


def try_step(
    step: Step, batch: TrainBatch, settings: Mapping[str, Value], *, passed: Callable[[], None] = lambda: None
) -> Trial:
    """Forward and backward on a batch, twice: the first pass pays for allocations. `passed` is called after each; it
    may raise. Raises what torch raises."""
    device = step.optimizer.device
    seconds = 0.0
    for _ in range(2):
        began = time.perf_counter()
        step.rehearse(batch, settings)
        seconds = time.perf_counter() - began
        passed()
    return Trial(seconds, memory_in_use(device), device.type != "cpu")


def choose_shared_pass(
    step: Step, batch: TrainBatch, settings: Mapping[str, Value], *, pass_s: float, passed: Callable[[], None]
) -> tuple[bool, str]:
    """Whether both people go through the common parts as one batch, and the reason in words."""
    measured = measure_shared_pass(step, batch, settings, repeats=3 if pass_s < LONG_PASS_S else 1, passed=passed)
    return measured.is_shared_faster, f"together {measured.shared_ms:,.0f} ms, apart {measured.split_ms:,.0f} ms"


def memory_in_use(device: torch.device) -> int:
    """The most memory that was in use so far, of the GPU or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
