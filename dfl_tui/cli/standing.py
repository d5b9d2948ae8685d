"""How a run stands, in words: for `status`, `ls`, `watch`, `train --plain` and tmux. Pure; knows no socket."""

from dataclasses import dataclass

from core.events.state import RunState
from core.run.start import Summary
from core.wire.console_record import Losses, Tick, Welcome
from dfl_tui.cli.columns import padded
from dfl_tui.draw.number import duration, short, size
from dfl_tui.language import _, counted
from dfl_tui.phase import FAILED, FINISHED, PHASES

# A glyph for narrow places, by phase or by the state of a run that does not train; the console shows the same ones.
GLYPHS = {phase: look.glyph for phase, look in PHASES.items()} | {"failed": FAILED.glyph, "finished": FINISHED.glyph}
STOPPED = {"person": "stopped", "target": "finished", "failure": "failed", "": "parked"}


@dataclass(frozen=True, slots=True)
class Standing:
    """One run at one moment. `tick` and `run` are None where no supervisor was asked.

    state: "training", "paused", "stopped", "failed", "finished", "parked", or what the trainer does at the moment.
    sentence: what there is to say about that state, or "".
    """

    name: str
    state: str
    sentence: str
    iteration: int
    target: int
    src: float | None
    dst: float | None
    device: str
    tick: Tick | None = None
    run: RunState | None = None


def from_summary(summary: Summary) -> Standing:
    """A run whose supervisor was not asked."""
    return Standing(summary.name, summary.state, summary.sentence, summary.iteration, summary.target_iter,
                    summary.src_loss, summary.dst_loss, summary.device)


def from_welcome(welcome: Welcome) -> Standing:
    """A run whose supervisor answered."""
    return from_tick(welcome.run, welcome.state, welcome.tick)


def from_tick(name: str, run: RunState, tick: Tick) -> Standing:
    """A run at a tick."""
    state = tick.phase
    if state in ("parked", "stopped"):
        state = "paused" if run.paused and not run.stopped else STOPPED[run.stopped]
    src, dst = (tick.losses.src_smooth, tick.losses.dst_smooth) if tick.losses else (None, None)
    return Standing(name, state, tick.detail, tick.iteration, int(run.settings["target_iter"]), src, dst, run.device,
                    tick, run)


def one_line(standing: Standing, width: int) -> str:
    """The run in one line of at most `width` cells, the most important first: fit for a phone and for tmux."""
    tick = standing.tick
    count = f"{standing.iteration:,}" if standing.iteration < 10_000 else short(standing.iteration)
    line = f"{standing.name} {GLYPHS.get(standing.state, '?')} {count}"
    parts = [standing.state] if standing.state not in ("training", "saving") else []
    if standing.src is not None and standing.dst is not None:
        parts.append(f"src {short(standing.src)} dst {short(standing.dst)}")
    if tick is not None and tick.it_s > 0:
        parts.append(f"{short(tick.it_s)}/s")
    if tick is not None and tick.eta_s is not None:
        parts.append(duration(tick.eta_s))
    for part in parts:
        if len(line) + 2 + len(part) <= width:
            line += "  " + part
    return line[:width]


def plain_line(tick: Tick) -> str:
    """The line that training bars have taught people to read; one for each N iterations in plain mode."""
    parts = [f"{tick.iteration:>9,}"]
    if tick.losses is not None:
        parts.append(f"src {tick.losses.src_smooth:.4f}  dst {tick.losses.dst_smooth:.4f}")
    if tick.it_s > 0:
        parts.append(f"{tick.it_s:.2f} it/s  {speed(tick)}")
    if tick.eta_s is not None:
        parts.append(_("ETA {time}").format(time=duration(tick.eta_s)))
    return "  ".join(parts)


def speed(tick: Tick) -> str:
    """Milliseconds of an iteration, split."""
    total = tick.data_ms + tick.compute_ms + tick.save_ms
    return _("{total} ms (data {data}, compute {compute}, save {save})").format(
        total=f"{total:,.0f}", data=f"{tick.data_ms:,.0f}", compute=f"{tick.compute_ms:,.0f}",
        save=f"{tick.save_ms:,.0f}")


def told(standing: Standing) -> list[str]:
    """The run in a few lines, for `status`."""
    of = _(" of {n}").format(n=f"{standing.target:,}") if standing.target else ""
    facts = {"": standing.sentence}
    if standing.src is not None and standing.dst is not None:
        facts[_("losses")] = f"src {standing.src:.4f}, dst {standing.dst:.4f}"
    facts[_("device")] = standing.device
    if standing.tick is not None:
        facts |= told_live(standing.tick)
    if standing.run is not None and standing.run.locks:
        facts[_("locked")] = _("{n} of {all} blocks").format(n=len(standing.run.locks), all=len(standing.run.blocks))
    if standing.run is not None and standing.run.waiting:
        changes = counted("{n} change", "{n} changes", len(standing.run.waiting))
        facts[_("waiting")] = _("{changes}, see dfl-tui show {name}").format(changes=changes, name=standing.name)
    head = _("{name}: {state}, iteration {n}").format(name=standing.name, state=_(standing.state),
                                                        n=f"{standing.iteration:,}") + of
    return [head, *(f"  {padded(name, 8)} {text}" if name else f"  {text}" for name, text in facts.items() if text)]


def told_live(tick: Tick) -> dict[str, str]:
    """What only a running supervisor knows."""
    facts = {}
    if tick.it_s > 0:
        facts[_("speed")] = f"{tick.it_s:.2f} it/s, {speed(tick)}"
    if tick.eta_s is not None:
        facts[_("ETA")] = duration(tick.eta_s)
    if tick.replaying_to > tick.iteration:
        facts[_("again")] = _("up to {n} it trains what a crash had lost").format(n=f"{tick.replaying_to:,}")
    if (machine := tick.machine) is not None:
        facts[_("machine")] = _("CPU {cpu}, memory {used} of {total}, {free} free on disk").format(
            cpu=f"{machine.cpu:.0%}", used=size(machine.ram_used), total=size(machine.ram_total),
            free=size(machine.disk_free))
        if machine.gpu:
            facts["GPU"] = _("{name}, {use}, memory {used} of {total}").format(
                name=machine.gpu, use=f"{machine.gpu_use:.0%}", used=size(machine.gpu_used),
                total=size(machine.gpu_total))
    return facts


def as_json(standing: Standing) -> dict[str, object]:
    """What `--json` prints: words and numbers, None where nothing is known. Keys are only ever added."""
    tick, run = standing.tick, standing.run
    return {"name": standing.name, "state": standing.state, "sentence": standing.sentence,
            "iteration": standing.iteration, "target": standing.target, "device": standing.device,
            "losses": losses_as_json(standing, tick.losses if tick else None),
            "live": None if tick is None else {
                "it_s": tick.it_s, "data_ms": tick.data_ms, "compute_ms": tick.compute_ms, "save_ms": tick.save_ms,
                "lr": tick.lr, "eta_s": tick.eta_s, "contact": tick.contact, "life": tick.life,
                "replaying_to": tick.replaying_to},
            "locked": None if run is None else len(run.locks), "blocks": None if run is None else len(run.blocks),
            "waiting": None if run is None else len(run.waiting)}


def losses_as_json(standing: Standing, losses: Losses | None) -> dict[str, float | None]:
    """Smoothed losses, and those of the last iteration where a supervisor told them."""
    known: dict[str, float | None] = {"src_smooth": standing.src, "dst_smooth": standing.dst}
    if losses is not None:
        known |= {"src": losses.src, "dst": losses.dst, "masks": losses.masks}
    return known
