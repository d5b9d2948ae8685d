"""Whether a number format or torch.compile works here, and what it costs: measured on the network itself.

A processor can have a format and be twenty times slower in it: without instructions of its own, each convolution falls
back to a plain loop (facts/training.md 7). So one convolution is timed first, and steps only where that is promising.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor, nn

from core.settings.error import RefusedError
from core.settings.kind import Value
from core.train.compiled import first_line
from core.train.device import is_out_of_memory, synchronise
from core.train.precision import Precision
from core.train.step import Step
from core.train.train_batch import TrainBatch, TrainSide

SLOWER = 1.1        # times fp32: less is noise
HOPELESS = 2.0      # times fp32, of one convolution: whole steps are not tried then
REPEATS = 3
LONG_S = 5.0        # steps that take longer are timed once
SIDE_PX = 16        # of the map that one convolution is tried on
OVERRIDE = "--allow-slow-precision"


@dataclass(frozen=True, slots=True)
class Verdict:
    """works: False where it failed. times: how many times slower than without, below 1 = faster. sentence: the
    measurement in words."""

    works: bool
    times: float
    sentence: str

    @property
    def pays(self) -> bool:
        """Whether it is at least not slower."""
        return self.works and self.times <= SLOWER


def probe_precision(step: Step, settings: Mapping[str, Value], machine: str, *, gives_up: bool = True,
                    passed: Callable[[], None] = lambda: None) -> Verdict:
    """Try the precision of `settings`. gives_up: time no whole steps where one convolution says enough; False times
    nothing but that convolution, for an answer that is yes already. `passed` is called after each pass; it may raise.
    """
    name, device = str(settings["precision"]), step.optimizer.device
    if why := why_unsupported(name, device):
        return Verdict(works=False, times=1.0, sentence=f"{name} does not work here: {why}")
    try:
        full, half = in_turn([of_convolution(step, settings, Precision(p, device.type)) for p in ("fp32", name)],
                             passed)
        what = "one convolution, forward and backward"
        if gives_up and half <= HOPELESS * full:
            batch = made_up_batch(step, settings)
            full, half = in_turn([of_step(step, batch, {**settings, "precision": p, "compile": False})
                                  for p in ("fp32", name)], passed)
            what = "a step"
    except (RuntimeError, MemoryError) as error:
        why = "there was not enough memory" if is_out_of_memory(error) else first_line(error)
        return Verdict(works=False, times=1.0, sentence=f"{name} does not work on {machine}: {why}")
    return Verdict(works=True, times=half / full, sentence=compared(name, (full, half), machine, what))


def probe_compile(step: Step, settings: Mapping[str, Value], machine: str,
                  passed: Callable[[], None] = lambda: None) -> Verdict:
    """Try torch.compile on steps: the first builds the kernels."""
    batch = made_up_batch(step, settings)
    began = time.perf_counter()
    try:
        step.rehearse(batch, {**settings, "compile": True})
        built_s = time.perf_counter() - began
        passed()
        plain, built = in_turn([of_step(step, batch, {**settings, "compile": c}) for c in (False, True)], passed)
    except RefusedError as error:
        return Verdict(works=False, times=1.0, sentence=error.message)
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            return Verdict(works=False, times=1.0, sentence="torch.compile needs more memory than there is")
        raise
    return Verdict(works=True, times=built / plain, sentence=f"built in {built_s:.0f} s on {machine}; a step takes "
                   f"{of_seconds(built)}, and {of_seconds(plain)} without")


def refusal(verdict: Verdict) -> RefusedError:
    """What a person is told where a precision does not pay."""
    if not verdict.works:
        return RefusedError(verdict.sentence, hint="stay with fp32")
    return RefusedError(verdict.sentence, hint=f"stay with fp32, or say {OVERRIDE}")


def check_numerics(step: Step, settings: Mapping[str, Value], machine: str) -> list[str]:
    """Measurements of what the settings ask for, for a network that does not train yet. Raises RefusedError where it
    does not work, or does not pay and is not allowed to."""
    said = []
    if settings["precision"] != "fp32":
        is_allowed = bool(settings["allow_slow_precision"])
        verdict = probe_precision(step, settings, machine, gives_up=not is_allowed)
        if not verdict.works or not (verdict.pays or is_allowed):
            raise refusal(verdict)
        said.append(verdict.sentence)
    if settings["compile"]:
        verdict = probe_compile(step, settings, machine)
        if not verdict.works:
            raise RefusedError(verdict.sentence, hint="leave compile off")
        said.append(verdict.sentence)
    return said


def why_unsupported(name: str, device: torch.device) -> str:
    """Why a device has not the format at all, "" where it may have it."""
    if device.type == "cuda" and name == "bf16" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return f"{torch.cuda.get_device_name(device)} has no bf16: fp16 is for it"
    return ""


def compared(name: str, seconds: tuple[float, float], machine: str, what: str) -> str:
    """Two medians in words: "bf16 is 7.3 times slower than fp32 on this CPU (a step: 102 ms against 14 ms)"."""
    full, half = seconds
    if half > SLOWER * full:
        how = f"is {half / full:.1f} times slower than fp32"
    elif full > SLOWER * half:
        how = f"is {full / half:.1f} times faster than fp32"
    else:
        how = "is as fast as fp32"
    return f"{name} {how} on {machine} (measured: {what}, {of_seconds(half)} against {of_seconds(full)})"


def of_seconds(seconds: float) -> str:
    """`0.35 s`, `14 ms`, `0.8 ms`."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.2g} ms"


def in_turn(works: list[Callable[[], None]], passed: Callable[[], None]) -> list[float]:
    """Median seconds of each, taken in turn, so that whatever else the machine does falls on all. The first round pays
    for allocations and the choice of kernels, and does not count unless rounds are long."""
    rounds: list[list[float]] = []
    for number in range(REPEATS + 1):
        times = []
        for work in works:
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
            passed()
        rounds = [times] if number == 1 else [*rounds, times]
        if number and max(times) > LONG_S:
            break
    return [median(column) for column in zip(*rounds, strict=True)]


def of_convolution(step: Step, settings: Mapping[str, Value], precision: Precision) -> Callable[[], None]:
    """Forward and backward of the network's largest convolution, on a made-up map."""
    device = step.optimizer.device
    blocks = [module for _, block in step.network.named_blocks() for module in block.modules()]
    largest = max((m for m in blocks if isinstance(m, nn.Conv2d)), key=lambda conv: conv.weight.numel())
    shape = (int(settings["batch_size"]), largest.in_channels, SIDE_PX, SIDE_PX)
    x = torch.rand(shape, device=device).contiguous(memory_format=torch.channels_last)
    weight = largest.weight.detach().clone().requires_grad_()       # the network's own takes no gradient of this

    def work() -> None:
        y = x.clone().requires_grad_()
        with precision.network():
            out: Tensor = nn.functional.conv2d(y, weight, padding=1)
        torch.autograd.grad(out.float().sum(), [y, weight])
        synchronise(device)

    return work


def of_step(step: Step, batch: TrainBatch, settings: Mapping[str, Value]) -> Callable[[], None]:
    """Forward and backward of a step of these settings."""
    return lambda: step.rehearse(batch, settings)


def made_up_batch(step: Step, settings: Mapping[str, Value]) -> TrainBatch:
    """A rank's share of a batch, of grey noise: time does not depend on what is seen."""
    count, side_px = max(1, int(settings["batch_size"]) // step.world.size), int(settings["resolution"])
    device = step.optimizer.device
    generator = torch.Generator().manual_seed(0)
    has_eyes = settings["eyes_prio"] or settings["mouth_prio"]

    def side() -> TrainSide:
        warped, target = (torch.rand(count, side_px, side_px, 3, generator=generator).to(device).permute(0, 3, 1, 2)
                          for _ in range(2))
        ones = torch.ones(count, 1, side_px, side_px, device=device)
        return TrainSide(warped, target, ones, ones if has_eyes else None)

    return TrainBatch(side(), side())
