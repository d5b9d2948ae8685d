"""The tick: how the run stands right now, put together from what the supervisor knows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.events.event import Event, Stopped
from core.events.state import RunState
from core.wire.console_record import Losses, Machine, Tick
from core.wire.trainer_record import Beat, RankStanding


@dataclass(frozen=True, slots=True)
class Moment:
    """What the supervisor knows right now. iteration: completed ones, as far as known; beat: of the trainer that runs,
    None without one; contact, at: Unix seconds of its last report and of now."""

    phase: str
    detail: str
    iteration: int
    beat: Beat | None
    contact: float
    at: float
    machine: Machine | None
    ranks: Sequence[RankStanding] = ()


def tick(state: RunState, now: Moment) -> Tick:
    """The tick of a moment."""
    beat = now.beat
    if beat is None:
        return Tick(now.phase, now.detail, now.iteration, state.life, now.at, contact=now.contact, machine=now.machine,
                    ranks=list(now.ranks))
    return Tick(now.phase, now.detail, beat.iteration, beat.life, now.at, it_s=beat.it_s, data_ms=beat.data_ms,
                compute_ms=beat.compute_ms, save_ms=beat.save_ms, lr=beat.lr,
                eta_s=eta_s(state, beat), ranks=list(now.ranks), contact=now.contact, replaying_to=beat.replaying_to,
                losses=Losses(beat.src, beat.dst, beat.src_smooth, beat.dst_smooth, beat.masks), machine=now.machine,
                watch=beat.watch)


def why_it_stands_still(state: RunState, events: Sequence[Event]) -> str:
    """What a person is told of a run that no trainer is wanted for."""
    match state.stopped:
        case "target":
            return f"the target of {state.settings['target_iter']:,} iterations is reached"
        case "failure":
            reasons = (e.why for e in reversed(events) if isinstance(e.body, Stopped))
            return next(reasons, "") or "the trainer failed"
        case "":
            return "nobody started the training: resume it"
        case _:
            return "saved; resume it to go on"


def eta_s(state: RunState, beat: Beat) -> float | None:
    """Seconds to the target iteration; None without a target or while nothing is trained."""
    target = int(state.settings.get("target_iter", 0))
    if not target or beat.it_s <= 0:
        return None
    return round(max(0, target - beat.iteration) / beat.it_s, 1)
