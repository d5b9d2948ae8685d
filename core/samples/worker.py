"""A sample worker: `python -P -m core.samples.worker SOCKET RING OPENING`, three descriptors, started by `crew`.

Does jobs in the order they come and says so; ends when the trainer's end of the socket is closed, by whatever means.
Signals to the group are the trainer's business: it may still need samples to finish an iteration before it saves.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection

import cv2

from core.samples.error import SampleError
from core.samples.job import Done, Going, Job, Opening
from core.samples.ring import Ring, opened_object
from core.samples.sample import SideMaker

SAY_S = 5.0          # a job that takes longer is no sign of being stuck, as long as samples get ready

_log = logging.getLogger(__name__)


def main(arguments: list[str]) -> None:
    """Serve one trainer until it goes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    cv2.setNumThreads(1)
    socket, ring, opening = map(int, arguments)
    with Connection(socket) as trainer:
        worker = _Worker(trainer, Ring(ring), opened_object(opening))
        os.close(opening)
        with suppress(EOFError, OSError):          # the trainer has gone
            while True:
                trainer.send(worker.do(trainer.recv()))


class _Worker:
    def __init__(self, trainer: Connection, ring: Ring, opening: Opening) -> None:
        self._trainer, self._ring = trainer, ring
        self._spoke_s = time.monotonic()
        src, dst = opening.src.open(), opening.dst.open()
        src_yaw, dst_yaw = opening.yaws or (None, None)
        self._src = SideMaker(src, seed=opening.seed, side="src", yaw=src_yaw, partners=dst)
        self._dst = SideMaker(dst, seed=opening.seed, side="dst", yaw=dst_yaw)

    def do(self, job: Job) -> Done:
        """Make a share of a batch. A mistake of ours ends the job, not the worker: its trainer decides."""
        try:
            return Done(job.number, tuple(self._make(job)))
        except SampleError as error:
            return Done(job.number, failure=str(error))
        except Exception as error:
            _log.exception("job %d failed", job.number)
            return Done(job.number, failure=f"a sample worker failed ({type(error).__name__}: {error})")

    def _make(self, job: Job) -> Iterator[str]:
        options = job.request.options
        memory = self._ring.room(job.layout.slot_bytes * (job.ring_slot + 1))
        sides = job.layout.sides(memory, job.ring_slot, has_eyes_mouth=options.eyes or options.mouth)
        for maker, slots, side in zip((self._src, self._dst), job.shares(), sides, strict=True):
            for problem in maker.make(job.request, slots, side):
                if problem:
                    yield problem
                if self._ring.cancelled >= job.number:
                    return
                self._say_going()

    def _say_going(self) -> None:
        if time.monotonic() - self._spoke_s > SAY_S:
            self._trainer.send(Going())
            self._spoke_s = time.monotonic()


if __name__ == "__main__":
    main(sys.argv[1:])
