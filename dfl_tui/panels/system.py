"""The machine: CPU, memory, disk, and the GPU where there is one."""

from dataclasses import dataclass

from textual.strip import Strip

from core.wire.console_record import Machine, Tick
from core.wire.trainer_record import RankStanding
from dfl_tui.draw.line import Part, strip, width_of
from dfl_tui.draw.number import size
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.header import contact
from dfl_tui.panels.panel import Panel

LITTLE_DISK = 5e9     # bytes; a save of a usual model is 0.5 GB, so this is a handful of saves
FULL_MEMORY = 0.95
SILENT_S = 30.0       # a rank tells of itself every ten seconds


@dataclass(frozen=True, slots=True)
class View:
    """The machine as the last tick told it, in the steps that are shown."""

    machine: Machine | None
    ranks: tuple[tuple[str, str, bool], ...] = ()       # name, text, whether it asks for attention


def select(model: Model) -> View:
    """The machine's part of the model. Pure."""
    return View(model.tick.machine, tuple(ranks(model.tick, model.wall))) if model.tick else View(None)


def ranks(tick: Tick, wall: float) -> list[tuple[str, str, bool]]:
    """A reading of each rank, where several devices train: its speed, or since when nothing was heard of it."""
    if not tick.ranks:
        return []
    own = RankStanding(0, _("this trainer"), "", tick.contact, tick.it_s)
    found = []
    for rank in (own, *tick.ranks):
        where = f"{rank.device}, {rank.node}" if rank.node else rank.device
        is_lost = wall - rank.contact > SILENT_S
        text = contact(rank.contact, wall) if is_lost else f"{rank.it_s:.2f} it/s"
        found.append((_("rank {n}: {device}").format(n=rank.rank, device=where), text, is_lost))
    return found


def readings(machine: Machine) -> list[tuple[str, str, bool]]:
    """(name, text, whether it asks for attention) of each reading, the most telling first."""
    ram = machine.ram_used / machine.ram_total if machine.ram_total else 0.0
    found = [(_("CPU"), f"{machine.cpu:.0%}", False)]
    if machine.gpu:
        used, total = size(machine.gpu_used), size(machine.gpu_total)
        found.append((machine.gpu, _("{use}, {used} of {total}").format(use=f"{machine.gpu_use:.0%}", used=used,
                                                                         total=total),
                      machine.gpu_total > 0 and machine.gpu_used / machine.gpu_total > FULL_MEMORY))
    trainer = [(_("trainer"), size(machine.trainer_rss), False)] if machine.trainer_rss else []
    return [
        *found,
        (_("RAM"), _("{used} of {total}").format(used=size(machine.ram_used), total=size(machine.ram_total)),
         ram > FULL_MEMORY),
        (_("disk free"), size(machine.disk_free), 0 < machine.disk_free < LITTLE_DISK),
        *trainer,
    ]


def draw(view: View, width: int, height: int, look: Look) -> list[Strip]:
    """One row, or a row for each reading where there is room. Pure."""
    if view.machine is None:
        return [strip([(f" {_('no reading of the machine yet')}", look.pale)], width)]
    parts: list[list[Part]] = []
    for name, text, asks in (*view.ranks, *readings(view.machine)):
        mark: list[Part] = [(" !", look.warn)] if asks else []
        parts.append([(f"{name} ", look.pale), (text, look.warn if asks else look.plain), *mark])
    if height >= len(parts):
        return [strip([(" ", look.plain), *part], width) for part in parts]
    flat: list[Part] = []
    for part in parts:                       # the most telling first; one that does not fit whole is left out
        more: list[Part] = [("   " if flat else " ", look.plain), *part]
        if width_of(flat) + width_of(more) <= width:
            flat += more
    return [strip(flat, width)]


class SystemPanel(Panel[View]):
    """The machine's load."""

    ID = "system"
    TITLE = "machine"

    def select(self, model: Model) -> View:
        return select(model)

    def draw(self, view: View, width: int, height: int, look: Look) -> list[Strip]:
        return draw(view, width, height, look)
