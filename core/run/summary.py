"""What `ls` says about a run, read from its folder without starting anything."""

import math
from dataclasses import dataclass
from pathlib import Path

from core.events.event import Ended, Event
from core.events.state import RunState
from core.run.place import Place, is_alive
from core.store.folder import RunFolder
from core.store.journal import folded, read_journal


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in one line. state: "training" (a supervisor lives and nothing says otherwise), "paused", "stopped",
    "failed", "finished" or "parked". at: last sign of life, Unix seconds. Losses are smoothed, as a trainer tells them,
    and None before the first one."""

    name: str
    folder: Path
    alive: bool
    state: str
    iteration: int
    target_iter: int
    src_loss: float | None
    dst_loss: float | None
    at: float
    device: str
    events: int
    src_person: str
    dst_person: str
    sentence: str


def offline_summary(place: Place) -> Summary:
    """The run as its journal and newest metric row tell it. Raises JournalError or StoreError."""
    folder = RunFolder(place.folder)
    events = read_journal(folder.journal)
    state = folded(events, folder.journal)
    row = newest_row(folder)
    alive = is_alive(place)
    # A journal may be quiet for days while rows come; those of a life that was given up say nothing of this one.
    iteration = max(state.iteration, row.iteration) if row.life == state.life else state.iteration
    return Summary(place.name, place.folder, alive, word(state, alive=alive), iteration,
                   int(state.settings.get("target_iter", 0)), row.src, row.dst, last_sign(folder, events), state.device,
                   len(events), state.src_consent.person, state.dst_consent.person, sentence(state))


@dataclass(frozen=True, slots=True)
class Row:
    """The newest metric row, its losses smoothed; iteration 0 without one."""

    iteration: int = 0
    life: int = 0
    src: float | None = None
    dst: float | None = None


def newest_row(folder: RunFolder) -> Row:
    """The newest metric row of a run, with the losses as the trainer told them after it."""
    if not any(folder.metrics.glob("*")):
        return Row()    # before numpy is imported: most of `ls` on new runs
    from core.store.metric_reader import MetricReader  # late: imports numpy
    from core.store.smoothed import smoothed_series

    reader = MetricReader(folder.metrics)
    last = reader.last
    if last is None:
        return Row()
    src, dst = (None if math.isnan(mean.value) else mean.value
                for mean in smoothed_series(reader, ("src", "dst"), last[0]))
    return Row(last[0], last[1], src, dst)


def word(state: RunState, *, alive: bool) -> str:
    """The state of a run in one word."""
    if state.stopped:
        return {"person": "stopped", "target": "finished", "failure": "failed"}[state.stopped]
    if state.paused:
        return "paused"
    return "training" if alive else "parked"


def sentence(state: RunState) -> str:
    """How its last trainer ended, or "" """
    body = state.last_end.body if state.last_end else None
    return body.sentence if isinstance(body, Ended) else ""


def last_sign(folder: RunFolder, events: list[Event]) -> float:
    """When something was last written."""
    times = [events[-1].at]
    for path in (folder.metrics, *folder.metrics.glob("*")):
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue    # cut or retired while we looked
    return max(times)
