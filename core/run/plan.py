"""What an act would write into the journal, given the state. Pure; raises RefusedError or SettingError with a sentence.

Called twice: when a command comes in (`check_act`: what no state can change) and at the iteration boundary where it
takes effect (`plan`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.events.act import (
    Act,
    GrowRun,
    LockBlocks,
    MakeBackup,
    PauseRun,
    ResumeRun,
    SetValues,
    StopRun,
    UndoLast,
    UnlockBlocks,
)
from core.events.event import Body, Change, Locked, Paused, Resumed, SettingsChanged, Stopped, Unlocked
from core.events.fold import inverse
from core.events.pattern import resolve
from core.events.state import RunState
from core.run.growing import check_growth, growth
from core.run.name import check_name
from core.settings.error import RefusedError, SettingError
from core.settings.kind import Value
from core.settings.registry import BY_KEY, check, check_together
from core.wire.limits import MAX_PATTERN_CHARACTERS
from core.wire.trainer_record import At


@dataclass(frozen=True, slots=True)
class Plan:
    """An event to be written: its body, the event it takes back, what to tell, whether the trainer must restart, and
    the reason that the act gave."""

    body: Body
    sentence: str
    undoes: int | None = None
    restarts: bool = False
    why: str = ""


def check_act(act: Act) -> None:
    """Raises when the act can never be carried out, whatever the state."""
    match act:
        case SetValues(values=values):
            if not values:
                raise RefusedError("no setting was named", hint="give KEY=VALUE")
            for key, value in values.items():
                check(key, value)
                if BY_KEY[key].when == "birth":
                    raise RefusedError(f"{key} is fixed when a run is made", hint="make another run with dfl-tui new")
        case LockBlocks(pattern=pattern) | UnlockBlocks(pattern=pattern):
            if not pattern.strip() or len(pattern) > MAX_PATTERN_CHARACTERS or not pattern.isprintable():
                raise RefusedError(f"{pattern[:40]!r} is no pattern of block names",
                                   hint=f"give 1 to {MAX_PATTERN_CHARACTERS} characters, such as encoder.*")
        case MakeBackup(name=name):
            check_name(name, "a backup")
        case GrowRun():
            check_growth(act)
        case _:
            pass


def plan(act: Act, state: RunState, at: At | None = None) -> Plan:
    """The event that carries out `act` in `state`. at: where the trainer stands, None while that is not known: then
    the plan only says whether the act could be carried out now."""
    check_act(act)
    match act:
        case SetValues(values=values):
            return _set(values, state)
        case LockBlocks(pattern=pattern):
            names = [name for name in resolve(pattern, state.blocks) if name not in state.locks]
            if not names:
                raise RefusedError(f"{pattern} is locked already")
            return Plan(Locked(pattern, names), f"{_blocks(names)} locked")
        case UnlockBlocks(pattern=pattern):
            names = [name for name in resolve(pattern, state.blocks) if name in state.locks]
            if not names:
                raise RefusedError(f"{pattern} is open already")
            return Plan(Unlocked(pattern, names), f"{_blocks(names)} open")
        case PauseRun():
            if state.paused:
                raise RefusedError("the run is paused already", hint="resume it to go on")
            if state.stopped:
                raise RefusedError("the run does not train, so there is nothing to pause", hint="resume it to go on")
            return Plan(Paused(), "paused: the trainer keeps its memory")
        case ResumeRun():
            return Plan(Resumed(), "the run goes on")
        case StopRun():
            if state.stopped:
                raise RefusedError("the run is stopped already", hint="resume it to go on")
            return Plan(Stopped("person"), "saved and stopped")
        case UndoLast():
            return _undo(state)
        case GrowRun():
            body, sentence = growth(act, state, at)
            return Plan(body, sentence, why=act.why)
        case _:
            raise RefusedError(f"{type(act).__name__} cannot wait for an iteration", hint="do it now")


def _set(values: Mapping[str, Value], state: RunState) -> Plan:
    changes = []
    for key, value in values.items():
        known = BY_KEY[key]
        old, new = state.settings.get(key, known.default), check(key, value)
        if old != new:
            changes.append(Change(key, old, new))
    if not changes:
        raise RefusedError(", ".join(f"{key} is {state.settings.get(key)} already" for key in values))
    check_together({**state.settings, **{c.key: c.new for c in changes}})
    return _changed(changes, None)


def _changed(changes: list[Change], undoes: int | None) -> Plan:
    text = ", ".join(f"{c.key} {_word(c.old)} -> {_word(c.new)}" for c in changes)
    restarts = any(BY_KEY[c.key].when == "restart" for c in changes)
    return Plan(SettingsChanged(changes), text, undoes=undoes, restarts=restarts)


def _undo(state: RunState) -> Plan:
    if not state.undoable:
        raise RefusedError("there is nothing to take back",
                           hint="only growths and changes of settings and locks can be taken back")
    last = state.undoable[-1]
    match inverse(last.body):
        case SettingsChanged(changes=changes):
            done = _changed(changes, last.number)
        case Locked(asked=asked, blocks=blocks):
            done = Plan(Locked(asked, blocks), f"{_blocks(blocks)} locked again", undoes=last.number)
        case Unlocked(asked=asked, blocks=blocks):
            done = Plan(Unlocked(asked, blocks), f"{_blocks(blocks)} open again", undoes=last.number)
        case other:
            raise SettingError(f"event {last.number} cannot be taken back by {other!r}")
    return Plan(done.body, f"took back event {last.number}: {done.sentence}", undoes=last.number,
                restarts=done.restarts)


def acts_at_start_only(act: Act) -> bool:
    """Whether an act sets nothing but what acts when the trainer starts: it needs no iteration boundary."""
    return isinstance(act, SetValues) and all(k in BY_KEY and BY_KEY[k].when == "restart" for k in act.values)


def _blocks(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} blocks"


def _word(value: object) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:g}"
        case "":
            return "nothing"
        case _:
            return str(value)
