"""On which device and with how many threads a run trains: chosen once, changed by its settings only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from core.events.event import Chose, Event
from core.settings.error import RefusedError
from core.settings.kind import Value
from core.settings.registry import SETTINGS
from core.train.choice import standing
from core.train.device import choose_device, name_of, prepare, usable_cores


@dataclass(frozen=True, slots=True)
class Machine:
    """The device, its name for people, the CPU threads, and the choices that the journal does not have yet."""

    device: torch.device
    name: str
    threads: int
    news: tuple[Chose, ...]
    devices: tuple[str, ...] = ("cpu",)     # of this machine's ranks, ours first

    @property
    def many(self) -> str:
        """The devices for people, "" where there is one."""
        return ", ".join(self.devices) if len(self.devices) > 1 else ""


def choose_machine(settings: Mapping[str, Value], events: Sequence[Event]) -> Machine:
    """Settle device and threads, before the first tensor. Raises RefusedError where the device is not there."""
    chosen_device, chosen_devices = standing(events, "device"), standing(events, "devices")
    chosen_threads = standing(events, "threads", since="devices")
    listed = listed_devices(str(settings["devices"]), str(chosen_devices or ""))
    wanted = listed[0] if listed else str(settings["device"])
    device = choose_device(str(chosen_device) if wanted == "auto" and chosen_device else wanted)
    devices = tuple(str(choose_device(one)) for one in listed) or (str(device),)
    # Ranks that compute on one CPU share its cores.
    automatic = max(1, usable_cores() // len(devices)) if device.type == "cpu" and len(devices) > 1 else 0
    threads = prepare(device, int(settings["threads"]) or int(chosen_threads or automatic))
    name = name_of(device, threads)
    news = []
    if len(devices) > 1 or chosen_devices:
        together = ",".join(devices)
        if together != chosen_devices:
            reason = f"{len(devices)} ranks train together" if len(devices) > 1 else "one rank trains alone"
            news.append(Chose("devices", together, reason))
    if str(device) != chosen_device:
        news.append(Chose("device", str(device), f"{name}: " + ("the best one here" if wanted == "auto" else "as set")))
    if threads != chosen_threads:
        reason = "as set" if settings["threads"] else "one for each core that this process may use"
        news.append(Chose("threads", threads, reason))
    return Machine(device, name, threads, tuple(news), devices)


def listed_devices(wanted: str, chosen: str) -> list[str]:
    """The devices that `devices` names, `cuda:0` or `cpu`, none where it is empty. RefusedError for one named twice.

    chosen: what `all` meant when the run began: a resume does not choose again.
    """
    if wanted == "all":
        wanted = chosen or ",".join(str(n) for n in range(torch.cuda.device_count()))
        if not wanted:
            raise RefusedError("devices = all, and torch sees no GPU",
                               hint="check the driver with nvidia-smi, or leave devices empty")
    names = [f"cuda:{int(word.removeprefix('cuda:'))}" if word != "cpu" else word for word in wanted.split(",") if word]
    twice = next((name for name in names if name != "cpu" and names.count(name) > 1), "")
    if twice:
        raise RefusedError(f"devices = {wanted} names {twice} twice", hint="name each GPU once")
    return names


def identity(settings: Mapping[str, Any], machine: Machine, *, ranks: int = 1) -> dict[str, Any]:
    """What a generation says about network and machine."""
    network = {s.key: settings[s.key] for s in SETTINGS if s.when == "birth"}
    several = {"ranks": ranks} if ranks > 1 else {}
    return several | {"network": network, "torch": str(torch.__version__),
                      "cpu": torch.backends.cpu.get_cpu_capability(), "threads": machine.threads,
                      "device": machine.name}
