"""Events in words, the same in the console's event log, in plain lines and in `dfl-tui show`. Pure."""

from core.events.act import (
    Act,
    GrowRun,
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
    Grown,
    InterFrom,
    Locked,
    NetworkMade,
    Origin,
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
from core.settings.kind import Value
from dfl_tui.language import _, counted

STOPS = {"person": _("stopped by a person"), "target": _("stopped: the target iteration is reached"),
         "failure": _("stopped after a failure")}
# What is asked for without saying anything more.
SINGLE_ACTS: dict[type, str] = {PauseRun: _("pause"), ResumeRun: _("go on"), SaveNow: _("save"),
                                PreviewNow: _("preview"), StopRun: _("stop"), UndoLast: _("undo")}


def shown(value: Value) -> str:
    """A value as a person would type it; its setting's `parse` reads it again."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and float(short := f"{value:g}") == value:
        return short
    return str(value)


def author(event: Event) -> str:
    """Who did it, short: anna@box, recipe:demo, supervisor."""
    return event.author.removeprefix("person:") or event.author


def due(event: Event) -> int:
    """The iteration that an act waits for, to sort by: what waits for the trainer alone comes before all others."""
    return event.body.at or 0 if isinstance(event.body, Asked) else 0


def told(event: Event) -> str:
    """What happened, in one sentence without iteration and author; the reason at its end."""
    sentence = told_body(event.body)
    if event.undoes is not None:
        sentence = _("taken back (event {number}): {what}").format(number=event.undoes, what=sentence)
    return f"{sentence}: {event.why}" if event.why and not isinstance(event.body, Warned | Ended) else sentence


def told_body(body: Body) -> str:
    """The sentence for each kind of body."""
    match body:
        case Born(name=name, parents=[*_parents, Parent() as parent]):
            return _("run {name} was made from run {parent}, generation {number} of iteration {iteration}").format(
                name=name, parent=parent.run, number=parent.generation, iteration=f"{parent.iteration:,}")
        case Born(name=name, origin=Origin() as origin):
            return _("run {name} was made from {model} of iteration {iteration}").format(
                name=name, model=f"{origin.name} {origin.kind}".strip(), iteration=f"{origin.iteration:,}")
        case Born(name=name, src_consent=src, dst_consent=dst):
            return _("run {name} was made: {src} on {dst}").format(name=name, src=src.person, dst=dst.person)
        case NetworkMade(blocks=blocks):
            count = sum(block.parameters for block in blocks)
            return _("network of {n} blocks, {count} parameters").format(n=len(blocks), count=f"{count:,}")
        case Chose(what=what, value=value, reason=reason):
            return told_choice(what, value) + (f": {reason}" if reason and what != "trial" else "")
        case SettingsChanged(changes=changes):
            return ", ".join(f"{c.key} {shown(c.old)} -> {shown(c.new)}" for c in changes)
        case Locked(asked=asked, blocks=blocks):
            return _("locked {what} ({blocks})").format(what=asked, blocks=block_count(blocks))
        case Unlocked(asked=asked, blocks=blocks):
            return _("opened {what} ({blocks})").format(what=asked, blocks=block_count(blocks))
        case Asked(act=act, at=None):
            return _("waits for the trainer: {act}").format(act=told_act(act))
        case Asked(act=act, at=int(at)):
            return _("waits for iteration {at}: {act}").format(at=f"{at:,}", act=told_act(act))
        case RolledBack(life=life, inter=InterFrom(run=run, generation=number, blocks=blocks)):
            return _("the inter of {run}, generation {number}, is in place ({blocks}), life {life} begins").format(
                run=run, number=number, blocks=block_count(blocks), life=life)
        case RolledBack(generation=generation, to_iteration=iteration, life=life):
            return _("back to generation {generation} of iteration {iteration}, life {life} begins").format(
                generation=generation, iteration=f"{iteration:,}", life=life)
        case _:
            return told_plain(body)


def told_choice(what: str, value: Value) -> str:
    """What a trial or a probe decided, in words; names of the journal that this version does not know as they are."""
    match what:
        case "device" | "devices":
            return _("trains on {device}").format(device=value)
        case "threads":
            return counted("computes with {n} thread", "computes with {n} threads", int(value))
        case "trial":
            return _("a step was tried: {found}").format(found=value)
        case "shared_pass":
            return _("src and dst are computed in one pass") if value else \
                _("src and dst are computed one after the other")
        case "likeness_every":
            return _("likeness is read every {n} iterations").format(n=f"{value:,}")
        case _ if what.startswith("probe "):
            return _("{name} was tried").format(name=probed(what))
        case _:
            return f"{what} = {shown(value)}"


def probed(what: str) -> str:
    """What a probe tried, as people call it."""
    return what.removeprefix("probe ").replace("compile", "torch.compile")


def told_plain(body: Body) -> str:
    """The kinds that say one thing."""
    match body:
        case Started(device=device, generation=None):
            return _("training on {device} from new weights").format(device=device)
        case Started(device=device, generation=int(number)):
            return _("training on {device} from generation {number}").format(device=device, number=number)
        case Grown(old_resolution=old, resolution=new, locked=locked):
            return _("grown from {old} to {new} px; {blocks} locked").format(old=old, new=new,
                                                                             blocks=block_count(locked))
        case FacesChanged(side=side, note=note):
            return _("{side} has other faces: {n} in {path}").format(side=side, n=f"{note.faces:,}", path=note.path)
        case Stopped(cause=cause):
            return STOPS[cause]
        case BackedUp(name=name, generation=generation):
            return _("backup {name} (generation {generation})").format(name=name, generation=generation)
        case Withdrawn(asked=asked):
            return _("will not be done any more: event {number}").format(number=asked)
        case Renamed(old=old, new=new):
            return _("renamed from {old} to {new}").format(old=old, new=new)
        case Ended(sentence=sentence) | Warned(sentence=sentence):
            return sentence
        case Paused():
            return _("paused")
        case Resumed():
            return _("goes on")
        case _:
            raise TypeError(f"no sentence for {type(body).__name__}")


def is_calm_end(body: object) -> bool:
    """Whether a trainer ended as it was told to: no cross, no red."""
    return isinstance(body, Ended) and body.cause in ("done", "terminated")


def block_count(blocks: list[str]) -> str:
    """1 block, 9 blocks."""
    return counted("{n} block", "{n} blocks", len(blocks))


def told_act(act: Act) -> str:
    """What is asked for, as it would be said."""
    match act:
        case SetValues(values=values):
            return _("set {what}").format(what=", ".join(f"{key} = {shown(value)}" for key, value in values.items()))
        case LockBlocks(pattern=pattern):
            return _("lock {what}").format(what=pattern)
        case UnlockBlocks(pattern=pattern):
            return _("open {what}").format(what=pattern)
        case MakeBackup(name=name):
            return _("backup {name}").format(name=name)
        case GrowRun(resolution=resolution):
            return _("grow to {resolution} px").format(resolution=resolution or _("twice the"))
        case RollBack(generation=generation):
            return _("go back to generation {number}").format(number=generation)
        case WithdrawAct(event=event):
            return _("withdraw event {number}").format(number=event)
        case PauseRun() | ResumeRun() | SaveNow() | PreviewNow() | StopRun() | UndoLast():
            return SINGLE_ACTS[type(act)]
