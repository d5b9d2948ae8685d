"""One thread that does one piece of work after the other, for an owner that never waits for it unless it wants to."""

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Background:
    """Runs one job at a time. The owner asks `is_busy` before it gives the next one.

    A job handles what disks and people can cause. What it raises nevertheless is raised again in the owner.
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._error: Exception | None = None
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether a job is not done yet. Raises what the last one raised."""
        if self._error is not None:
            raise self._error
        return not self._is_idle.is_set()

    def start(self, job: Callable[[], None]) -> None:
        """Do `job`. The one before must be done."""
        if self.is_busy:
            raise RuntimeError(f"{self._thread.name} was given a job before the one before it was done")
        self._is_idle.clear()
        self._jobs.put(job)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is left to do; False when the time was over. Raises what the last job raised."""
        self._is_idle.wait(timeout_s)
        return not self.is_busy

    def close(self, timeout_s: float | None = None) -> None:
        """End the thread after the job that it does."""
        self._jobs.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:  # a worker's main: the owner fails, not a thread that nobody sees
                self._error = error
            self._is_idle.set()
