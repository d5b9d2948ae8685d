"""The verdict: one sentence that says whether all is well, where the run is, what comes next, whether to act."""

from dataclasses import dataclass
from math import isfinite

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from core.events.event import Asked, Event, Started, Warned
from core.events.state import RunState
from core.wire.console_record import History, Tick
from dfl_tui.draw.line import strip, wrapped
from dfl_tui.draw.number import duration, short
from dfl_tui.history import doubles
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.panel import Panel
from dfl_tui.phase import Mood, phase_of
from dfl_tui.telling import told_act

ENOUGH_BUCKETS = 12      # fewer say nothing about a trend
FLAT = 0.01              # a change of the loss by less than a hundredth over the shown range is none
COARSE_S = 600.0
WIDOW_CELLS = 24         # less than this alone in the last row is no second line, it is a first one that ran over
FRESH_S = 600.0          # a warning is in the sentence for ten minutes; afterwards it is in the event log


@dataclass(frozen=True, slots=True)
class View:
    """The sentence, its glyph and its mood. `shorter`: the same with less, the longest first, where space is scarce."""

    glyph: str
    sentence: str
    mood: Mood
    shorter: tuple[str, ...] = ()


def select(model: Model) -> View:
    """The verdict on the model. Pure."""
    phase = phase_of(model)
    state, tick = model.state, model.tick
    if state is None or tick is None:
        return View(phase.glyph, model.link.sentence or _("Connecting to the run."), phase.mood)
    if model.link.word == "lost":
        why = f" ({model.link.sentence})" if model.link.sentence else ""
        return View(phase.glyph, _("The supervisor is gone: reconnecting; the training goes on.") + why, phase.mood)
    warning = fresh_warning(model)
    if warning and tick.phase in ("training", "saving", "paused"):
        return View("!", _("Look at this: {sentence}.").format(sentence=warning.rstrip(".")), "warn")
    whole, *shorter = sentences(model, state, tick)
    return View(phase.glyph, whole, phase.mood, tuple(shorter))


def training(model: Model, state: RunState, tick: Tick) -> list[str]:
    """Training or saving: the whole sentence, then without the time that is left, then without the loss."""
    if tick.replaying_to > tick.iteration:
        return [_("Training again what a crash cost, up to {n}; then it goes on. Nothing to do.").format(
            n=f"{tick.replaying_to:,}")]
    well = _("All is well: {stage}.").format(stage=stage(state, tick))
    loss = ""
    if tick.losses is not None:
        mean = (tick.losses.src_smooth + tick.losses.dst_smooth) / 2
        loss = _("Loss {loss}{trend}.").format(loss=short(mean), trend=trend(model))
    alike, next_thing = likeness(tick), coming(state, tick, with_time=False)
    forms = [[well, loss, alike, coming(state, tick)], [well, loss, alike, next_thing], [well, alike, next_thing],
             [well, next_thing], [well]]
    return list(dict.fromkeys(" ".join(part for part in form if part) for form in forms))


def likeness(tick: Tick) -> str:
    """How much the swap looks like the source person, and where it goes: by the same faces as at the reading before."""
    read = tick.watch.likeness if tick.watch else None
    if read is None or read.trouble:
        return ""
    moves = _(", rising") if read.change_low > 0 else _(", falling") if read.change_high < 0 else ""
    if read.measure != "likeness":
        return _("Departure from the destination {score}{trend}.").format(score=f"{read.score:.0f}", trend=moves)
    return _("Likeness {score}{trend}.").format(score=f"{read.score:.0f}", trend=moves)


def stage(state: RunState, tick: Tick) -> str:
    """Where the run is: the stage (by hand, or the recipe's) and how far."""
    name = _("recipe {name}").format(name=state.recipe) if state.recipe else _("stage by hand")
    target = int(state.settings.get("target_iter", 0))
    if target > 0:
        return _("{name}, {part} of {target}").format(name=name, part=f"{tick.iteration:,}", target=f"{target:,}")
    return _("{name}, iteration {n}").format(name=name, n=f"{tick.iteration:,}")


def trend(model: Model) -> str:
    """Whether the loss fell over the last quarter of the range that the sparklines show."""
    got = model.answers.get("series")
    history = got.answer if got else None
    if not isinstance(history, History) or "src" not in history.series or "dst" not in history.series:
        return ""
    both = zip(doubles(history.series["src"].mean), doubles(history.series["dst"].mean), strict=True)
    mean = [src + dst for src, dst in both if isfinite(src + dst)]
    if len(mean) < ENOUGH_BUCKETS:
        return ""
    # Two quarters against each other: single buckets scatter more than the loss falls.
    quarter = len(mean) // 4
    before, after = middle(mean[-2 * quarter:-quarter]), middle(mean[-quarter:])
    change = (after - before) / before if before else 0.0
    if abs(change) < FLAT:
        return _(", flat")
    return _(", falling") if change < 0 else _(", rising")


def middle(values: list[float]) -> float:
    """The upper median: good enough for a word, and `statistics` costs 10 ms of the first frame."""
    return sorted(values)[len(values) // 2]


def coming(state: RunState, tick: Tick, *, with_time: bool = True) -> str:
    """What happens next by itself; `with_time`: and in how long an act that waits is done."""
    # An act that waits for a trainer has no iteration, and is told by the phase.
    planned = [(e.body.at, e.body) for e in state.waiting if isinstance(e.body, Asked) and e.body.at is not None]
    if planned:
        at, body = min(planned, key=lambda pair: pair[0])
        when = in_time(at - tick.iteration, tick.it_s) if with_time else ""
        return _("Next at {n}: {act}{when}.").format(n=f"{at:,}", act=told_act(body.act), when=when)
    if tick.eta_s is not None:
        return _("Stops by itself in {time}. Nothing to do.").format(time=coarse(tick.eta_s))
    return _("Goes on until you stop it.")


def in_time(iterations: int, it_s: float) -> str:
    """How long `iterations` take, or "" where that is not known."""
    return _(" (in {time})").format(time=coarse(iterations / it_s)) if it_s > 0 and iterations > 0 else ""


def coarse(seconds: float) -> str:
    """A duration for planning: whole minutes from ten minutes on."""
    return duration(seconds if seconds < COARSE_S else seconds // 60 * 60)


def paused(tick: Tick) -> str:
    """Standing still."""
    return _("Paused at {n}: p goes on. The trainer keeps its memory and device.").format(n=f"{tick.iteration:,}")


def stopped(state: RunState, tick: Tick) -> str:
    """No trainer."""
    n = f"{tick.iteration:,}"
    if state.stopped == "target":
        return _("Finished: the target of {n} iterations is reached. Raise target_iter (e) and press p to go on."
                 ).format(n=n)
    if state.stopped == "failure":
        why = tick.detail or _("the event log says why")
        return _("Stopped after a failure at {n}: {why}. p tries again.").format(n=n, why=why.rstrip("."))
    if tick.phase == "stopped":
        return _("Stopped at {n}, saved. p trains on.").format(n=n)
    return _("Not training, at {n}. p starts it.").format(n=n)


def backoff(tick: Tick) -> str:
    """Between a failure and the next try."""
    return _("The trainer failed and is started again: {detail}.").format(
        detail=(tick.detail or _("soon")).rstrip("."))


def waiting(model: Model, tick: Tick) -> str:
    """Starting, trial, stopping, waiting for another writer."""
    phase = phase_of(model)
    words = _(phase.word).capitalize()
    return f"{words}: {tick.detail.rstrip('.')}." if tick.detail else f"{words}."


def sentences(model: Model, state: RunState, tick: Tick) -> list[str]:
    """The sentence of each phase, and shorter forms of it."""
    match tick.phase:
        case "training" | "saving":
            return training(model, state, tick)
        case "paused":
            return [paused(tick)]
        case "stopped" | "parked":
            return [stopped(state, tick)]
        case "backoff":
            return [backoff(tick)]
        case _:
            return [waiting(model, tick)]


def fresh_warning(model: Model) -> str:
    """The newest warning, while it is young and no trainer started after it."""
    event: Event
    for event in reversed(model.events[-50:]):
        if isinstance(event.body, Started):
            return ""
        if isinstance(event.body, Warned):
            return event.body.sentence if model.wall - event.at < FRESH_S else ""
    return ""


def mood_style(mood: Mood, look: Look) -> Style:
    """The theme's style of a mood."""
    return {"good": look.good, "calm": look.accent, "warn": look.warn, "bad": look.bad}[mood]


def fitted(view: View, width: int, height: int) -> list[str]:
    """The longest form that fits into `height` rows of `width` cells without a few words alone in the last one; where
    none fits, the shortest, whose last row is cut with an ellipsis when it is drawn. Pure."""
    forms = [wrapped(form, width) for form in (view.sentence, *view.shorter)]
    fits = [lines for lines in forms if len(lines) <= height]
    if not fits:
        lines = forms[-1]
        return [*lines[:height - 1], " ".join(lines[height - 1:])]
    if len(fits[0]) > 1 and cell_len(fits[0][-1]) < WIDOW_CELLS:
        return next((lines for lines in fits if len(lines) < len(fits[0])), fits[0])
    return fits[0]


def draw(view: View, width: int, height: int, look: Look) -> list[Strip]:
    """Glyph and sentence. Pure."""
    lines = fitted(view, width - 4, height)
    glyph = (f" {view.glyph} ", mood_style(view.mood, look) + Style(bold=True))
    rows = [strip([glyph, (lines[0] if lines else "", look.strong)], width)]
    return [*rows, *(strip([("   ", look.plain), (line, look.strong)], width) for line in lines[1:])]


class VerdictPanel(Panel[View]):
    """The sentence on top."""

    ID = "verdict"
    can_focus = False

    def select(self, model: Model) -> View:
        return select(model)

    def draw(self, view: View, width: int, height: int, look: Look) -> list[Strip]:
        return draw(view, width, height, look)
