"""The trainer's end of the pipe to its supervisor: orders come in and reports go out on threads of their own.

The training thread never waits for the pipe: it takes orders from a queue and leaves reports in one. When the other
side is gone this says so once, as an order of its own, and swallows what is said after it: a broken pipe must never
lose a save.
"""

import logging
import threading
from collections import deque
from enum import Enum
from queue import Empty, SimpleQueue

from core.settings.error import WireError
from core.wire.channel import Channel
from core.wire.trainer_record import Beat, Finish, SupervisorOrder, TrainerReport

MAX_REPORTS = 10_000        # a supervisor that takes none of so many hangs: days of them
LAST_WORDS_S = 5.0          # for the reports that are left at the end

log = logging.getLogger(__name__)


class Ending(Enum):
    """Why training ends from outside."""

    FINISHED = "the supervisor asked for it"
    TERMINATED = "SIGTERM"
    ORPHANED = "the supervisor is gone"
    RANK_LOST = "another rank is gone"


class Pipe:
    """Orders and reports. `receive` is for one thread; any thread may `say`."""

    def __init__(self, channel: Channel[SupervisorOrder]) -> None:
        self._channel = channel
        self._orders: SimpleQueue[SupervisorOrder | Ending] = SimpleQueue()
        self._reports: deque[TrainerReport] = deque()
        self._beat: Beat | None = None
        self._is_closing = False
        self._is_gone = False
        self._has_reports = threading.Condition()
        self._is_released = False
        self._threads = [threading.Thread(target=target, name=name, daemon=True)
                         for target, name in ((self._read, "pipe-in"), (self._write, "pipe-out"))]
        for thread in self._threads:
            thread.start()

    @property
    def is_orphaned(self) -> bool:
        """The supervisor is gone without having said that it ends: also while a save that it asked for is written."""
        return self._is_gone and not self._is_released

    def end(self) -> None:
        """Have training end as after SIGTERM. Safe in a signal handler."""
        self._orders.put(Ending.TERMINATED)

    def lose_rank(self) -> None:
        """Have training end at the next boundary: a rank is gone. Any thread."""
        self._orders.put(Ending.RANK_LOST)

    def receive(self, timeout_s: float | None = 0.0) -> SupervisorOrder | Ending | None:
        """The next order; None when none came in time. `timeout_s` None waits until one comes."""
        try:
            return self._orders.get(timeout_s != 0.0, timeout_s)
        except Empty:
            return None

    def has_orders(self) -> bool:
        """Whether `receive` would return something now. Costs the training thread under a microsecond."""
        return not self._orders.empty()

    def say(self, report: TrainerReport) -> None:
        """Send a report after those before it; of beats only the newest. Never waits."""
        with self._has_reports:
            if self._is_gone:
                return
            if isinstance(report, Beat):
                self._beat = report
            else:
                self._reports.append(report)
            self._has_reports.notify()
            is_stuck = len(self._reports) > MAX_REPORTS
        if is_stuck:
            self._lose("the supervisor takes no reports")

    def close(self) -> None:
        """Send what is left, for at most LAST_WORDS_S, and close."""
        with self._has_reports:
            self._is_closing = True
            self._has_reports.notify()
        # The reader is not waited for: it sits in a read that only closing the channel ends.
        self._threads[1].join(LAST_WORDS_S)
        self._channel.close()

    def _read(self) -> None:
        try:
            while (order := self._channel.receive()) is not None:
                if isinstance(order, Finish):
                    self._is_released = self._is_released or order.is_final
                self._orders.put(order)
            why = "it closed the pipe"
        except (WireError, OSError, ValueError) as error:  # ValueError: the channel was closed by us
            why = str(error)
        if not self._is_closing:
            self._lose(why)

    def _write(self) -> None:
        while (report := self._next_report()) is not None:
            try:
                self._channel.send(report)
            except WireError as error:
                self._lose(str(error))
                return

    def _next_report(self) -> TrainerReport | None:
        with self._has_reports:
            while not (self._reports or self._beat or self._is_closing or self._is_gone):
                self._has_reports.wait()
            if self._is_gone:
                return None
            if self._reports:
                return self._reports.popleft()
            beat, self._beat = self._beat, None
            return beat

    def _lose(self, why: str) -> None:
        with self._has_reports:
            if self._is_gone:
                return
            self._is_gone = True
            self._has_reports.notify()
        log.warning("supervisor=gone why=%r", why)
        self._orders.put(Ending.ORPHANED)
