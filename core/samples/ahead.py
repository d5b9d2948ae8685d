"""Has workers make the batches that will be asked for next.

The request after the last one is guessed: nothing changes. A wrong guess is thrown away. Knows requests, memory and
the crew; what a sample is, only the workers know.
"""

import os
from collections import deque
from dataclasses import dataclass

from core.samples.crew import Crew
from core.samples.error import SampleError
from core.samples.job import Job, Opening
from core.samples.planes import Batch, Layout
from core.samples.request import Request
from core.samples.ring import Ring, shared_object

MOST_AHEAD = 3                           # batches: enough to ride out a slow sample, as the original has
MOST_AHEAD_BYTES = 256 * 1024 * 1024     # of memory for them; one is made ahead in any case


@dataclass(frozen=True, slots=True)
class _Planned:
    """A batch that workers are making: its number counts all batches of this source."""

    number: int
    request: Request


class Ahead:
    """Batches from `workers` processes. Not for two threads.

    Job number n writes slot n modulo the number of slots. There is one slot more than batches ahead: the one that the
    caller is still reading.
    """

    def __init__(self, opening: Opening, workers: int, stall_s: float) -> None:
        self._ring = Ring.new()
        self._opening = shared_object(opening)
        self._workers = workers
        self._crew: Crew | None = Crew(workers, ring=self._ring.descriptor, opening=self._opening, stall_s=stall_s)
        self._planned: deque[_Planned] = deque()
        self._sent = 0
        self._layout = Layout(1, 1)
        self._told_restarts = 0

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of the workers that live now."""
        return self._crew.process_ids if self._crew else ()

    @property
    def _slots(self) -> int:
        ahead = MOST_AHEAD_BYTES // self._layout.slot_bytes
        return 1 + max(1, min(ahead, MOST_AHEAD))

    def make(self, request: Request, layout: Layout) -> Batch:
        """The batch, ready; others are under way when this returns. SampleError as `SampleSource.batch`."""
        if self._crew is None:
            raise ValueError("the source is closed")
        if not self._planned or self._planned[0].request != request:
            self._drop(self._crew)
            self._layout = layout
            self._plan(self._crew, request)
        while len(self._planned) < self._slots:
            self._plan(self._crew, self._planned[-1].request.following())
        planned = self._planned.popleft()
        answers = self._crew.finish(planned.number)
        if failure := next((done.failure for done in answers if done.failure), ""):
            self._planned.clear()        # asked again, the same batch is tried again
            raise SampleError(failure)
        sides = layout.sides(self._memory(), planned.number % self._slots,
                             has_eyes_mouth=request.options.eyes or request.options.mouth)
        restarts, self._told_restarts = self._crew.restarts - self._told_restarts, self._crew.restarts
        return Batch(*sides, tuple(problem for done in answers for problem in done.problems), restarts)

    def _plan(self, crew: Crew, request: Request) -> None:
        self._memory()      # grows it, before a worker looks
        number, self._sent = self._sent + 1, self._sent + 1
        # Shares rotate, so that the one sample more of an odd share is not always the same worker's.
        crew.send([Job(number, request, self._layout, number % self._slots, (worker + number) % self._workers,
                       self._workers) for worker in range(self._workers)])
        self._planned.append(_Planned(number, request))

    def _drop(self, crew: Crew) -> None:
        """Wait until nobody writes any more: with another layout, a late sample would fall into a good one."""
        self._planned.clear()
        self._ring.cancelled = self._sent
        crew.finish(self._sent)

    def _memory(self) -> memoryview:
        return self._ring.room(self._layout.slot_bytes * self._slots)

    def close(self) -> None:
        """End the workers; the memory goes with the last array that looks into it."""
        if self._crew is not None:
            self._crew.close()
            self._crew = None
            self._ring.close()
            os.close(self._opening)
