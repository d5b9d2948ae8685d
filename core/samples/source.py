"""Batches for the trainer: made ahead by workers, or in place. The bits depend on the request alone.

A batch is `Request` -> arrays; how many processes made it, what was asked before and who died on the way cannot be seen
in it (facts/training.md 6).
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from core.faces.cache import FaceCache
from core.samples.ahead import Ahead
from core.samples.crew import STALL_S
from core.samples.error import SampleError
from core.samples.job import Opening
from core.samples.planes import Batch, Layout, Side
from core.samples.request import Pick, Request, SampleOptions
from core.samples.sample import SideMaker
from core.samples.share import WHOLE, Share

Yaws = tuple[NDArray[np.float32], NDArray[np.float32]]      # of src and of dst

MOST_WORKERS = 8      # that -1 chooses at most: a worker makes 300 (256 px) to 1,000 (128 px) samples a second


def worker_count(setting: int) -> int:
    """What the setting `workers` means here: -1 leaves one core to the trainer."""
    if setting >= 0:
        return setting
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores - 1, MOST_WORKERS))


class SampleSource:
    """Makes batches of both people with `workers` processes, 0 for none. Not for two threads; a context manager.

    A worker that makes no sample for `stall_s` seconds (above `worker.SAY_S`) is replaced. share: which slots of each
    batch are made and given, where several ranks train together.
    """

    def __init__(self, src: FaceCache, dst: FaceCache, *, seed: int, workers: int, yaws: Yaws | None = None,
                 stall_s: float = STALL_S, share: Share = WHOLE) -> None:
        openings = src.opening(), dst.opening()
        self._side_px = openings[0].side_px
        if openings[1].side_px != self._side_px:
            raise ValueError(f"src crops have {self._side_px} px and dst crops {openings[1].side_px}")
        self._has_yaw = yaws is not None
        self._share = share
        self._said: set[str] = set()
        src_yaw, dst_yaw = yaws or (None, None)
        self._in_place = _InPlace(SideMaker(src, seed=seed, side="src", yaw=src_yaw, partners=dst),
                                  SideMaker(dst, seed=seed, side="dst", yaw=dst_yaw))
        self._maker: Ahead | _InPlace = self._in_place
        if workers:
            self._maker = Ahead(Opening(*openings, seed, yaws), workers, stall_s)
        else:
            cv2.setNumThreads(1)

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
            raise SampleError("uniform_yaw is on, but the yaw of the faces was not computed: restart the trainer")
        request = Request(life, iteration, drawn_src, drawn_dst, options, self._share)
        made = self._maker.make(request, Layout(options.batch_size, self._side_px))
        return self._with_news(replace(made, src=made.src.of(self._share), dst=made.dst.of(self._share)))

    def again(self, picks: tuple[Sequence[Pick], Sequence[Pick]], options: SampleOptions) -> Batch:
        """Samples of src and dst that were made before, as many of each, once more and with the target as input; of
        the picks of a whole batch, our share.

        Made in the caller's thread, while the workers go on with what comes after. Errors as `batch`.
        """
        src, dst = ([side[slot] for slot in self._share.slots(len(side))] for side in picks)
        return self._with_news(self._in_place.make_again((src, dst), options, Layout(len(src), self._side_px)))

    def _with_news(self, made: Batch) -> Batch:
        """The batch with those of its problems that were not said yet."""
        news = tuple(dict.fromkeys(problem for problem in made.problems if problem not in self._said))
        self._said.update(news)
        return Batch(made.src, made.dst, news, made.restarts)

    def close(self) -> None:
        """End the workers and give the memory back. A second call does nothing."""
        self._maker.close()
        self._in_place.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _InPlace:
    """Makes each batch when it is asked for, in the caller's thread."""

    process_ids: tuple[int, ...] = ()

    def __init__(self, src: SideMaker, dst: SideMaker) -> None:
        self._makers = src, dst
        self._memory = memoryview(b"")

    def make(self, request: Request, layout: Layout) -> Batch:
        """The batch, in memory that the next one overwrites."""
        slots = request.share.slots(request.options.batch_size)
        sides = self._sides(request.options, layout)
        return _made(sides, [maker.make(request, slots, side) for maker, side in zip(self._makers, sides, strict=True)])

    def make_again(self, picks: tuple[Sequence[Pick], Sequence[Pick]], options: SampleOptions,
                   layout: Layout) -> Batch:
        """The same of samples that were made before."""
        sides = self._sides(options, layout)
        return _made(sides, [maker.make_again(one, options, side)
                             for maker, one, side in zip(self._makers, picks, sides, strict=True)])

    def _sides(self, options: SampleOptions, layout: Layout) -> tuple[Side, Side]:
        if self._memory.nbytes < layout.slot_bytes:
            self._memory = memoryview(bytearray(layout.slot_bytes))
        return layout.sides(self._memory, 0, has_eyes_mouth=options.eyes or options.mouth)

    def close(self) -> None:
        self._memory = memoryview(b"")


def _made(sides: tuple[Side, Side], makers: list[Iterable[str]]) -> Batch:
    """Run the makers to their end."""
    return Batch(*sides, tuple(problem for maker in makers for problem in maker if problem))
