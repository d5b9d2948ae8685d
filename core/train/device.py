"""Where to train: choosing a device, naming it for people, and settling how it computes."""

import os
import platform
from pathlib import Path

import torch

from core.settings.error import RefusedError

# What allocators say when there is no memory left; torch has no class of its own for the CPU's and the Mac's.
OUT_OF_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory")


def choose_device(wanted: str) -> torch.device:
    """`auto`, `cpu`, `mps`, `cuda` or `cuda:N`. auto is the best one there is. RefusedError where it is not there."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    device = torch.device(wanted)
    if device.type == "cuda":
        return choose_gpu(device.index or 0)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise RefusedError("device = mps, and this machine or this torch has no Metal", hint="use auto or cpu")
    return device


def choose_gpu(index: int) -> torch.device:
    """GPU number `index`. RefusedError where it is not there."""
    if torch.version.cuda is None and torch.version.hip is None:
        raise RefusedError(f"device = cuda:{index}, and torch {torch.__version__} is built without CUDA",
                           hint="install a CUDA build of torch, or use cpu")
    count = torch.cuda.device_count()
    if not count:
        raise RefusedError(f"device = cuda:{index}, and torch sees no GPU",
                           hint="check the driver with nvidia-smi and CUDA_VISIBLE_DEVICES, or use cpu")
    if index >= count:
        raise RefusedError(f"device = cuda:{index}, and there are {count} GPUs", hint=f"use cuda:0 to cuda:{count - 1}")
    return torch.device("cuda", index)


def name_of(device: torch.device, threads: int) -> str:
    """The device for people: `NVIDIA H100`, `CPU, 2 threads, AMD EPYC 9654`."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU (Metal)"
    return f"CPU, {threads} thread{'s' * (threads != 1)}, {cpu_model()}"


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name as far as the system knows it."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def prepare(device: torch.device, threads: int) -> int:
    """Settle how this process computes, before its first tensor; the number of CPU threads that are used.

    threads: 0 takes one for each core that this process may use. On the CPU equal work then gives equal bits: the
    number of threads is fixed and no kernel may choose at random. Convolutions on a GPU use TF32, as torch does by
    itself; products of matrices (the dense layers) keep all of float32.
    """
    torch.set_num_threads(threads or usable_cores())
    torch.use_deterministic_algorithms(device.type == "cpu")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # costs a pass over every tensor
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = device.type == "cuda"  # batches keep their shape for thousands of steps
    return torch.get_num_threads()


def usable_cores() -> int:
    """Cores that this process may use: fewer than the machine has under taskset or in a container."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def synchronise(device: torch.device) -> None:
    """Wait until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def is_out_of_memory(error: BaseException) -> bool:
    """Did an allocation fail, on the device or in main memory?"""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in OUT_OF_MEMORY_WORDS)
