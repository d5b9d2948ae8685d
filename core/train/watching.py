"""The watching of a run while it trains: rows and readings go to the detectors at fixed iterations, never by the clock.

All of it happens after an iteration and before its row is put, so that a generation has seen what its last row has.
Detectors and what they conclude are core/watch; here they are fed.
"""

import logging
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor

from core.events.event import Event
from core.events.reading import LikenessNews, Readings, Verdict, WatchNews
from core.settings.error import DflTuiError
from core.settings.kind import Value
from core.train.cadence import Choices, choice
from core.train.course import Course
from core.train.likeness_reader import LikenessReader
from core.train.notices import Notices
from core.train.publisher import Publisher
from core.train.reading_rows import ReadingRows
from core.watch import watch
from core.watch.blanking import Effect, effect_of
from core.watch.bootstrap import change
from core.watch.likeness import Reading
from core.watch.pace import PACES, Pace
from core.watch.scale import by_band, scores, worst
from core.watch.scale_file import hash_of
from core.watch.watch import Row, Watch

PACE_ITERATIONS = 100       # recent iterations whose mean time a reading's cost is held against
TOLD = (("plateau", "loss"), ("plateau", "likeness"), ("drop", "likeness"))     # told whether they hold or not

WARNED = (("drop", "likeness"), ("divergence", "loss"))     # written into the journal when they begin to hold

log = logging.getLogger(__name__)


class Kept(msgspec.Struct, frozen=True):
    """What a generation keeps: the detectors, rows not looked at yet, the number of the last event that they know, the
    scale by its hash, the iteration and distances of the last reading, and whether one is due for a change."""

    watch: Watch = Watch()
    rows: list[tuple[float | None, float | None, float | None, bool, float | None, float | None]] = []
    event: int = 0
    scale: str = ""
    read_at: int = 0
    distances: list[float] = []
    is_due: bool = False


class Watching:
    """Watches one life. `finished` is called by the training thread after each iteration."""

    def __init__(self, course: Course, reader: LikenessReader, rows: ReadingRows, publisher: Publisher,
                 notices: Notices, *, kept: Mapping[str, Any] | None) -> None:
        self._course = course
        self._reader = reader
        self._rows = rows
        self._publisher = publisher
        self._notices = notices
        self._choices = Choices()
        self._kept = self._understood(kept)
        self._pending: list[Tensor] = []        # the steps' numbers, on the device
        self._iteration_s: deque[float] = deque(maxlen=PACE_ITERATIONS)
        self._news = WatchNews()
        self._is_well = True
        self.measured: dict[str, float] = {}    # what others know: "floor"
        self.spent_s = 0.0                      # of the training thread, in all

    def finished(self, iteration: int, numbers: Tensor, seconds: float) -> Readings | None:
        """Take the numbers of the step that completed `iteration`; what is known, at the iterations at which a plan is
        asked, else None."""
        self._pending.append(numbers)
        self._iteration_s.append(seconds)
        settings = self._course.settings
        pace = PACES[str(settings["watch_pace"])]
        every = self._choices.cadence(self._course.events, settings, iteration)
        self._follow(iteration, pace)
        in_turn = every > 0 and iteration % every == 0
        is_due = in_turn or (self._kept.is_due and every > 0)
        if not is_due and iteration % pace.look:
            return None
        began = time.perf_counter()
        if iteration % pace.look == 0:
            self._look(iteration, pace)
        if is_due:
            self._read(iteration, settings, pace, every if in_turn else None)
        is_likeness = self._reader.scale is None or self._reader.scale.measure == "likeness"
        told = watch.readings(self._kept.watch, iteration, self._course.life, pace, measured=self.measured,
                              has_level=is_likeness)
        self._tell(iteration, told)
        self.spent_s += time.perf_counter() - began
        return told

    def stage_began(self, iteration: int) -> None:
        """A stage of the plan began with the next step."""
        self._keep(watch=watch.stage_began(self._kept.watch, iteration))

    def state(self) -> dict[str, Any]:
        """What a generation keeps, in plain values."""
        self._fetch()
        kept: dict[str, Any] = msgspec.to_builtins(self._kept)
        return kept

    def _understood(self, kept: Mapping[str, Any] | None) -> Kept:
        """What a generation kept. What another version wrote, or a number that JSON cannot say, is no reason to train
        no more: the detectors begin anew."""
        try:
            return Kept() if kept is None else msgspec.convert(kept, Kept)
        except msgspec.ValidationError as error:
            self._notices.warn("watching", f"the detectors begin anew: what the save keeps of them is not understood "
                                           f"({error})")
            return Kept()

    # --- rows and events ----------------------------------------------------------------------------------------------
    def _fetch(self) -> None:
        """Bring the steps' numbers to the host: on a GPU this waits for them, so it is done once for many."""
        if self._pending:
            numbers = torch.stack(self._pending).tolist()
            self._pending = []
            self._keep(rows=[*self._kept.rows, *(row_of(n) for n in numbers)])

    def _look(self, last: int, pace: Pace, ahead: int = 0) -> None:
        """Give the detectors the rows up to iteration `last`; the newest `ahead` wait."""
        self._fetch()
        end = len(self._kept.rows) - ahead
        rows = [read_row(r) for r in self._kept.rows[:end]]
        self._keep(watch=watch.look(self._kept.watch, last, rows, pace), rows=self._kept.rows[end:])

    def _follow(self, iteration: int, pace: Pace) -> None:
        """Events that were in force at the step that completed `iteration`, each after the rows before it."""
        events = self._course.events
        while self._kept.event < len(events):
            event = events[self._kept.event]
            if event.life == self._course.life:
                if event.iteration >= iteration:
                    return
                self._follow_one(event, iteration, pace)
            self._keep(event=event.number)

    def _follow_one(self, event: Event, iteration: int, pace: Pace) -> None:
        if effect_of(event.body) is not Effect.NONE:
            self._look(event.iteration, pace, ahead=iteration - event.iteration)
            self._keep(is_due=True)
        self._keep(watch=watch.follow(self._kept.watch, event, pace))

    # --- likeness -----------------------------------------------------------------------------------------------------
    def _read(self, iteration: int, settings: Mapping[str, Value], pace: Pace, every: int | None) -> None:
        try:
            scale = self._reader.prepare(settings)
            began = time.perf_counter()
            reading = self._reader.read(iteration, settings)
        except (DflTuiError, torch.OutOfMemoryError) as error:
            # A reading is not worth a training: it is left out, and said once.
            if self._is_well:
                self._notices.warn("likeness", f"no likeness was read at iteration {iteration:,}: {first_line(error)}")
            self._is_well = False
            self._keep(is_due=False)
            return
        self._is_well = True
        name = hash_of(scale)
        if self._kept.scale not in ("", name):
            self._keep(watch=watch.blanked(self._kept.watch, iteration, Effect.ANEW, pace), distances=[])
        if self._kept.scale != name and scale.trouble:
            self._notices.warn("likeness", scale.trouble)
        self._keep(scale=name, read_at=iteration, is_due=False)
        if reading is None:
            return
        self._choose(time.perf_counter() - began, every)
        self._take(iteration, reading, pace, every)

    def _take(self, iteration: int, reading: Reading, pace: Pace, every: int | None) -> None:
        scale = self._reader.scale
        if scale is None:
            return
        score = reading.likeness
        if not scale.trouble:
            self._keep(watch=watch.read(self._kept.watch, iteration, score.mean, pace, every=every))
        moved = (0.0, 0.0, 0.0)
        if len(self._kept.distances) == len(reading.distances):
            then = scores(scale, np.array(self._kept.distances))
            moved = change(then, reading.points, self._reader.picks)
        self._rows.put(iteration, reading.distances)
        self._keep(distances=reading.distances.tolist())
        likeness = LikenessNews(iteration, scale.measure, score.mean, score.low, score.high, reading.distance, *moved,
                                by_band(scale, reading.points), dict(worst(scale, reading.points)), scale.trouble)
        self._news = WatchNews(likeness, self._news.verdicts)
        self._publisher.watched(iteration, (score.mean, score.low, score.high, reading.distance), self._news)

    def _choose(self, reading_s: float, every: int | None) -> None:
        """Fix the pace by the first reading in turn at the default, once no iteration of the journal lies ahead."""
        if every is None or not self._iteration_s or self._choices.standing(self._course.events) is not None:
            return
        chosen = choice(reading_s, sum(self._iteration_s) / len(self._iteration_s))
        if int(self._course.settings["likeness_every"]) == every and self._kept.read_at >= self._course.state.iteration:
            self._notices.chose(chosen)

    # --- telling ------------------------------------------------------------------------------------------------------
    def _tell(self, iteration: int, told: Readings) -> None:
        shown = [v for v in told.verdicts if v.holds or (v.kind, v.of) in TOLD]
        for verdict in told.verdicts:
            if verdict.holds and is_new(verdict, self._news.verdicts):
                log.info("verdict kind=%s of=%s iteration=%d %s", verdict.kind, verdict.of, verdict.iteration,
                         verdict.sentence)
                # What is trained a second time was warned of the first time.
                if (verdict.kind, verdict.of) in WARNED and iteration >= self._course.state.iteration:
                    self._notices.warn(verdict.of, verdict.sentence)
        self._news = WatchNews(self._news.likeness, shown)
        self._publisher.watched(iteration, None, self._news)

    def _keep(self, **changes: Any) -> None:
        self._kept = msgspec.structs.replace(self._kept, **changes)


def is_new(verdict: Verdict, before: list[Verdict]) -> bool:
    """Whether it did not hold at the look before."""
    return not any(v.holds and v.kind == verdict.kind and v.of == verdict.of for v in before)


def row_of(numbers: list[float]) -> tuple[float | None, float | None, float | None, bool, float | None, float | None]:
    """StepResult.numbers as they are kept: None for what is not finite, which JSON cannot say."""
    src, dst, masks, _, applied, d_real, d_fake, *_ = (n if np.isfinite(n) else None for n in numbers)
    return src, dst, masks, bool(applied), d_real, d_fake


def read_row(kept: tuple[float | None, float | None, float | None, bool, float | None, float | None]) -> Row:
    """A kept row as the detectors take it."""
    src, dst, masks, applied, d_real, d_fake = (float("nan") if n is None else n for n in kept)
    return Row(src, dst, masks, bool(applied), d_real, d_fake)


def first_line(error: Exception) -> str:
    """The sentence of an error."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]

