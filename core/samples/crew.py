"""The worker processes: starting them, giving out jobs, noticing the dead and the stuck, doing their jobs again.

Each worker has a socket of its own, so nothing that a killed worker held can block another. Knows processes and jobs;
what a job makes is `sample`'s. Nothing here has a thread: the trainer looks when it wants a batch.
"""

import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import cast

from core.samples.error import SampleError
from core.samples.job import Done, Going, Job

TICK_S = 1.0            # how long one look lasts at most; time that the trainer itself was stopped is not counted
START_S = 60.0          # silence that a worker may keep before its first word: a busy machine imports NumPy slowly
STALL_S = 60.0          # silence after which a worker is killed; while it finishes samples it speaks (worker.SAY_S)
MOST_FAILURES = 5       # times in a row that a worker may die before it has finished a job
GOODBYE_S = 2.0         # a worker that was let go ends within a sample
KILL_S = 20.0           # a killed one ends at once, unless it waits for a disk that does not answer


class Crew:
    """`size` workers that share a ring. Not for two threads."""

    def __init__(self, size: int, *, ring: int, opening: int, stall_s: float = STALL_S) -> None:
        self._descriptors, self._stall_s = (ring, opening), stall_s
        self._members = [_Member(*_started(self._descriptors)) for _ in range(size)]
        self.restarts = 0

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of the workers, in the order of their shares."""
        return tuple(member.process.pid for member in self._members)

    def send(self, jobs: list[Job]) -> None:
        """Give one job to each worker. At most a few may be under way, so this does not block."""
        for member, job in zip(self._members, jobs, strict=True):
            member.give(job)

    def finish(self, number: int) -> list[Done]:
        """Wait until every worker has done its jobs up to `number`; returns what they said about that number.

        Restarts the dead and the stuck. SampleError when that does not help.
        """
        found: list[Done] = []
        tick_s = min(TICK_S, self._stall_s)
        while busy := [member for member in self._members if member.has_until(number)]:
            began = time.monotonic()
            ready = wait([member.connection for member in busy], tick_s)
            passed = min(time.monotonic() - began, tick_s)
            for member in busy:
                if member.connection in ready:
                    found += self._heard(member)
                else:
                    self._not_heard(member, passed)
        return [done for done in found if done.number == number]

    def _heard(self, member: "_Member") -> list[Done]:
        try:
            answer = member.take()
        except (EOFError, OSError):
            self._replace(member, "ended")
            return []
        return [answer] if isinstance(answer, Done) else []

    def _not_heard(self, member: "_Member", seconds: float) -> None:
        member.silent_s += seconds
        patience = self._stall_s if member.has_spoken else max(START_S, self._stall_s)
        if member.silent_s > patience:
            self._replace(member, f"said nothing for {patience:.0f} s")

    def _replace(self, member: "_Member", what: str) -> None:
        """Start another in its place and give it the same jobs: they make the same bits."""
        code = member.end()
        member.failures += 1
        self.restarts += 1
        member.process, member.connection = _started(self._descriptors)
        member.has_spoken = False
        member.resend()
        if member.failures > MOST_FAILURES:
            times, member.failures = member.failures, 0        # asked again, it is tried again
            raise SampleError(f"a sample worker {what} {times} times in a row (exit code {code}): "
                              "see log/trainer.log, or set workers to 0")

    def close(self) -> None:
        """Let the workers go, and end those that do not."""
        for member in self._members:
            member.connection.close()
        until = time.monotonic() + GOODBYE_S
        for member in self._members:
            try:
                member.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                member.process.kill()


class _Member:
    """One worker: its process, our end of its socket, and the jobs it has not done."""

    def __init__(self, process: subprocess.Popen[bytes], connection: Connection) -> None:
        self.process, self.connection = process, connection
        self.jobs: deque[Job] = deque()
        self.failures = 0
        self.silent_s = 0.0
        self.has_spoken = False

    def has_until(self, number: int) -> bool:
        """Is a job up to this number still to be done?"""
        return bool(self.jobs) and self.jobs[0].number <= number

    def give(self, job: Job) -> None:
        self.jobs.append(job)
        self._send(job)

    def resend(self) -> None:
        for job in self.jobs:
            self._send(job)

    def _send(self, job: Job) -> None:
        with suppress(OSError):      # it is dead: the next look at its socket says so, and the job is still listed
            self.connection.send(job)

    def take(self) -> Done | Going:
        """What the worker says, at last that its oldest job is done. EOFError or OSError if it is dead."""
        answer = cast(Done | Going, self.connection.recv())
        self.silent_s, self.has_spoken = 0.0, True
        if isinstance(answer, Done):
            self.jobs.popleft()
            self.failures = 0
        return answer

    def end(self) -> int:
        """Kill the process; returns its exit code. It shares memory, so it must be gone before its jobs are redone.

        SampleError if it stays.
        """
        self.connection.close()
        self.process.kill()
        self.silent_s = 0.0
        try:
            return self.process.wait(KILL_S)
        except subprocess.TimeoutExpired as error:
            raise SampleError(f"the sample worker {self.process.pid} was killed and does not end: "
                              "does the disk with the faces answer?") from error


def _started(descriptors: tuple[int, int]) -> tuple[subprocess.Popen[bytes], Connection]:
    """A new worker and our end of its socket.

    Not by multiprocessing, whose spawn imports the parent's main module, here torch. The worker is in a session of its
    own, so that a signal to the trainer's group does not reach it, and finds our package whatever the folder is.
    """
    ours, theirs = socket.socketpair()
    passed = (theirs.fileno(), *descriptors)
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "core.samples.worker", *map(str, passed)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=passed, start_new_session=True,
            env=_environment(os.environ))
    except OSError as error:
        ours.close()
        raise SampleError(f"a sample worker cannot be started ({error.strerror}): set workers to 0") from error
    finally:
        theirs.close()
    return process, Connection(ours.detach())


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a worker: one thread, and no relative folder to import from."""
    folders = [folder for folder in environment.get("PYTHONPATH", "").split(os.pathsep) if Path(folder).is_absolute()]
    return {**environment, "PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(folders), "OMP_NUM_THREADS": "1"}
