"""What wire and metrics cost the training thread an iteration: its own CPU time, while nobody reads the pipe.

    python -m benchmarks.wire_cost [--iterations N] [--step-ms MS]

The supervisor's end of the pipe is open and never read, as when it is stopped with SIGSTOP. Between two measurements
the thread sleeps, as if a step were computed elsewhere, so that caches are as cold as after a step. Prints one JSON
line: microseconds an iteration (budget: 50 at p99), less what it costs to read the clock (the median of
empty measurements).
"""

import argparse
import json
import socket
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from core.events.event import Born, Consent, Event, FaceSetNote
from core.settings.registry import defaults
from core.train.boundary import Boundary
from core.train.course import Course
from core.train.pipe import Pipe
from core.train.publisher import Listeners, Publisher
from core.wire.channel import Channel
from core.wire.codec import ORDERS

NOBODY = Consent("synthetic", "synthetic", "benchmark")
NOTE = FaceSetNote("/faces", 1, "0")


class Nothing:
    """Errands of a boundary at which nothing is wanted."""

    def want_save(self, name: str, ref: int) -> None: ...
    def want_preview(self, ref: int) -> None: ...
    def attend(self) -> None: ...


def cost_us(iterations: int, step_s: float) -> np.ndarray:
    """Microseconds of the training thread, (iterations,): a boundary and a row."""
    ours, theirs = socket.socketpair()
    pipe = Pipe(Channel(theirs, ORDERS))
    course = Course([Event(1, 0, 0, 0.0, "person", Born("b", defaults(), NOTE, NOTE, NOBODY, NOBODY, "", ""))], 1)
    boundary = Boundary(pipe, course)
    numbers = torch.rand(9)
    spent, empty = np.zeros(iterations), np.zeros(iterations)
    with TemporaryDirectory() as folder, ours:
        publisher = Publisher(Path(folder), 0, Listeners(pipe.say, lambda *_: None, print))
        for iteration in range(iterations):
            began = time.thread_time()
            boundary.serve(iteration, Nothing())
            publisher.put((iteration + 1, 5e-5, 1.0, 2.0, 0.0, 3.0, time.time(), numbers))
            spent[iteration] = time.thread_time() - began
            time.sleep(step_s)
            began = time.thread_time()
            empty[iteration] = time.thread_time() - began
            time.sleep(step_s)
        publisher.close()
    return (spent - np.median(empty)) * 1e6


def main(arguments: list[str]) -> None:
    """The benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--step-ms", type=float, default=5.0)
    options = parser.parse_args(arguments)
    spent = cost_us(options.iterations, options.step_ms / 1000)
    p50, p99 = np.percentile(spent, (50, 99))
    print(json.dumps({"iterations": options.iterations, "us_median": round(float(p50), 1),
                      "us_p99": round(float(p99), 1), "us_max": round(float(spent.max()), 1), "budget_us_p99": 50}))


if __name__ == "__main__":
    main(sys.argv[1:])
