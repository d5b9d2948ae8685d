"""Batches for the trainer: made ahead by workers, or in place. The bits depend on the request alone.

A batch is `Request` -> arrays; how many processes made it, what was asked before and who died on the way cannot be seen
in it (facts/training.md 6). The request after the last one is guessed (nothing changes) and made ahead; a wrong guess
is thrown away.
"""

import os
import pickle
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from core.faces.cache import FaceCache
from core.samples.crew import STALL_S, Crew
from core.samples.error import SampleError
from core.samples.job import Job, Opening
from core.samples.planes import Layout, Side
from core.samples.request import Request, SampleOptions
from core.samples.ring import Ring, shared_bytes
from core.samples.sample import SideMaker

MOST_AHEAD = 3                           # batches: enough to ride out a slow sample, as the original has
MOST_AHEAD_BYTES = 256 * 1024 * 1024     # of memory for them; one is made ahead in any case
MOST_WORKERS = 8                         # what "choose" chooses at most: a worker makes 300 to 1,000 samples a second


@dataclass(frozen=True, slots=True)
class Batch:
    """One iteration's samples. Arrays are valid until the next `SampleSource.batch` or `close`.

    `problems`: one sentence for each face that could not be read and was replaced by the next; each is said once.
    `restarts`: workers that died or hung since the batch before.
    """

    src: Side
    dst: Side
    problems: tuple[str, ...] = ()
    restarts: int = 0


def worker_count(setting: int) -> int:
    """What the setting `workers` means here: -1 leaves one core to the trainer."""
    if setting >= 0:
        return setting
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores - 1, MOST_WORKERS))


class SampleSource:
    """Makes batches of both people with `workers` processes, 0 for none. Not for two threads; a context manager.

    A worker that makes no sample for `stall_s` seconds is replaced.
    """

    def __init__(self, src: FaceCache, dst: FaceCache, *, seed: int, workers: int,
                 src_yaw: NDArray[np.float32] | None = None, dst_yaw: NDArray[np.float32] | None = None,
                 stall_s: float = STALL_S) -> None:
        openings = src.opening(), dst.opening()
        self._side_px = openings[0].side_px
        if openings[1].side_px != self._side_px:
            raise ValueError(f"src crops have {self._side_px} px and dst crops {openings[1].side_px}")
        self._has_yaw = src_yaw is not None and dst_yaw is not None
        self._said: set[str] = set()
        self._maker: _Ahead | _InPlace
        if workers:
            self._maker = _Ahead(Opening(*openings, seed, src_yaw, dst_yaw), workers, stall_s)
        else:
            cv2.setNumThreads(1)
            self._maker = _InPlace(SideMaker(src, seed=seed, side="src", yaw=src_yaw),
                                   SideMaker(dst, seed=seed, side="dst", yaw=dst_yaw))

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of the workers that live now."""
        return self._maker.process_ids

    def batch(self, *, life: int, iteration: int, drawn_src: int, drawn_dst: int, options: SampleOptions) -> Batch:
        """The samples of the step after `iteration` completed ones, in the given life.

        drawn_src, drawn_dst: faces of that side drawn before, since its epoch count began. Waits until they are made,
        with a deadline. SampleError: no face of a side can be read, workers die again and again, no memory,
        or uniform yaw is asked from a source without yaw.
        """
        if options.uniform_yaw and not self._has_yaw:
            raise SampleError("uniform_yaw is on and the yaw of the faces is not known: start the trainer again")
        request = Request(life, iteration, drawn_src, drawn_dst, options)
        made = self._maker.make(request, Layout(options.batch_size, self._side_px))
        news = tuple(dict.fromkeys(problem for problem in made.problems if problem not in self._said))
        self._said.update(news)
        return Batch(made.src, made.dst, news, made.restarts)

    def close(self) -> None:
        """End the workers and give the memory back. A second call does nothing."""
        self._maker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


class _InPlace:
    """Makes each batch when it is asked for, in the caller's thread."""

    process_ids: tuple[int, ...] = ()

    def __init__(self, src: SideMaker, dst: SideMaker) -> None:
        self._src, self._dst = src, dst
        self._memory = memoryview(b"")

    def make(self, request: Request, layout: Layout) -> Batch:
        if self._memory.nbytes < layout.slot_bytes:
            self._memory = memoryview(bytearray(layout.slot_bytes))
        options = request.options
        sides = layout.sides(self._memory, 0, has_eyes_mouth=options.eyes or options.mouth)
        slots = np.arange(options.batch_size)
        problems = [problem for maker, side in zip((self._src, self._dst), sides, strict=True)
                    for problem in maker.make(request, slots, side) if problem]
        return Batch(*sides, tuple(problems))

    def close(self) -> None:
        self._memory = memoryview(b"")


@dataclass(frozen=True, slots=True)
class _Planned:
    """A batch that workers are making: its number counts all batches of this source."""

    number: int
    request: Request


class _Ahead:
    """Has workers make the batches that will be asked for next.

    Job number n writes slot n modulo the number of slots. There is one slot more than batches ahead: the one that the
    caller is still reading.
    """

    def __init__(self, opening: Opening, workers: int, stall_s: float) -> None:
        self._ring = Ring.new()
        self._opening = shared_bytes(pickle.dumps(opening))
        self._workers = workers
        self._crew: Crew | None = Crew(workers, ring=self._ring.descriptor, opening=self._opening,
                                        stall_s=stall_s)
        self._planned: deque[_Planned] = deque()
        self._sent = 0
        self._layout = Layout(1, 1)
        self._told_restarts = 0

    @property
    def process_ids(self) -> tuple[int, ...]:
        return self._crew.process_ids if self._crew else ()

    @property
    def _slots(self) -> int:
        ahead = MOST_AHEAD_BYTES // self._layout.slot_bytes
        return 1 + max(1, min(ahead, MOST_AHEAD))

    def make(self, request: Request, layout: Layout) -> Batch:
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
        if self._crew is not None:
            self._crew.close()
            self._crew = None
            self._ring.close()
            os.close(self._opening)
