"""On which device and with how many threads a run trains: chosen once, changed by its settings only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from core.events.event import Chose, Event
from core.settings.kind import Value
from core.settings.registry import SETTINGS
from core.train.choice import standing
from core.train.device import choose_device, name_of, prepare


@dataclass(frozen=True, slots=True)
class Machine:
    """The device, its name for people, the CPU threads, and the choices that the journal does not have yet."""

    device: torch.device
    name: str
    threads: int
    news: tuple[Chose, ...]


def choose_machine(settings: Mapping[str, Value], events: Sequence[Event]) -> Machine:
    """Settle device and threads, before the first tensor. Raises RefusedError where the device is not there."""
    chosen_device, chosen_threads = standing(events, "device"), standing(events, "threads")
    wanted = str(settings["device"])
    device = choose_device(str(chosen_device) if wanted == "auto" and chosen_device else wanted)
    threads = prepare(device, int(settings["threads"]) or int(chosen_threads or 0))
    name = name_of(device, threads)
    news = []
    if str(device) != chosen_device:
        news.append(Chose("device", str(device), f"{name}: " + ("the best one here" if wanted == "auto" else "as set")))
    if threads != chosen_threads:
        reason = "as set" if settings["threads"] else "one for each core that this process may use"
        news.append(Chose("threads", threads, reason))
    return Machine(device, name, threads, tuple(news))


def identity(settings: Mapping[str, Any], machine: Machine) -> dict[str, Any]:
    """What a generation says about network and machine."""
    network = {s.key: settings[s.key] for s in SETTINGS if s.when == "birth"}
    return {"network": network, "torch": str(torch.__version__), "cpu": torch.backends.cpu.get_cpu_capability(),
            "threads": machine.threads, "device": machine.name}
