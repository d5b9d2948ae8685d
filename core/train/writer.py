"""Generations: when they are saved, and the thread that hashes, writes and retires them.

The training thread only copies what changed (core/train/snapshot.py). One save is written at a time; what is wanted
meanwhile waits for it and does not stop training. A disk without room costs nothing but that save.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.events.event import Event
from core.settings.error import DflTuiError
from core.settings.kind import Value
from core.store.disk import DiskFullError
from core.store.generation import Generations, NewGeneration
from core.store.line import line_of
from core.store.manifest import Generation, MetricPosition
from core.store.retention import AUTOMATIC, keep_of
from core.train.background import Background
from core.train.snapshot import Snapshot, Taken
from core.wire.trainer_record import NotSaved, Saved, TrainerReport

HOUR_S = 3600.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where training stands between two iterations: what a generation says beside the blocks."""

    iteration: int
    life: int
    position: int
    settings: Mapping[str, Value]
    events: tuple[Event, ...]
    extra: Mapping[str, Any]


@dataclass(slots=True)
class Wanted:
    """A save that waits for its turn: the name of a backup or "", and the orders that it answers."""

    name: str = ""
    refs: list[int] = field(default_factory=list)

    @property
    def answered(self) -> list[int] | list[None]:
        """The refs of its reports: one without a ref where nobody asked."""
        return self.refs or [None]


class Writer:
    """Saves the run. All but the thread's own work is for the training thread, at a boundary."""

    def __init__(self, generations: Generations, snapshot: Snapshot, *, born_s: float,
                 sync_metrics: Callable[[], MetricPosition], say: Callable[[TrainerReport], None],
                 warn: Callable[[str, str], None]) -> None:
        self._generations = generations
        self._snapshot = snapshot
        self._sync_metrics = sync_metrics
        self._say = say
        self._warn = warn
        self._wanted: list[Wanted] = []
        self._thread = Background("writer")
        self._last_s = time.monotonic()
        self._saved_iteration = -1      # of the newest durable generation of this process
        # From the saves themselves: a trainer that is started anew every hour would never see a whole interval.
        made = [g.at for g in generations.list() if g.name.startswith(AUTOMATIC)]
        self._automatic_s = max(made, default=born_s)   # Unix seconds of the last automatic backup
        self._over_budget_said = 0

    # --- the training thread ------------------------------------------------------------------------------------------
    def want(self, name: str = "", ref: int | None = None) -> None:
        """Save at the next boundary at which nothing is being written. Saves without a name share one generation."""
        wanted = next((w for w in self._wanted if w.name == name), None)
        if wanted is None:
            wanted = Wanted(name)
            self._wanted.append(wanted)
        if ref is not None:
            wanted.refs.append(ref)

    def continue_from(self, generation: Generation) -> None:
        """The network was just loaded from this generation."""
        self._saved_iteration = generation.iteration
        self._snapshot.loaded(generation.blocks)

    def attend(self, iteration: int, settings: Mapping[str, Value], standing: Callable[[], Standing]) -> float:
        """Begin what is wanted or due, if nothing is being written. Milliseconds that the training thread spent."""
        self._look_at_clock(iteration, settings)
        if not self._wanted or self._thread.is_busy:
            return 0.0
        began = time.perf_counter()
        self._begin(self._wanted.pop(0), standing())
        return (time.perf_counter() - began) * 1000

    def at_once(self, name: str, standing: Standing) -> None:
        """Take a backup of what stands now, before anything else happens; only what is being written is waited for."""
        self._thread.wait()
        self._begin(Wanted(name), standing)

    def finish(self, standing: Standing) -> bool:
        """Write everything that is wanted, and what was trained since the last save. False when the disk refused."""
        self._thread.wait()
        # A run that stood still since its last save has nothing new: stopping it again must be quick.
        if self._saved_iteration != standing.iteration and not self._wanted:
            self.want()
        while self._wanted:
            self._begin(self._wanted.pop(0), standing)
            self._thread.wait()
        return self._saved_iteration == standing.iteration

    def close(self) -> None:
        """End the thread after what it writes."""
        self._thread.close()

    def _look_at_clock(self, iteration: int, settings: Mapping[str, Value]) -> None:
        now_s = time.monotonic()
        if now_s - self._last_s < float(settings["save_minutes"]) * 60:
            return
        self._last_s = now_s
        if iteration != self._saved_iteration:
            self.want(self._backup_due(iteration, settings))

    def _backup_due(self, iteration: int, settings: Mapping[str, Value]) -> str:
        """The name of the backup that the clock wants now, or ""."""
        hours, session = int(settings["backup_hours"]), str(settings["session_name"])
        if not hours or time.time() - self._automatic_s < hours * HOUR_S:
            return ""
        # Set when it is wanted: a disk that refuses must not be asked again at each boundary.
        self._automatic_s = time.time()
        return f"{AUTOMATIC}{iteration}{session and '-'}{session}"

    def _begin(self, wanted: Wanted, standing: Standing) -> None:
        self._last_s = time.monotonic()
        taken = self._snapshot.take()
        self._thread.start(lambda: self._write(wanted, standing, taken))

    # --- the writer's thread ------------------------------------------------------------------------------------------
    def _write(self, wanted: Wanted, standing: Standing, taken: Taken) -> None:
        began = time.perf_counter()
        try:
            metrics = self._sync_metrics()  # rows first: a generation must never be ahead of its metrics
            saved = self._generations.save(NewGeneration(
                standing.iteration, standing.life, standing.position, metrics, taken.blocks, time.time(), wanted.name,
                standing.extra))
        except DflTuiError as error:
            self._refused(error, wanted)
            return
        self._snapshot.written(taken, saved.generation.blocks)
        self._saved_iteration = standing.iteration
        seconds = time.perf_counter() - began
        log.info("generation=%d iteration=%d bytes=%d seconds=%.2f", saved.generation.number, standing.iteration,
                 saved.bytes_written, seconds)
        for ref in wanted.answered:
            self._say(Saved(saved.generation.number, standing.iteration, wanted.name, saved.bytes_written, seconds,
                            ref))
        self._collect(standing)

    def _refused(self, error: DflTuiError, wanted: Wanted) -> None:
        log.error("save failed error=%s", error)
        self._snapshot.forget()
        missing = error.missing_bytes if isinstance(error, DiskFullError) else 0
        for ref in wanted.answered:
            self._say(NotSaved(str(error), missing, ref))

    def _collect(self, standing: Standing) -> None:
        try:
            collected = self._generations.collect(keep_of(standing.settings), now_s=time.time(),
                                                  line=line_of(standing.events))
        except DflTuiError as error:
            self._warn("disk", f"old saves could not be removed: {error}")
            return
        if collected.thinned:
            numbers = ", ".join(str(n) for n in collected.thinned)
            self._warn("disk", f"for disk_budget_gb these old saves keep their weights only now: {numbers}")
        over = collected.over_budget_bytes
        if over and not self._over_budget_said:
            self._warn("disk", f"the saves that must be kept exceed disk_budget_gb by {over / 1e9:.2f} GB: raise it, "
                               "or remove backups that are not needed")
        self._over_budget_said = over
