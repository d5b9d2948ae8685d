"""What a console that stands still costs the others: the trainer, the supervisor, a second console.

    python -m benchmarks.slow_console [--seconds 60]

A real console is stopped with SIGSTOP, and a client that asked for much never reads; meters inside trainer and
supervisor (benchmarks/metered.py) tell what they spend and keep. Both children keep their memory from before.
"""

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import psutil

from benchmarks.figure import Figure, report
from benchmarks.live_run import LiveRun, Watcher, live_run
from benchmarks.metered import OURS, PENDING, PUBLISH, VARIABLE
from benchmarks.survive import a_console
from core.settings.error import WireError
from core.store.metric_reader import MetricReader
from core.wire.console_record import AskHistory
from core.wire.limits import MIB

SETTLE_ITERATIONS = 200     # after which torch has all the memory that it takes
QUESTIONS = 24              # of a client that never reads; an answer is 300 kB
BUCKETS = 4096
PUBLISH_US = 50.0
STALE_S = 1.0
GROWTH_MB = 16.0            # the queue of the client that never reads (1 MiB), freed pages that malloc keeps


def slow_console(seconds: float) -> list[Figure]:
    """Both kinds of standing still for so long, on a run that trains."""
    with TemporaryDirectory(prefix="dfl-meter-") as meter:
        os.environ[VARIABLE] = meter
        with live_run(supervisor=[*OURS, "supervise"]) as run:
            run.ensure()
            run.train(SETTLE_ITERATIONS)
            return list(figures(run, Path(meter), seconds))


def figures(run: LiveRun, meter: Path, seconds: float) -> Iterator[Figure]:
    """Stop a console and look."""
    second = run.watcher("second")
    with a_console(run) as terminal:
        second.listen(2.0)
        before = memory(run)
        first = run.iteration
        os.kill(terminal.pid, signal.SIGSTOP)
        with deaf_client(run):
            second.heard.clear()
            second.listen(seconds)
        last = run.iteration
        after = memory(run)
        os.kill(terminal.pid, signal.SIGCONT)
    spent_us = np.fromfile(meter / PUBLISH)[first:last] / 1000
    stale = staleness(second, run)
    yield Figure("iterations while a console stood still", last - first, "")
    yield Figure("thread time of publishing an iteration, median", float(np.median(spent_us)), "µs")
    yield Figure("thread time of publishing an iteration, p99", float(np.percentile(spent_us, 99)), "µs", PUBLISH_US)
    yield Figure("most bytes pending for a client", int((meter / PENDING).read_text()) / MIB, "MiB", 1.0)
    for who, grown in zip(("supervisor", "trainer"), after - before, strict=True):
        yield Figure(f"memory that the {who} took meanwhile", float(grown) / 1e6, "MB", GROWTH_MB)
    iteration_s = seconds / max(1, last - first)
    yield Figure("ticks of a second console meanwhile", len(stale), "")
    yield Figure("age of a second console's data, median", float(np.median(stale)), "s")
    yield Figure("age of a second console's data, longest", float(stale.max()), "s", max(STALE_S, iteration_s))


@contextmanager
def deaf_client(run: LiveRun) -> Iterator[None]:
    """A client that asks for more than its queue holds, and reads nothing."""
    client = run.watcher("deaf")
    series = ["src", "dst", "masks", "lr"]
    with suppress(WireError):   # closed already
        for number in range(1, QUESTIONS + 1):
            client.channel.send(AskHistory(number, series, 0, None, BUCKETS))
    yield


def memory(run: LiveRun) -> npt.NDArray[np.int64]:
    """Resident bytes of supervisor and trainer."""
    return np.array([psutil.Process(pid).memory_info().rss for pid in (run.supervisor, run.trainer)])


def staleness(watcher: Watcher, run: LiveRun) -> npt.NDArray[np.float64]:
    """How old the data of that console was just before each tick: seconds since the first iteration that it did not
    know was completed, 0 where there was none."""
    reader = MetricReader(run.folder.metrics)
    column = [c.name for c in reader.columns].index("time")
    rows = reader.rows(0, sys.maxsize)
    completed = rows[:, column]
    ages = []
    for (_, known), (came, _) in pairwise(watcher.ticks):
        unknown = int(np.searchsorted(rows[:, 0], known.iteration, side="right"))
        ages.append(max(0.0, came - completed[unknown]) if unknown < len(completed) else 0.0)
    return np.array(ages)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a budget is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_console", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the console stands still")
    return report(slow_console(parser.parse_args(words).seconds))


if __name__ == "__main__":
    sys.exit(main())
