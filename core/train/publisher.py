"""Metric rows and signs of life, away from the training thread: it leaves a row in a queue, a thread does the rest.

Rows go to the run's metric segments and, smoothed, to the supervisor. A disk or a supervisor that stands still delays
neither training nor each other: rows wait here, and of beats only the newest is kept. On a GPU the numbers of a step
are read here, so that the training thread never waits for the device.
"""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

from core.events.reading import WatchNews
from core.settings.error import DflTuiError
from core.store.manifest import MetricPosition
from core.store.metric import MetricWriter
from core.store.metric_reader import MetricReader
from core.store.segment import Column
from core.store.smoothed import SMOOTH_ITERATIONS, Smoothed, smoothed_series
from core.train.reading_rows import ReadingRows
from core.train.step import StepNumbers, read_numbers
from core.wire.trainer_record import Beat

COLUMNS = (Column("iteration", ""), Column("life", ""), Column("src", ""), Column("dst", ""), Column("masks", ""),
           Column("lr", ""), Column("data_ms", "ms"), Column("compute_ms", "ms"), Column("save_ms", "ms"),
           Column("total_ms", "ms"), Column("time", "s"),
           # of the likeness reading after this iteration, NaN where none was taken
           Column("likeness", ""), Column("likeness_low", ""), Column("likeness_high", ""), Column("distance", ""),
           # what the judges believe of real and drawn pictures and codes; NaN where they do not learn
           Column("d_real", ""), Column("d_fake", ""), Column("code_real", ""), Column("code_fake", ""),
           # of fp16: what its loss was multiplied with, NaN in other precisions; of any: 1 where a step was not applied
           Column("loss_scale", ""), Column("skipped", ""))
NO_READING = (math.nan, math.nan, math.nan, math.nan)
MAX_WAITING_ROWS = 20_000       # a disk that stands still for an hour at 5 it/s; more rows are given up, and said
BEAT_S = 0.2                    # at most 5 beats a second
REPEAT_S = 30.0                 # a beat at least so often: the supervisor takes 60 s of silence for a sign
PACE_ITERATIONS = 20

log = logging.getLogger(__name__)


# One iteration: completed iterations (this one included), lr, milliseconds of data, computing, saving and in all, Unix
# seconds, and StepResult.numbers, (11,), on the device. A plain tuple: to make a named one costs the training thread
# 10 us more, a fifth of what it may spend.
Row = tuple[int, float, float, float, float, float, float, Tensor]


class Listeners(NamedTuple):
    """Whom the publisher tells: a beat to send, each step's outcome (iteration, numbers), a sentence about the disk."""

    beat: Callable[[Beat], None]
    outcome: Callable[[int, StepNumbers], None]
    trouble: Callable[[str], None]


class Publisher:
    """Owns the metric segments of the run and a thread. `put` is for the training thread, `sync` for any.

    replaying_to: the journal's last iteration, up to which what is trained was trained before. beside: readings in
    full, which go to the disk with the rows.
    """

    def __init__(self, folder: Path, life: int, tell: Listeners, *, replaying_to: int = 0,
                 beside: ReadingRows | None = None) -> None:
        self._beside = beside
        self._life = life
        self._replaying_to = replaying_to
        self._tell = tell
        self._rows: deque[Row] = deque()
        self._readings: dict[int, Sequence[float]] = {}     # of rows that wait, by iteration
        self._news: WatchNews | None = None
        self._lost = 0
        self._writing = threading.Lock()
        self._writer = MetricWriter(folder, COLUMNS)
        self._folder = folder
        self._means: list[Smoothed] | None = None   # of src and dst; from the rows before the first one
        self._pace_ms = Smoothed(PACE_ITERATIONS)
        self._beat: Beat | None = None
        self._is_troubled = False
        self._error: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def put(self, row: Row) -> None:
        """Leave a row. Never waits. Raises what ended the thread, which is a mistake of the program."""
        if self._error is not None:
            raise self._error
        if len(self._rows) < MAX_WAITING_ROWS:
            self._rows.append(row)
        else:
            self._lost += 1

    def watched(self, iteration: int, reading: Sequence[float] | None, news: WatchNews) -> None:
        """What was read after `iteration`, whose row is put next: likeness, its interval, distance; and the news."""
        if reading is not None:
            self._readings[iteration] = reading
        self._news = news

    def sync(self) -> MetricPosition:
        """Make all rows that were put so far durable. Raises StoreError; then no generation may be saved."""
        with self._writing:
            self._write_rows()
            if self._beside is not None:
                self._beside.sync()
            return self._writer.sync()

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._stop.set()
        self._thread.join()
        with self._writing:
            try:
                self._write_rows()
                self._writer.close()
            except DflTuiError as error:
                log.error("metrics=unwritten error=%s", error)
            if self._beside is not None:
                self._beside.close()

    def _run(self) -> None:
        try:
            self._publish_until_stopped()
        except Exception as error:  # a worker's main: the trainer fails, not a thread that nobody sees
            self._error = error

    def _publish_until_stopped(self) -> None:
        last_s = 0.0
        while not self._stop.wait(BEAT_S):
            has_news = self._publish()
            now_s = time.monotonic()
            if self._beat is not None and (has_news or now_s - last_s > REPEAT_S):
                last_s = now_s
                self._tell.beat(self._beat)

    def _publish(self) -> bool:
        """Write what waits; whether something did. A disk in trouble is told of once, until it is well again."""
        with self._writing:
            if not self._rows and not self._is_troubled:
                return False
            try:
                self._write_rows()
                if self._beside is not None:
                    self._beside.write()
                self._is_troubled = False
            except DflTuiError as error:
                if not self._is_troubled:
                    self._tell.trouble(str(error))
                self._is_troubled = True
        return True

    def _write_rows(self) -> None:
        """Hand all waiting rows to the segment writer, which keeps them when the disk refuses. Holds the lock."""
        rows = [self._rows.popleft() for _ in range(len(self._rows))]
        if self._lost:
            lost, self._lost = self._lost, 0
            self._tell.trouble(f"{lost:,} metric rows are lost: the disk stood still for too long")
        written = []
        for row in rows:
            iteration, lr, data_ms, compute_ms, save_ms, total_ms, at, numbers = row
            told = read_numbers(numbers)    # waits for a GPU, here and not in training
            self._note(row, told.src, told.dst, told.masks)
            self._tell.outcome(iteration, told)
            written.append((iteration, self._life, told.src, told.dst, told.masks, lr, data_ms, compute_ms, save_ms,
                            total_ms, at, *self._readings.pop(iteration, NO_READING), told.d_real, told.d_fake,
                            told.code_real, told.code_fake, told.loss_scale, float(not told.applied)))
        self._writer.append(np.array(written, np.float64).reshape(-1, len(COLUMNS)))

    def _note(self, row: Row, src: float, dst: float, masks: float) -> None:
        iteration, lr, data_ms, compute_ms, save_ms, total_ms, _, _ = row
        if self._means is None:
            self._means = self._means_before(iteration)
        mean_src, mean_dst = self._means
        mean_src.add(src)
        mean_dst.add(dst)
        self._pace_ms.add(total_ms)
        self._beat = Beat(iteration, self._life, 1000.0 / max(self._pace_ms.value, 1e-3), data_ms, compute_ms, save_ms,
                          lr, src, dst, mean_src.value, mean_dst.value, masks,
                          self._replaying_to if iteration < self._replaying_to else 0, self._news)

    def _means_before(self, iteration: int) -> list[Smoothed]:
        """The smoothed losses as the trainer before this one left them."""
        try:
            return smoothed_series(MetricReader(self._folder), ("src", "dst"), iteration - 1)
        except DflTuiError as error:    # a number for the eye is no reason to lose the rows at hand
            log.warning("smoothed_losses=anew error=%s", error)
            return [Smoothed(SMOOTH_ITERATIONS), Smoothed(SMOOTH_ITERATIONS)]
