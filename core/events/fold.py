"""state = fold(events). Pure: no clock, no disk. The same code runs in supervisor, trainer and every console."""

from collections.abc import Sequence

from msgspec.structs import replace

from core.events.event import (
    Asked,
    BackedUp,
    Body,
    Born,
    Change,
    Chose,
    Ended,
    Event,
    FacesChanged,
    Grown,
    InterFrom,
    Locked,
    NetworkMade,
    Parent,
    Paused,
    Renamed,
    Resumed,
    RolledBack,
    SettingsChanged,
    Started,
    Stopped,
    Unlocked,
    Warned,
    Withdrawn,
)
from core.events.growth import before_name, with_octaves
from core.events.state import Lock, RunState
from core.settings.error import JournalError
from core.settings.registry import defaults

UNDO_DEPTH = 50  # more than anybody takes back by single keys; bounds the welcome message


def fold(events: Sequence[Event]) -> RunState:
    """The state after all of `events`, the first of which must be Born. Raises JournalError on a gap.

    Folds once, however often the run was rolled back: the states that roll backs return to are kept on the way.
    """
    wanted = {e.body.position for e in events if isinstance(e.body, RolledBack)}
    kept: dict[int, RunState] = {}
    state: RunState | None = None
    for event in events:
        if state is None:
            state = born(event)
        elif isinstance(event.body, RolledBack):
            state = rolled_back(followed(state, event), event.body, kept.get(event.body.position))
        else:
            state = apply(state, event)
        if state.number in wanted:
            kept[state.number] = state
    if state is None:
        raise JournalError("the journal is empty", hint="restore it from a backup of the run folder")
    return state


def born(event: Event) -> RunState:
    """The state after the first event."""
    body = event.body
    if not isinstance(body, Born):
        raise JournalError(f"the journal begins with an event of kind {kind(body)!r} and not with the run's birth",
                           hint="restore it from a backup of the run folder")
    # a run that was made before a setting existed has it at its default
    return RunState(name=body.name, number=event.number, iteration=event.iteration, life=event.life,
                    settings=defaults() | body.settings, src=body.src, dst=body.dst, src_consent=body.src_consent,
                    dst_consent=body.dst_consent, recipe=body.recipe, version=body.version, origin=body.origin,
                    parents=body.parents)


def apply(state: RunState, event: Event, history: Sequence[Event] = ()) -> RunState:
    """The state after `event`. `history` (all events before this one) is needed for a roll back only."""
    state = followed(state, event)
    body = event.body
    match body:
        case SettingsChanged(changes=changes):
            return replace(state, settings=state.settings | {c.key: c.new for c in changes})
        case Locked(asked=asked, blocks=blocks):
            lock = Lock(asked, event.author, event.iteration, event.why)
            return replace(state, locks=state.locks | dict.fromkeys(blocks, lock))
        case Unlocked(blocks=blocks):
            return replace(state, locks={b: lock for b, lock in state.locks.items() if b not in blocks})
        case Paused():
            return replace(state, paused=True)
        case Resumed():
            return replace(state, paused=False, stopped="")
        case Stopped(cause=cause):
            return replace(state, stopped=cause)
        case Asked():
            return replace(state, waiting=[*state.waiting, event])
        case Withdrawn(asked=number):
            return replace(state, waiting=[e for e in state.waiting if e.number != number])
        case BackedUp(name=name, generation=generation):
            return replace(state, backups=state.backups | {name: generation})
        case NetworkMade(blocks=made):
            return replace(state, blocks=made)
        case Chose(what=what, value=value):
            return replace(state, chosen=state.chosen | {what: value})
        case RolledBack(position=position):
            return rolled_back(state, body, fold(history[:position]) if history else None)
        case FacesChanged(side=side, note=note, drawn=drawn):
            first = state.first_drawn | {side: drawn}
            return replace(state, first_drawn=first, **{side: note})
        case Grown():
            return grown(state, event, body)
        case Started(device=device):
            return replace(state, device=device)
        case Ended():
            return replace(state, last_end=event)
        case Renamed(new=new):
            return replace(state, name=new)
        case Warned():
            return state
        case Born():
            raise JournalError(f"event {event.number} is a second birth of the run",
                               hint="restore the journal from a backup of the run folder")


def grown(state: RunState, event: Event, body: Grown) -> RunState:
    """The state after a growth: side, octaves, blocks, and the locks of its birth."""
    lock = Lock(f"grow {body.resolution}", event.author, event.iteration, event.why)
    # One by that name is of a life that was given up: until ours is written, an undo must not go back to that.
    before = before_name(body.resolution, event.iteration)
    backups = {name: number for name, number in state.backups.items() if name != before}
    settings = state.settings | {"resolution": body.resolution, "growth": body.growth}
    return replace(state, backups=backups, settings=settings,
                   blocks=with_octaves(state.blocks, body.blocks), locks=state.locks | dict.fromkeys(body.locked, lock))


def followed(state: RunState, event: Event) -> RunState:
    """`state` with what every event changes: number, iteration, life, the acts that wait, what can be taken back."""
    if event.number != state.number + 1:
        raise JournalError(f"event {event.number} follows event {state.number}: events are missing between them",
                           hint="restore the journal from a backup of the run folder")
    state = replace(state, number=event.number, iteration=event.iteration, life=event.life)
    if event.asked is not None:
        state = replace(state, waiting=[e for e in state.waiting if e.number != event.asked])
    return remember(state, event)


def remember(state: RunState, event: Event) -> RunState:
    """Keep what `undo` can take back: growths, and changes of settings and locks, until they were taken back. What
    takes back an undo is a change like any other."""
    if any(e.number == event.undoes for e in state.undoable):
        return replace(state, undoable=[e for e in state.undoable if e.number != event.undoes])
    if inverse(event.body) is not None or isinstance(event.body, Grown):
        return replace(state, undoable=[*state.undoable, event][-UNDO_DEPTH:])
    return state


def rolled_back(state: RunState, body: RolledBack, then: RunState | None) -> RunState:
    """Settings, locks, choices, face sets and waiting acts as in `then`, the state at the position of `body`; name,
    backups and consent stay. So the later stages of a recipe come again. A face set that is another one by then is
    found again by the trainer, which counts its epochs from the right place.
    """
    if then is None:
        raise JournalError("a roll back cannot be understood without the journal before it",
                           hint="ask the supervisor for the state")
    # Before its target again, it has not finished; whether it goes on is still for a person to say.
    stands = "person" if state.stopped == "target" else state.stopped
    return replace(state, life=body.life, stopped=stands, settings=then.settings, locks=then.locks, blocks=then.blocks,
                   chosen=then.chosen, src=then.src, dst=then.dst, first_drawn=then.first_drawn,
                   waiting=then.waiting, undoable=[], parents=then.parents + donors(body.inter))


def donors(inter: InterFrom | None) -> list[Parent]:
    """The run whose inter was taken, after those that it was made from."""
    if inter is None:
        return []
    return [*inter.parents, Parent(inter.run, inter.generation, inter.iteration, inter.life, [], inter.people)]


def inverse(body: Body) -> Body | None:
    """The body that takes `body` back from now on, or None where there is none."""
    match body:
        case SettingsChanged(changes=changes):
            return SettingsChanged([Change(c.key, c.new, c.old) for c in changes])
        case Locked(asked=asked, blocks=blocks):
            return Unlocked(asked, blocks)
        case Unlocked(asked=asked, blocks=blocks):
            return Locked(asked, blocks)
        case _:
            return None


def kind(body: Body) -> str:
    """The word by which the journal calls a body: "set", "lock", ..."""
    return str(body.__struct_config__.tag)
