"""Events in words, the same in the console's event log, in plain lines and in `dfl-tui show`. Pure."""

from core.events.act import (
    Act,
    LockBlocks,
    MakeBackup,
    PauseRun,
    PreviewNow,
    ResumeRun,
    RollBack,
    SaveNow,
    SetValues,
    StopRun,
    UndoLast,
    UnlockBlocks,
    WithdrawAct,
)
from core.events.event import (
    Asked,
    BackedUp,
    Body,
    Born,
    Chose,
    Ended,
    Event,
    FacesChanged,
    Locked,
    NetworkMade,
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
from core.settings.kind import Value

STOPS = {"person": "stopped by a person", "target": "stopped: the target iteration is reached",
         "failure": "stopped after a failure"}


def shown(value: Value) -> str:
    """A value as a person would type it; its setting's `parse` reads it again."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and float(short := f"{value:g}") == value:
        return short
    return str(value)


def author(event: Event) -> str:
    """Who did it, short: anna@box, recipe demo, supervisor."""
    kind, _, name = event.author.partition(":")
    return name if kind == "person" and name else f"{kind} {name}".strip()


def told(event: Event) -> str:
    """What happened, in one sentence without iteration and author; the reason at its end."""
    sentence = told_body(event.body)
    if event.undoes is not None:
        sentence = f"taken back (event {event.undoes}): {sentence}"
    return f"{sentence}: {event.why}" if event.why and not isinstance(event.body, Warned | Ended) else sentence


def told_body(body: Body) -> str:
    """The sentence for each kind of body."""
    match body:
        case Born(name=name, src_consent=src, dst_consent=dst):
            return f"run {name} was made: {src.person} on {dst.person}"
        case NetworkMade(blocks=blocks):
            return f"network of {len(blocks)} blocks, {sum(block.parameters for block in blocks):,} parameters"
        case Chose(what=what, value=value, reason=reason):
            return f"{what} = {shown(value)}: {reason}"
        case SettingsChanged(changes=changes):
            return ", ".join(f"{c.key} {shown(c.old)} -> {shown(c.new)}" for c in changes)
        case Locked(asked=asked, blocks=blocks):
            return f"locked {asked} ({counted(blocks)})"
        case Unlocked(asked=asked, blocks=blocks):
            return f"opened {asked} ({counted(blocks)})"
        case Asked(act=act, at=at):
            return f"waits for {'the trainer' if at is None else f'iteration {at:,}'}: {told_act(act)}"
        case RolledBack(generation=generation, to_iteration=iteration, life=life):
            return f"back to generation {generation} of iteration {iteration:,}, life {life} begins"
        case Started(device=device, generation=generation):
            return f"training on {device} from {'new weights' if generation is None else f'generation {generation}'}"
        case FacesChanged(side=side, note=note):
            return f"{side} has other faces now: {note.faces:,} in {note.path}"
        case _:
            return told_plain(body)


def told_plain(body: Body) -> str:
    """The kinds that say one thing."""
    match body:
        case Stopped(cause=cause):
            return STOPS[cause]
        case BackedUp(name=name, generation=generation):
            return f"backup {name} (generation {generation})"
        case Withdrawn(asked=asked):
            return f"will not be done any more: event {asked}"
        case Renamed(old=old, new=new):
            return f"renamed from {old} to {new}"
        case Ended(sentence=sentence) | Warned(sentence=sentence):
            return sentence
        case Paused():
            return "paused"
        case Resumed():
            return "goes on"
        case _:
            raise TypeError(f"no sentence for {type(body).__name__}")


def counted(blocks: list[str]) -> str:
    """1 block, 9 blocks."""
    return f"{len(blocks)} block{'' if len(blocks) == 1 else 's'}"


def told_act(act: Act) -> str:
    """What is asked for, as it would be said."""
    match act:
        case SetValues(values=values):
            return "set " + ", ".join(f"{key} = {shown(value)}" for key, value in values.items())
        case LockBlocks(pattern=pattern):
            return f"lock {pattern}"
        case UnlockBlocks(pattern=pattern):
            return f"unlock {pattern}"
        case MakeBackup(name=name):
            return f"backup {name}"
        case RollBack(generation=generation):
            return f"go back to generation {generation}"
        case WithdrawAct(event=event):
            return f"withdraw event {event}"
        case PauseRun() | ResumeRun() | SaveNow() | PreviewNow() | StopRun() | UndoLast():
            return str(act.__struct_config__.tag)
