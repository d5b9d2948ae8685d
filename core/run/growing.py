"""What a growth would write into the journal, and when it is refused. Pure, without torch."""

from typing import NamedTuple

from core.events.act import GrowRun
from core.events.event import Asked, Grown
from core.events.growth import before_name, octave_blocks, with_octaves
from core.events.pattern import resolve
from core.events.state import RunState
from core.settings.error import RefusedError
from core.settings.growth import LARGEST, doublings, growth_text, new_octaves, octaves_of
from core.settings.registry import check_together
from core.wire.limits import MAX_PATTERN_CHARACTERS
from core.wire.trainer_record import At

FLOOR_TIMES = 2.0           # at 3 x the floor growth gained nothing, at 1.1 x it gained at once (facts/training.md 1.5)
MAX_WHY_CHARACTERS = 500


def check_growth(act: GrowRun) -> None:
    """Raises RefusedError when a growth can never be carried out, whatever the state."""
    if act.resolution < 0 or act.resolution > LARGEST:
        raise RefusedError(f"{act.resolution:,} pixels are out of range",
                           hint=f"a network grows to {LARGEST:,} at most")
    if len(act.lock) > MAX_PATTERN_CHARACTERS or len(act.why) > MAX_WHY_CHARACTERS:
        raise RefusedError("the growth's pattern or reason is too long", hint="say it shorter")
    if not act.why.isprintable():   # it is shown by every console, and printed by commands
        raise RefusedError("the growth's reason holds characters that are no text", hint="say it in one line")


def growth(act: GrowRun, state: RunState, at: At | None = None) -> tuple[Grown, str]:
    """The event that carries it out, and what to tell. Raises RefusedError or SettingError."""
    if act.way == "native":
        raise RefusedError("this run cannot grow into the stock architecture by itself",
                           hint="grow with octaves, or make a new run of it with dfl-tui convert")
    present = int(state.settings["resolution"])
    wanted = act.resolution or 2 * present
    count = doublings(present, wanted)
    if str(state.settings["model"]) == "quick96":
        raise RefusedError("a quick96 is always of 96 pixels", hint="make a run of model = saehd")
    if not state.blocks:
        raise RefusedError("the blocks are not known yet", hint="a run grows when its trainer has started once")
    if at is not None and at.iteration == 0:
        raise RefusedError("there is nothing to keep before the first iteration",
                           hint="make a run of that resolution, or train first")
    guard(act, state, at)
    octaves = (*octaves_of(state.settings), *new_octaves(state.settings, count, at.iteration if at else 1))
    settings = state.settings | {"resolution": wanted, "growth": growth_text(octaves)}
    check_together(settings)
    first = len(octaves) - count + 1
    new = [block for number in range(first, len(octaves) + 1) for block in octave_blocks(settings, number)]
    after = with_octaves(state.blocks, new)
    named = resolve(act.lock, after) if act.lock.strip() else []
    locked = [name for name in named if name not in state.locks]
    floor, error = (at.floor, at.error) if at is not None else (0.0, 0.0)
    body = Grown(present, wanted, str(settings["growth"]), new, locked, act.way, floor, error)
    return body, f"grown from {present} to {wanted} px: {len(new)} new blocks, {len(locked)} locked at its birth"


def guard(act: GrowRun, state: RunState, at: At | None) -> None:
    """Refuse a growth that cannot help yet: the network's own error is what one sees, not its pixels."""
    if at is None or not at.floor or act.why.strip() or at.error <= FLOOR_TIMES * at.floor:
        return
    raise RefusedError(
        f"the face is not limited by its {state.settings['resolution']} pixels yet: the error at the next size is "
        f"{at.error:.2f}, {at.error / at.floor:.1f} times the {at.floor:.2f} that these pixels could reach",
        hint=f"train until it is below {FLOOR_TIMES:g} times, or give a reason to grow now")


class UndoneGrowth(NamedTuple):
    """A growth that is to be taken back: the generation before it, and the event that asked for it, if one did."""

    generation: int
    asked: int | None


def undone_growth(state: RunState) -> UndoneGrowth | None:
    """What taking the last change back means, where that is a growth and nothing that was asked for since waits for a
    trainer; else None. Raises RefusedError when the backup is not there."""
    last = state.undoable[-1] if state.undoable else None
    # What waits for an iteration is no change yet: it does not stand between a person and the last one.
    newer = [e for e in state.waiting if last is not None and e.number > last.number
             and isinstance(e.body, Asked) and e.body.at is None]
    if last is None or not isinstance(last.body, Grown) or newer:
        return None
    name = before_name(last.body.resolution, last.iteration)
    if name not in state.backups:
        raise RefusedError(f"the backup {name} was not written, so this growth cannot be taken back",
                           hint="go back to another save")
    return UndoneGrowth(state.backups[name], last.asked)
