"""The load of the machine, for the console's system line. psutil always, NVML where it is installed and answers.

Numbers are rounded to what a person can use: an idle machine then looks the same twice, and nothing is sent for it.
"""

import contextlib
import shutil
from pathlib import Path
from typing import Any

from core.wire.console_record import Machine
from core.wire.limits import MIB

RAM_GRAIN_BYTES = 64 * MIB
RSS_GRAIN_BYTES = 16 * MIB


class Sampler:
    """Reads the load; keeps what must be kept between two readings. Blocking for about a millisecond."""

    def __init__(self, folder: Path) -> None:
        import psutil  # late: 25 ms, and a parked supervisor without consoles never asks

        self._psutil = psutil
        self._folder = folder
        self._nvml = _nvml()
        psutil.cpu_percent()    # the first reading is the reference for the second

    def read(self, trainer_pid: int | None) -> Machine:
        """The load now, since the last reading."""
        memory = self._psutil.virtual_memory()
        rss = 0
        if trainer_pid is not None:
            with contextlib.suppress(self._psutil.Error):
                rss = self._psutil.Process(trainer_pid).memory_info().rss
        disk_free = 0
        with contextlib.suppress(OSError):
            disk_free = shutil.disk_usage(self._folder).free
        return Machine(cpu=round(self._psutil.cpu_percent() / 100, 2),
                       ram_used=_grain(memory.total - memory.available, RAM_GRAIN_BYTES), ram_total=memory.total,
                       disk_free=_grain(disk_free, RAM_GRAIN_BYTES), trainer_rss=_grain(rss, RSS_GRAIN_BYTES),
                       **self._gpu(trainer_pid))

    def _gpu(self, trainer_pid: int | None) -> dict[str, Any]:
        """Fields of the GPU that the trainer uses, else of the first one; empty without one."""
        if self._nvml is None:
            return {}
        try:
            handle = self._handle(trainer_pid)
            memory = self._nvml.nvmlDeviceGetMemoryInfo(handle)
            use = self._nvml.nvmlDeviceGetUtilizationRates(handle).gpu
            name = self._nvml.nvmlDeviceGetName(handle)
        except self._nvml.NVMLError:
            return {}
        return {"gpu": name if isinstance(name, str) else name.decode(), "gpu_use": use / 100,
                "gpu_used": _grain(memory.used, RAM_GRAIN_BYTES), "gpu_total": memory.total}

    def _handle(self, trainer_pid: int | None) -> Any:
        handles = [self._nvml.nvmlDeviceGetHandleByIndex(i) for i in range(self._nvml.nvmlDeviceGetCount())]
        for handle in handles:
            with contextlib.suppress(self._nvml.NVMLError):
                if any(p.pid == trainer_pid for p in self._nvml.nvmlDeviceGetComputeRunningProcesses(handle)):
                    return handle
        if not handles:
            raise self._nvml.NVMLError(self._nvml.NVML_ERROR_NOT_FOUND)
        return handles[0]


def _nvml() -> Any:
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _grain(size_bytes: int, grain_bytes: int) -> int:
    return size_bytes // grain_bytes * grain_bytes
