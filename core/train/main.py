"""The trainer process: `python -P -m core.train.main --channel FD`, started by a supervisor and by nobody else.

SIGTERM saves and ends; SIGHUP and SIGINT are no business of ours; SIGUSR1 writes all stacks into the log. When the
supervisor is gone, the trainer saves, ends, and as its last act starts a supervisor again. Whatever happens, the
trainer's lock is held until the last byte is written.
"""

import argparse
import faulthandler
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from core.settings.error import DflTuiError, WireError
from core.store.folder import RunFolder
from core.store.lock import FolderLock
from core.train.pipe import Pipe
from core.wire.channel import Channel
from core.wire.codec import ORDERS
from core.wire.trainer_record import Begin, Bye, Failed

BEGIN_S = 30.0      # a supervisor says Begin at once
LOCK_S = 5.0        # it has waited for the lock itself; this is for a folder on a slow network
BEAT_S = 10.0       # how often the lock is touched (core/store/lock.py)

log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """The whole life of a trainer; its exit code."""
    parser = argparse.ArgumentParser(prog="core.train.main")
    parser.add_argument("--channel", type=int, required=True, metavar="FD")
    fd = parser.parse_args(arguments).channel
    settle_signals()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    channel = Channel(socket.socket(fileno=fd), ORDERS)
    try:
        begin = channel.receive(BEGIN_S)
    except (WireError, TimeoutError) as error:
        log.error("no begin error=%s", error)
        return 1
    if not isinstance(begin, Begin):
        log.error("the supervisor began with %r", begin)
        return 1
    pipe = Pipe(channel)
    signal.signal(signal.SIGTERM, lambda _number, _frame: pipe.end())
    code = train(pipe, begin)
    pipe.close()
    if pipe.is_orphaned:
        relaunch(begin.relaunch)
    return code


def settle_signals() -> None:
    """Terminals that close or interrupt do not end a training; crashes and SIGUSR1 leave stacks in the log."""
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def train(pipe: Pipe, begin: Begin) -> int:
    """Train under the run's lock, and say how it ended; the exit code."""
    try:
        with held(RunFolder(Path(begin.folder)).lock_trainer(wait_s=LOCK_S)):
            return train_locked(pipe, begin)
    except DflTuiError as error:
        log.error("failed error=%s", error)
        pipe.say(Failed(str(error), 0, memory=False))
        return 1


def train_locked(pipe: Pipe, begin: Begin) -> int:
    """The trainer's main, and the one place where any error becomes a sentence."""
    # Threads that wait for the next kernel must sleep and not spin: beside other work, spinning costs up to 50 times
    # the step itself. Read when the OpenMP library is loaded, so before torch.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    from core.train.assemble import Trainer  # late: torch takes seconds, and the lock and SIGTERM come first
    from core.train.device import is_out_of_memory
    from core.train.world import RankLostError

    trainer = Trainer(pipe, begin)
    try:
        ending = trainer.run()
    except RankLostError as error:
        log.error("rank lost iteration=%d error=%s", trainer.iteration, error)
        pipe.say(Failed(str(error), trainer.iteration, memory=error.memory, killed=error.killed))
        return 1
    except DflTuiError as error:
        log.error("failed iteration=%d error=%s", trainer.iteration, error)
        pipe.say(Failed(str(error), trainer.iteration, memory=False))
        return 1
    except Exception as error:
        log.exception("failed iteration=%d", trainer.iteration)
        memory = is_out_of_memory(error)
        pipe.say(Failed(sentence_of(error, trainer.iteration, memory=memory), trainer.iteration, memory))
        return 1
    log.info("ended iteration=%d why=%r", trainer.iteration, ending.value if ending else "target")
    pipe.say(Bye(trainer.iteration))
    return 0


def sentence_of(error: Exception, iteration: int, *, memory: bool) -> str:
    """What a foreign exception means, in one sentence."""
    if memory:
        return (f"there was not enough memory for iteration {iteration + 1:,}: lower batch_size, or give the trainer "
                "more memory")
    first = (str(error).strip().splitlines() or [""])[0][:300]
    return f"the trainer failed in iteration {iteration + 1:,} ({type(error).__name__}: {first}): see log/trainer.log"


@contextmanager
def held(lock: FolderLock) -> Iterator[None]:
    """Hold the lock, and touch it now and then for other machines that share the disk."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(BEAT_S):
            lock.beat()

    thread = threading.Thread(target=beat, name="lock-beat", daemon=True)
    with lock:
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def relaunch(command: Sequence[str]) -> None:
    """Start a supervisor again, detached from everything that we hold."""
    log.info("relaunch command=%r", command)
    try:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         cwd="/", start_new_session=True)
    except OSError as error:
        log.error("relaunch failed error=%s", error)


def leave(code: int) -> NoReturn:
    """End the process at once. To take torch apart costs an interpreter 2 s, and 8 s on a busy machine, for which a
    person who stops a run would wait; all files are closed and the lock is free by now."""
    logging.shutdown()
    os._exit(code)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
