"""What a run outlives: consoles, terminals, tmux, hang-ups, supervisors. Each trial is a function, for tests as well.

    python -m benchmarks.survive [--kills 20] [--seconds 5]

Real processes on a tiny real run. Every trial checks the same in the end: each iteration has one metric row, events are
numbered without a gap, and nobody but the holder of the trainer's lock had a file of the run open for writing.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.figure import Figure, report
from benchmarks.live_run import LiveRun, Watcher, gaps, live_run, until
from benchmarks.terminal import Terminal
from core.events.act import SetValues
from core.events.event import Ended, SettingsChanged
from core.wire.console_record import AskHistory, Done, EventNews, History, LeaseNews, Refused, Tick

GOES_ON_S = 60.0        # from a death to the next new iteration
MORE = 20               # iterations that show that training goes on
LOOK_S = 0.03
TMUX_SIZE = ("-x", "120", "-y", "40")


# --- the trials: what dies -------------------------------------------------------------------------------------------
def console_is_killed(run: LiveRun) -> None:
    """kill -9 of the console process."""
    with a_console(run) as terminal:
        os.kill(terminal.pid, signal.SIGKILL)
        run.train(MORE)


def pty_is_closed(run: LiveRun) -> None:
    """The terminal is gone: the console must end too, and the training must not."""
    with a_console(run) as terminal:
        terminal.hang_up()
        until(terminal.has_ended, "the end of a console without a terminal")
        run.train(MORE)


def trainer_is_hung_up(run: LiveRun) -> None:
    """SIGHUP to trainer and supervisor, as a session that ends sends it."""
    for pid in (run.trainer, run.supervisor):
        assert pid is not None
        os.kill(pid, signal.SIGHUP)
    run.train(MORE)


def console_stays_stopped(run: LiveRun) -> None:
    """A console that is stopped for a while, with all of the terminal's buffers full behind it."""
    with a_console(run) as terminal:
        os.kill(terminal.pid, signal.SIGSTOP)
        run.train(MORE)
        os.kill(terminal.pid, signal.SIGCONT)


DEATHS: tuple[Callable[[LiveRun], None], ...] = (console_is_killed, pty_is_closed, trainer_is_hung_up,
                                                 console_stays_stopped)


def nothing_notices(run: LiveRun, death: Callable[[LiveRun], None]) -> None:
    """`death` happens to a run that trains: the same trainer trains on under the same supervisor."""
    run.ensure()
    run.train(MORE)
    before = run.supervisor, run.trainer
    death(run)
    assert (run.supervisor, run.trainer) == before, f"{death.__name__}: processes were replaced"
    assert_sound(run)


def tmux_is_stopped(run: LiveRun, how: str) -> None:
    """A run that was begun inside tmux, whose server ends ("kill-server") or is killed ("kill -9"), panes and all."""
    tmux = ["tmux", "-L", f"dfl-{os.getpid()}-{how[-1]}", "-f", "/dev/null"]
    subprocess.run([*tmux, "new-session", "-d", *TMUX_SIZE, *run.command("train", run.place.name)], check=True)
    try:
        until(lambda: run.iteration > MORE, "a run that was begun in tmux")
        before = run.supervisor, run.trainer
        server = int(subprocess.run([*tmux, "display", "-p", "#{pid}"], check=True, capture_output=True).stdout)
        if how == "kill-server":
            subprocess.run([*tmux, "kill-server"], check=True)
        else:
            os.kill(server, signal.SIGKILL)
        until(lambda: is_over(server), "the end of the tmux server")
        run.train(MORE)
        assert (run.supervisor, run.trainer) == before, "tmux took processes of the run with it"
        assert_sound(run)
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, stderr=subprocess.DEVNULL)


def is_over(pid: int) -> bool:
    """Gone, or a zombie: a container's first process may not reap those that have left their parents."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def supervisor_is_killed(run: LiveRun, kills: int) -> list[float]:
    """kill -9 of the supervisor and an attach at once, so many times. Seconds to the next iteration, each time."""
    run.ensure()
    run.train(MORE)
    seconds = []
    with one_writer(run):
        for _ in range(kills):
            supervisor, trainer = run.supervisor, run.trainer
            assert supervisor is not None
            assert trainer is not None
            os.kill(supervisor, signal.SIGKILL)
            began = time.monotonic()
            run.watcher("at once")
            seconds.append(goes_on(run, trainer) - began)
            assert run.supervisor not in (None, supervisor)
    assert_sound(run)
    ends = [e.body.cause for e in run.events if isinstance(e.body, Ended)]
    assert ends == ["supervisor"] * kills, ends
    return seconds


def goes_on(run: LiveRun, old_trainer: int) -> float:
    """When (monotonic) another trainer than the old one has trained an iteration. Raises TimeoutError."""
    until(lambda: run.trainer not in (None, old_trainer), "another trainer", GOES_ON_S)
    run.train(1, GOES_ON_S)
    return time.monotonic()


# --- several consoles ------------------------------------------------------------------------------------------------
def three_consoles(run: LiveRun) -> None:
    """One steers, the others see it: event, author, driver; they may not steer, until they take the lease."""
    run.ensure()
    run.train(1)
    anna, ben, carl = (run.watcher(name) for name in ("anna", "ben", "carl"))
    assert isinstance(anna.command(SetValues({"lr": 1e-4})), Done)
    for other in (ben, carl):
        news = other.hear(lambda m: isinstance(m, EventNews) and isinstance(m.event.body, SettingsChanged))
        assert isinstance(news, EventNews)
        assert news.event.author == "person:anna"
        assert any(isinstance(m, LeaseNews) and m.driver_label == "anna" for _, m in other.heard)
    assert isinstance(ben.command(SetValues({"lr": 2e-4})), Refused)
    ben.take_lease()
    assert isinstance(ben.command(SetValues({"lr": 2e-4})), Done)
    anna.hear(lambda m: isinstance(m, EventNews) and m.event.author == "person:ben")
    for each in (anna, ben, carl):
        at = run.iteration
        each.hear(lambda m, at=at: isinstance(m, Tick) and m.iteration > at)   # type: ignore[misc]
    assert_sound(run)


# --- what must be true after all of them -----------------------------------------------------------------------------
def assert_sound(run: LiveRun) -> None:
    """No gap and no double in rows and events, on disk and as a new console is told."""
    wrong = gaps(run.rows())
    assert not wrong, wrong
    numbers = [e.number for e in run.events]
    assert numbers == list(range(1, len(numbers) + 1)), numbers
    whole_history(run.watcher("afterwards"))


def whole_history(watcher: Watcher) -> None:
    """A new console is given the history from the first iteration on, bucket by bucket without a gap."""
    history = watcher.ask(lambda number: AskHistory(number, ["src"], 0, None, 4096))
    assert isinstance(history, History)
    iterations = np.frombuffer(history.series["src"].iteration, "<f8")
    width = -(-history.last // len(iterations))
    assert iterations[0] == 1, iterations[0]
    assert np.diff(iterations).max(initial=0) <= width, f"a gap in {len(iterations)} buckets of {width}"


@contextmanager
def one_writer(run: LiveRun) -> Iterator[None]:
    """Look all the time who has files of the run open for writing; raises where it was another than the lock's holder.

    Reads /proc, so it looks at nothing on other systems. A look takes two readings of the lock: a process that writes
    must have been its holder before or after.
    """
    stop, wrong = threading.Event(), []

    def look() -> None:
        while not stop.wait(LOOK_S):
            before = run.trainer
            writers = set(writing(run.folder.path))
            if len(writers) > 1:    # one may have ended while the list was made: two at once are there again
                writers &= set(writing(run.folder.path))
            others = writers - {before, run.trainer}
            if others or len(writers) > 1:
                wrong.append(f"{sorted(writers)} write, the lock is held by {before}")

    thread = threading.Thread(target=look, name="one-writer")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert not wrong, wrong[:3]


def writing(folder: Path) -> Iterator[int]:
    """Processes other than this one with a metric, blob or generation file of the run open for writing."""
    parts = tuple(f"{folder}/{part}/" for part in ("metrics", "blobs", "gens"))
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if b"core.train.main" not in (entry / "cmdline").read_bytes():
                continue
            for fd in (entry / "fd").iterdir():
                if str(fd.readlink()).startswith(parts) and is_writable(entry / "fdinfo" / fd.name):
                    yield int(entry.name)
                    break
        except OSError:
            continue    # it ended meanwhile


def is_writable(info: Path) -> bool:
    """Whether a descriptor was opened for writing."""
    flags = next(line for line in info.read_text().splitlines() if line.startswith("flags:"))
    return bool(int(flags.split()[1], 8) & (os.O_WRONLY | os.O_RDWR))


@contextmanager
def a_console(run: LiveRun) -> Iterator[Terminal]:
    """A console on a pty that shows the run."""
    terminal = Terminal(run.command("attach", run.place.name), columns=120, rows=40, env={})
    try:
        terminal.first_frame()
        terminal.watch(1.0)
        yield terminal
    finally:
        terminal.close()


def main(words: Sequence[str] | None = None) -> int:
    """All trials; 1 where a budget is missed. A trial that fails raises."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.survive", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="how often the supervisor is killed")
    asked = parser.parse_args(words)
    figures = []
    with live_run() as run:
        for death in DEATHS:
            nothing_notices(run, death)
            print(f"{death.__name__}: the same trainer goes on, no gap up to {run.iteration:,}", flush=True)
        three_consoles(run)
        print("three_consoles: one steers, the others see it", flush=True)
    if shutil.which("tmux"):
        for how in ("kill-server", "kill -9"):
            with live_run() as run:
                tmux_is_stopped(run, how)
                print(f"tmux server, {how}: the same trainer goes on, no gap up to {run.iteration:,}", flush=True)
    with live_run() as run:
        seconds = supervisor_is_killed(run, asked.kills)
        print("supervisor killed, seconds to the next iteration:", *(f"{s:.1f}" for s in seconds), flush=True)
        what = f"supervisor killed {asked.kills} times, next iteration after"
        figures += [Figure(f"{what}, median", median(seconds), "s"),
                    Figure(f"{what}, longest", max(seconds), "s", GOES_ON_S)]
    return report(figures)


if __name__ == "__main__":
    sys.exit(main())
