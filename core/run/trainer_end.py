"""How a trainer ended, in a word for rules and a sentence for people. Pure but for reading the kernel's counters."""

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.events.event import Ended
from core.wire.trainer_record import Failed

Cause = Literal["done", "killed", "memory", "failed", "supervisor", "terminated"]

# Signals that a fault of the program raises; others come from outside.
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGSYS}


@dataclass(frozen=True, slots=True)
class Exit:
    """What waitpid said, whether the kernel counted an out-of-memory kill meanwhile, and what was wrong with the
    trainer's reports, or ""."""

    code: int | None
    signal: int | None
    out_of_memory: bool = False
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """What the trainer and we said before the end.

    failed: its own report. said_bye: it saved and ended in order. asked: why we asked it to end, or "";
    from_outside: we asked because we were told to end ourselves. killed_for: why we killed it, or "".
    iteration: completed iterations as far as we know.
    """

    iteration: int
    failed: Failed | None = None
    said_bye: bool = False
    asked: str = ""
    from_outside: bool = False
    killed_for: str = ""


def how_it_ended(status: Exit, story: Story) -> Ended:
    """The body of the event: cause and sentence."""
    at = f"at iteration {story.iteration:,}"
    cause, sentence = _cause(status, story)
    return Ended(cause, f"{sentence} ({at})", code=status.code, signal=status.signal)


def _cause(status: Exit, story: Story) -> tuple[Cause, str]:
    name = signal.Signals(status.signal).name if status.signal else ""
    if story.killed_for:
        return "failed", story.killed_for
    if story.failed is not None:
        failed = story.failed
        return ("memory" if failed.memory else "killed" if failed.killed else "failed"), failed.sentence
    if status.signal and status.out_of_memory:
        return "memory", "the trainer was killed because the machine ran out of memory"
    if status.signal in FAULTS:
        return "failed", f"the trainer crashed ({name})"
    if status.signal:
        return "killed", f"the trainer was killed from outside ({name})"
    if story.said_bye and story.asked:
        return ("terminated" if story.from_outside else "done"), f"the trainer saved and ended: {story.asked}"
    if story.said_bye:
        return "terminated", "the trainer was told to end from outside, saved and ended"
    if status.code == 0:
        return "terminated", "the trainer ended without saying why"
    return "failed", f"the trainer ended with code {status.code} and without a word: its log says more"


def oom_kills() -> int:
    """Processes that the kernel killed for memory so far, in our cgroup and on this machine."""
    return sum(_counter(path) for path in [*_cgroup_files(), Path("/proc/vmstat")])


def _cgroup_files() -> list[Path]:
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    files = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            files.append(Path(f"/sys/fs/cgroup{path}/memory.events"))
        elif controllers == "memory":
            files.append(Path(f"/sys/fs/cgroup/memory{path}/memory.oom_control"))
    return files


def _counter(path: Path) -> int:
    """The number after `oom_kill` in a file of the kernel; 0 where there is none."""
    try:
        words = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return 0
    return sum(int(w[1]) for w in words if len(w) == 2 and w[0] == "oom_kill")
