"""The real supervisor and trainer with meters inside, for benchmarks. `python metered.py supervise|train ...`

The trainer writes what wire and metrics cost its training thread in each iteration, in ns (METER/publish.f64); the
supervisor writes the most bytes that were pending for a client (METER/pending). METER is the variable DFL_METER.
"""

import os
import sys
import threading
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

VARIABLE = "DFL_METER"
OURS = [sys.executable, "-P", str(Path(__file__).resolve())]
PUBLISH, PENDING = "publish.f64", "pending"
AT_ONCE = 20        # iterations between two writes of the meter, which are not part of what is measured


class ThreadMeter:
    """Adds up the main thread's CPU time inside functions, and writes a sum an iteration."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab", buffering=0)
        self._sums = array("d")
        self._spent_ns = 0
        self._main = threading.main_thread().ident

    def wrap(self, owner: type, name: str, *, ends: bool = False) -> None:
        """Measure `owner.name`, which never waits; `ends`: an iteration ends with it."""
        inner: Callable[..., Any] = getattr(owner, name)

        def metered(*words: Any, **named: Any) -> Any:
            if threading.get_ident() != self._main:
                return inner(*words, **named)
            time.thread_time_ns()   # the first reading after a step costs 3 µs more, which nobody else pays
            began = time.thread_time_ns()
            try:
                return inner(*words, **named)
            finally:
                self._spent_ns += time.thread_time_ns() - began
                if ends:
                    self._end()

        setattr(owner, name, metered)

    def _end(self) -> None:
        self._sums.append(self._spent_ns)
        self._spent_ns = 0
        if len(self._sums) == AT_ONCE:
            self._file.write(self._sums.tobytes())
            del self._sums[:]


def train(words: list[str]) -> int:
    """The trainer, metered."""
    from core.train.main import main
    from core.train.pipe import Pipe
    from core.train.publisher import Publisher

    meter = ThreadMeter(Path(os.environ[VARIABLE]) / PUBLISH)
    for owner, name in ((Pipe, "say"), (Pipe, "has_orders")):
        meter.wrap(owner, name)
    meter.wrap(Publisher, "put", ends=True)
    return main(words)


def supervise(words: list[str]) -> int:
    """The supervisor, metered."""
    from core.run.client_queue import ClientQueue
    from core.run.environment import Programs
    from core.run.supervise import main
    from core.run.supervisor import Options

    most, put, file = 0, ClientQueue.put, Path(os.environ[VARIABLE]) / PENDING

    def metered(queue: ClientQueue, *words: Any, **named: Any) -> bool:
        nonlocal most
        has_room = put(queue, *words, **named)
        if queue.pending_bytes > most:
            most = queue.pending_bytes
            file.write_text(str(most))
        return has_room

    ClientQueue.put = metered  # type: ignore[method-assign, assignment]
    return main(words, Options(Programs([*OURS, "train"], [*OURS, "supervise"])))


if __name__ == "__main__":
    sys.exit({"train": train, "supervise": supervise}[sys.argv[1]](sys.argv[2:]))
