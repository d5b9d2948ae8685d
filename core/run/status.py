"""The tick: how the run stands right now, put together from what the supervisor knows. Pure."""

from core.events.state import RunState
from core.wire.console_record import Losses, Machine, Tick
from core.wire.trainer_record import Beat


def tick(state: RunState, phase: str, detail: str, *, iteration: int, beat: Beat | None, contact: float, at: float,
         machine: Machine | None) -> Tick:
    """The tick of this moment. `beat`: of the trainer that runs, None without one."""
    if beat is None:
        return Tick(phase, detail, iteration, state.life, at, contact=contact, machine=machine)
    return Tick(phase, detail, beat.iteration, beat.life, at, it_s=beat.it_s, data_ms=beat.data_ms,
                compute_ms=beat.compute_ms, save_ms=beat.save_ms, lr=beat.lr,
                eta_s=eta_s(state, beat), contact=contact, replaying_to=beat.replaying_to,
                losses=Losses(beat.src, beat.dst, beat.src_smooth, beat.dst_smooth, beat.masks), machine=machine)


def eta_s(state: RunState, beat: Beat) -> float | None:
    """Seconds to the target iteration; None without a target or while nothing is trained."""
    target = int(state.settings.get("target_iter", 0))
    if not target or beat.it_s <= 0:
        return None
    return round(max(0, target - beat.iteration) / beat.it_s, 1)
