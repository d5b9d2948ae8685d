"""What a console costs: bytes to the terminal, CPU and memory on a run that trains; the first frame on a long history.

    python -m benchmarks.console [--seconds 60] [--rounds 9] [--history 1000000]

Times are compared with a bare Textual app that is started in turn with the console; the pty takes every byte at once.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from benchmarks.figure import Figure, report
from benchmarks.history import give_history
from benchmarks.live_run import LiveRun, live_run
from benchmarks.terminal import BARE_APP, Terminal
from core.events.act import SetValues
from core.settings.kind import Value

# Fast with its first batch; `slow_down` then takes the batch with which this machine, as busy as it is, does 5 it/s.
SMALL: Mapping[str, Value] = {
    "resolution": 64, "ae_dims": 32, "e_dims": 8, "d_dims": 8, "d_mask_dims": 4, "batch_size": 2,
    "preview_every": 100, "preview_faces": 4, "save_minutes": 1.0}
AIM = 5.0                   # iterations a second, for which the budget of bytes is stated
SIZES = ((120, 40), (80, 24))
TRUE_COLOUR = {"COLORTERM": "truecolor"}
CURVE = "⣀".encode()        # the chart's curves are braille, and nothing else on the screen is
SETTLE_S = 5.0              # after the start: first frame, history, first preview
KB, MB = 1000.0, 1e6


def traffic(run: LiveRun, seconds: float) -> Iterator[Figure]:
    """Bytes, CPU and memory of consoles of both sizes, one after the other, on a run that trains."""
    for columns, rows in SIZES:
        terminal = Terminal(run.command("attach", run.place.name), columns=columns, rows=rows, env=TRUE_COLOUR)
        try:
            terminal.first_frame()
            terminal.watch(SETTLE_S)
            before, cpu_s, iteration = len(terminal.output), terminal.cpu_seconds(), run.iteration
            terminal.watch(seconds)
            size = f"{columns}x{rows}"
            yield Figure(f"{size}: rate of the run", (run.iteration - iteration) / seconds, "it/s")
            yield Figure(f"{size}: to the terminal", (len(terminal.output) - before) / seconds / KB, "kB/s", 16)
            yield Figure(f"{size}: CPU", 100 * (terminal.cpu_seconds() - cpu_s) / seconds, "%", 5)
            yield Figure(f"{size}: memory", terminal.rss() / MB, "MB", 120)
        finally:
            terminal.close()


def slow_down(run: LiveRun, seconds: float = 10.0) -> None:
    """Give the run the batch with which it does about AIM iterations a second: a step's cost grows with its batch."""
    watcher = run.watcher()
    before = run.iteration
    watcher.listen(seconds)
    rate = (run.iteration - before) / seconds
    watcher.take_lease()
    watcher.command(SetValues({"batch_size": max(2, round(int(SMALL["batch_size"]) * rate / AIM))}))


def first_frame(run: LiveRun, rounds: int) -> Iterator[Figure]:
    """Time to the first frame against a bare app's, and until the curves of the whole history are drawn."""
    bare, ours, whole = [], [], []
    for _ in range(rounds):
        bare.append(started([sys.executable, "-c", BARE_APP], until=b"")[0])
        frame, curves = started(run.command("attach", run.place.name), until=CURVE)
        ours.append(frame)
        whole.append(curves - frame)
    yield Figure("first frame of a bare Textual app", median(bare), "s")
    yield Figure(f"first frame of the console, {run.iteration:,} iterations", median(ours), "s")
    yield Figure("first frame, times the bare app's", median(ours) / median(bare), "", 1.3)
    yield Figure("full history after the first frame", median(whole), "s", 0.5)


def started(command: Sequence[str], *, until: bytes) -> tuple[float, float]:
    """Seconds from the start to the first frame, and to the bytes `until`."""
    terminal = Terminal(command, columns=120, rows=40, env=TRUE_COLOUR)
    try:
        frame = terminal.first_frame()
        return frame, max(frame, terminal.watch(10.0, until=until)) if until else frame
    finally:
        terminal.close()


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a budget is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each measurement on a live run")
    parser.add_argument("--rounds", type=int, default=9, help="starts of the console and of the bare app")
    parser.add_argument("--history", type=int, default=1_000_000, help="iterations of the long run")
    asked = parser.parse_args(words)
    figures: list[Figure] = []
    with live_run() as run:
        give_history(run, asked.history)
        run.ensure(park=True)
        figures += first_frame(run, asked.rounds)
    with live_run(SMALL) as run:
        run.ensure()
        run.train(20)
        slow_down(run)
        figures += traffic(run, asked.seconds)
    return report(figures)


if __name__ == "__main__":
    sys.exit(main())
