"""Copies of the metrics in other formats, live: metrics.csv and tensorboard/ in the run folder.

A thread of its own follows the metric segments, which are the truth; neither the training thread nor the publisher
knows of it. What a disk or a missing package refuses is said once and tried again: training goes on.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from core.settings.error import DflTuiError
from core.settings.kind import Value
from core.store.folder import RunFolder
from core.store.metric_copy import MetricCopy
from core.store.metric_csv import Csv, columns_of
from core.store.metric_events import EventFiles
from core.store.metric_reader import MetricReader, Piece

LOOK_S = 2.0        # a person who follows the file in a spreadsheet or in TensorBoard looks no oftener
# A run of a million rows that is copied for the first time is minutes behind: whoever stops it must not wait for that.
# The next start goes on.
END_S = 2.0

log = logging.getLogger(__name__)


class Follower(Protocol):
    """Something that is kept equal to the rows."""

    def follow(self, reader: MetricReader, pieces: list[Piece]) -> bool:
        """Write what is missing; whether nothing is left. Raises StoreError."""

    def close(self) -> None:
        """Leave its files."""


class CsvFollower:
    """metrics.csv, with the columns of the newest rows."""

    def __init__(self, folder: RunFolder) -> None:
        self._path = folder.metrics_csv
        self._columns: tuple[str, ...] = ()
        self._copy: MetricCopy | None = None

    def follow(self, reader: MetricReader, pieces: list[Piece]) -> bool:
        """Write what is missing; other columns than before begin the file anew."""
        if self._copy is None or columns_of(pieces) != self._columns:
            self.close()
            self._columns = columns_of(pieces)
            self._copy = MetricCopy(self._path, Csv(self._columns))
        return self._copy.follow(reader, pieces)

    def close(self) -> None:
        """Leave the file."""
        if self._copy is not None:
            self._copy.close()
        self._copy = None


class Copies:
    """Follows the metrics of a run as `settings` ask. `warn` gets what and a sentence."""

    def __init__(self, folder: RunFolder, settings: Callable[[], Mapping[str, Value]],
                 warn: Callable[[str, str], None]) -> None:
        self._reader = MetricReader(folder.metrics)
        self._settings = settings
        self._warn = warn
        self._followers: dict[str, Follower] = {
            "write_csv": CsvFollower(folder), "write_tensorboard": EventFiles(folder.tensorboard)}
        self._troubled: dict[str, str] = {}     # the sentence that was said last
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="copies", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Copy what is left as far as END_S reaches, and end the thread. Call it when no more rows come."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.wait(LOOK_S):
                self._look()
            ends_s = time.monotonic() + END_S
            while not self._look() and time.monotonic() < ends_s:
                pass
        except Exception:  # a thread's main: copies are a convenience, and no reason to end a training
            log.exception("copies ended")
            self._warn("metrics", "metrics.csv and tensorboard/ are not written any more: see log/trainer.log")
        finally:
            for follower in self._followers.values():
                follower.close()

    def _look(self) -> bool:
        """Bring all up to date that are wanted; whether nothing is left that could be written."""
        settings, is_done = self._settings(), True
        for key, follower in self._followers.items():
            if settings[key]:
                is_done &= self._follow(key, follower)
            else:
                follower.close()
                self._troubled.pop(key, None)
        return is_done

    def _follow(self, key: str, follower: Follower) -> bool:
        try:
            pieces = self._reader.pieces()
            is_done = not pieces or follower.follow(self._reader, pieces)
            self._troubled.pop(key, None)
            return is_done
        except DflTuiError as error:
            if self._troubled.get(key) != str(error):
                self._warn("metrics", f"{key}: {error}")
            self._troubled[key] = str(error)
            return True
