"""Likeness readings in full, one value a probe, in segments beside the metrics: for comparisons of the same faces.

A row is left by the training thread and written by the publisher's. How many columns there are follows from the scale,
so a segment begins with it.
"""

import logging
import threading
from collections import deque
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.settings.error import DflTuiError
from core.store.metric import MetricWriter
from core.store.segment import ITERATION, LIFE, Column

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]


class ReadingRows:
    """The readings of one life of a trainer. `put` is for the training thread."""

    def __init__(self, folder: Path, life: int) -> None:
        self._folder = folder
        self._life = life
        self._waiting: deque[tuple[int, Floats]] = deque()
        self._writing = threading.Lock()
        self._writer: MetricWriter | None = None
        self._count = 0

    def put(self, iteration: int, distances: Floats) -> None:
        """Leave the distance of each probe to the source after `iteration`. Never waits."""
        self._waiting.append((iteration, distances))

    def write(self) -> None:
        """Give the disk what waits. Raises StoreError with the rows kept."""
        with self._writing:
            self._write()

    def sync(self) -> None:
        """Make all that was put durable: before a generation that has seen it. Raises StoreError."""
        with self._writing:
            self._write()
            if self._writer is not None:
                self._writer.sync()

    def close(self) -> None:
        """Write what is left."""
        try:
            self.sync()
            if self._writer is not None:
                self._writer.close()
        except DflTuiError as error:
            log.error("readings=unwritten error=%s", error)

    def _write(self) -> None:
        while self._waiting:
            iteration, distances = self._waiting[0]
            if self._writer is None or self._count != len(distances):
                if self._writer is not None:
                    self._writer.close()
                self._count = len(distances)
                self._writer = MetricWriter(self._folder, columns_of(self._count))
            self._waiting.popleft()
            self._writer.append(np.array([[iteration, self._life, *distances]]))
        if self._writer is not None:
            self._writer.append(np.empty((0, self._count + 2)))     # what a full disk did not take


def columns_of(probes: int) -> list[Column]:
    """Iteration, life, and the distance of each probe in order of the scale."""
    return [ITERATION, LIFE, *(Column(f"probe_{i}") for i in range(probes))]
