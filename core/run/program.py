"""Whether the program that runs here is still the one on disk.

A supervisor lives for weeks, and an upgrade changes the code under it: trainers that it starts are of the new program,
and what it imports late is too. So it looks before each start, and goes on as the new program when that runs.
"""

import subprocess
from pathlib import Path

from core.run.environment import Programs, child_environment

TRY_S = 30.0    # an interpreter that imports the supervisor takes 0.3 s, and 10 s on an overloaded machine

Stamp = frozenset[tuple[str, int, int]]


def stamp(code: Path) -> Stamp:
    """Names, sizes and times of all modules below `code`; 300 of them take 4 ms. Equal stamps: the same program."""
    found = set()
    for path in code.rglob("*.py"):
        try:
            entry = path.stat()
        except FileNotFoundError:
            continue    # it went while we looked; the next look will differ
        found.add((str(path.relative_to(code)), entry.st_size, entry.st_mtime_ns))
    return frozenset(found)


class Program:
    """The code of this process as it was when it started, and the command line of a supervisor."""

    def __init__(self, programs: Programs) -> None:
        self._command = programs.supervisor
        self._code = programs.code
        self._ours = stamp(self._code)

    def is_outdated(self) -> bool:
        """Whether there is another program on disk by now."""
        return stamp(self._code) != self._ours

    def why_not_ready(self) -> str:
        """Why the program on disk cannot take over now, "" where it can: it starts, and nothing of it changes while it
        does. Blocks for as long as an interpreter takes to start."""
        before = stamp(self._code)
        try:
            done = subprocess.run([*self._command, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=TRY_S, check=False, cwd="/", env=child_environment())
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"the changed program does not start ({error})"
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [""])[-1][:300]
            return f"the changed program does not start ({last or f'code {done.returncode}'})"
        return "" if stamp(self._code) == before else "the program is being changed"
