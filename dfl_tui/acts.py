"""What a key asks of the run, given how the run stands. Pure."""

from core.events.act import (
    Act,
    PauseRun,
    PreviewNow,
    ResumeRun,
    SaveNow,
    SetValues,
    UndoLast,
)
from core.events.event import Event
from core.settings.error import RefusedError
from dfl_tui.language import _, counted
from dfl_tui.model import Model
from dfl_tui.telling import told_body

AT_WORK = ("starting", "trial", "training", "saving", "waiting")


def act_of(key_id: str, model: Model) -> Act:
    """The act of a key that needs no dialog. Raises RefusedError where there is nothing to act on."""
    if model.state is None or model.tick is None:
        raise RefusedError(_("the run has not answered yet"), hint=_("it is shown as soon as it does"))
    match key_id:
        case "pause":
            return PauseRun() if model.tick.phase in AT_WORK and not model.state.paused else ResumeRun()
        case "save":
            return SaveNow()
        case "preview":
            return PreviewNow()
        case "warp":
            return SetValues({"random_warp": not model.state.settings["random_warp"]})
        case "undo":
            if not model.state.undoable:
                raise RefusedError(_("there is no change of a setting or lock to take back"))
            return UndoLast()
    raise ValueError(f"no act for key {key_id!r}")


def to_be_undone(model: Model) -> Event | None:
    """The event that an undo would take back."""
    return model.state.undoable[-1] if model.state and model.state.undoable else None


def undone(event: Event) -> str:
    """What was taken back, as a toast says it."""
    return _("Taken back: {what} (of iteration {n}).").format(what=told_body(event.body), n=f"{event.iteration:,}")


def stop_consequence(model: Model) -> str:
    """What stopping means, in numbers."""
    n = f"{model.tick.iteration:,}" if model.tick else "0"
    waits = len(model.state.waiting) if model.state else 0
    more = " " + counted("{n} waiting act stays for its iteration.", "{n} waiting acts stay for their iterations.",
                         waits) if waits else ""
    return _("The run is saved at iteration {n} and its trainer ends; device and memory are free then. Nothing is "
             "lost: p trains on from {n}.").format(n=n) + more


def growth_undo_consequence(event: Event, model: Model) -> str:
    """What taking a growth back gives up, in numbers."""
    from dfl_tui.growing import growth_undone  # late: a run grows a few times in its life

    return growth_undone(event.iteration, model.tick.iteration if model.tick else event.iteration)


def farewell(model: Model) -> str:
    """What is said to who leaves the console; only what is known of the run. Pure."""
    if model.tick is None:
        return _("detached before {name} answered; dfl-tui attach {name} comes back").format(name=model.run)
    if model.tick.phase in ("parked", "stopped"):
        return _("detached: {name} does not train; dfl-tui train {name} goes on with it").format(name=model.run)
    return _("detached: the training goes on; dfl-tui attach {name} comes back").format(name=model.run)
