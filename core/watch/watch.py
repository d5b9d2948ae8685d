"""All detectors of a run together: a fold over its iterations, likeness readings and events.

`Watch` is what is kept: plain numbers, written into each generation. The same rows, readings and events give every
verdict again, in whatever portions the rows come. No clock, no randomness, no disk, no torch.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from core.events.event import Event
from core.events.reading import Readings, Verdict
from core.watch import course, drop, not_finite, plateau
from core.watch.blanking import Effect, changed_by, effect_of
from core.watch.course import Course
from core.watch.drop import Drop
from core.watch.not_finite import NotFinite
from core.watch.pace import Pace
from core.watch.plateau import Plateau
from core.watch.robust import log_of, median

LOSSES = ("loss", "loss.src", "loss.dst", "masks")
LAST = 5                # likeness readings whose median `best` and `before` are made of
SURE = 3                # those whose median `likeness` is: one reading may be off because the weights moved
BALANCE_LOOKS = 12      # looks that gan.balance is the mean of: 300 iterations at the normal pace
EDGES = frozenset({"drop", "spike", "sustained", "not_finite"})     # found once, at one look


class Row(NamedTuple):
    """One iteration, as the metrics have it. The beliefs of the judge are NaN where there is none."""

    src: float
    dst: float
    masks: float
    applied: bool
    d_real: float
    d_fake: float


class Watch(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept. iteration: of the last look; read_at: of the last likeness reading; blank_until: no plateau and no
    divergence is made of what lies before. changed: iteration of the last change, by what changed.

    last: the last likeness readings; best: their highest median so far; before: that median when the stage began.
    """

    iteration: int = 0
    read_at: int = 0
    blank_until: int = 0
    stage_began: int = 0
    before: float | None = None
    best: float | None = None
    last: list[float] = []
    changed: dict[str, int] = {}
    courses: dict[str, Course] = {}
    not_finite: NotFinite = NotFinite()
    drop: Drop = Drop()
    plateau: Plateau = Plateau()        # of likeness
    balance: list[float] = []


def look(state: Watch, last: int, rows: Sequence[Row], pace: Pace) -> Watch:
    """Take the iterations that end with `last`."""
    if not rows:
        return state
    logs: dict[str, list[float | None]] = {"loss.src": [log_of(r.src) for r in rows],
                                           "loss.dst": [log_of(r.dst) for r in rows],
                                           "masks": [log_of(r.masks) for r in rows],
                                           "loss": [log_of((r.src + r.dst) / 2) for r in rows]}
    courses = {name: course.advance(state.courses.get(name, Course()), last, logs[name], pace)
               for name in LOSSES}
    judged = [r.d_real - r.d_fake for r in rows if math.isfinite(r.d_real) and math.isfinite(r.d_fake)]
    balance = [*state.balance, math.fsum(judged) / len(judged)][-BALANCE_LOOKS:] if judged else []
    return replace(state, iteration=last, courses=courses, balance=balance,
                   not_finite=not_finite.advance(state.not_finite, last, [not r.applied for r in rows]))


def read(state: Watch, iteration: int, likeness: float, pace: Pace, *, every: int | None) -> Watch:
    """Take a likeness reading. every: the cadence, or None for one out of turn, which moves no detector: its neighbours
    would lie at another distance than the others."""
    if every is None:
        return state
    last = [*state.last, likeness][-LAST:]
    level = median(last)
    best = level if state.best is None else max(state.best, level)
    flat = state.plateau
    if not state.drop.quiet:
        flat = plateau.advance(flat, iteration, likeness, pace.likeness, spacing=every)
    return replace(state, read_at=iteration, last=last, best=best, plateau=flat,
                   drop=drop.advance(state.drop, iteration, likeness, pace.drop))


def follow(state: Watch, event: Event, pace: Pace) -> Watch:
    """Take an event at its iteration: rows up to it have been looked at, those after it have not."""
    effect = effect_of(event.body)
    changed = dict.fromkeys(changed_by(event.body), event.iteration)
    state = replace(state, changed=state.changed | changed) if changed else state
    return state if effect is Effect.NONE else blanked(state, event.iteration, effect, pace)


def blanked(state: Watch, iteration: int, effect: Effect, pace: Pace) -> Watch:
    """Begin the losses anew after the blanking time, and likeness as far as the effect says."""
    until = iteration + pace.blank
    courses = {name: course.restarted(one, iteration, until) for name, one in state.courses.items()}
    fallen = drop.restarted(state.drop) if effect is Effect.ANEW else drop.changed(state.drop, pace.drop)
    return replace(state, blank_until=until, courses=courses, drop=fallen, plateau=plateau.restarted(state.plateau),
                   balance=[], last=[] if effect is Effect.ANEW else state.last)


def stage_began(state: Watch, iteration: int) -> Watch:
    """A stage of the plan began: `iterations` counts from here, `before` is where likeness stands."""
    return replace(state, stage_began=iteration, before=median(state.last) if state.last else None)


def verdicts(state: Watch, iteration: int, pace: Pace) -> list[Verdict]:
    """The newest of every detector. What is found once holds only at the look that found it."""
    losses = [v for name, one in state.courses.items() for v in course.verdicts(one, name, pace)]
    losses.append(not_finite.verdict(state.not_finite))
    found = [once(v, state.iteration == iteration) for v in losses]
    likeness = (plateau.verdict(state.plateau, "likeness", pace.likeness), drop.verdict(state.drop, "likeness",
                                                                                       pace.drop))
    return found + [once(v, state.read_at == iteration) for v in likeness]


def once(verdict: Verdict, is_new: bool) -> Verdict:
    """A verdict that held at an earlier look does not hold again."""
    return replace(verdict, holds=False) if verdict.kind in EDGES and not is_new else verdict


def readings(state: Watch, iteration: int, life: int, pace: Pace, *, measured: dict[str, float],
             has_level: bool = True) -> Readings:
    """What a plan may ask for at this iteration. measured: what others know ("floor"). has_level: False where only
    changes of likeness mean something: without the network it is the departure from the destination."""
    values = {name: loss for name, one in state.courses.items() if (loss := course.value(one)) is not None}
    values["iterations"] = float(iteration - state.stage_began)
    if state.last and has_level:
        values["likeness"] = median(state.last[-SURE:])
    if state.best is not None and has_level:
        values["best"] = state.best
    if state.before is not None and has_level:
        values["before"] = state.before
    if state.balance:
        values["gan.balance"] = math.fsum(state.balance) / len(state.balance)
    since = {what: iteration - then for what, then in state.changed.items()}
    return Readings(iteration, life, values | measured, since, verdicts(state, iteration, pace))
