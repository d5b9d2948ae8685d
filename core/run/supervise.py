"""The supervisor's program: `python -P -m core.run.supervise RUN_FOLDER [--park] [--ready FD]`.

Leaves the terminal, takes the run's lock, serves. Says on FD that it is ready, or why it is not. Where the program was
changed on disk meanwhile, this process becomes the new one in the end and keeps the lock (`--lock FD`).
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.run.detach import detach
from core.run.environment import our_programs
from core.run.ready import Ready, Starter
from core.run.supervisor import Options, Supervisor
from core.settings.error import DflTuiError, RefusedError, StoreError
from core.store.folder import RunFolder

LOCK_PATIENCE_S = 2.0   # one that is just ending needs as long

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """The command line."""

    folder: Path
    park: bool
    ready: int | None
    lock: int | None


def parse(words: Sequence[str] | None) -> Words:
    """The command line as a record."""
    parser = argparse.ArgumentParser(prog="python -m core.run.supervise", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--park", action="store_true", help="serve consoles, start no trainer")
    parser.add_argument("--ready", type=int, default=None, metavar="FD", help="pipe to say ready on")
    parser.add_argument("--lock", type=int, default=None, metavar="FD", help="the run's lock, held already")
    found = parser.parse_args(words)
    return Words(found.folder.resolve(), found.park, found.ready, found.lock)


def main(words: Sequence[str] | None = None, options: Options | None = None) -> int:
    """Supervise a run to its end; the exit status. options: other than those of the real program."""
    asked = parse(words)
    options = replace(options or Options(our_programs()), park=asked.park)
    starter = Starter(asked.ready)
    folder = RunFolder(asked.folder)
    try:
        if not folder.exists():
            raise RefusedError(f"there is no run at {folder.path}", hint="see dfl-tui ls")
        folder.log.mkdir(mode=0o700, exist_ok=True)
        detach(folder.supervisor_log)
        logging.basicConfig(level=logging.INFO, stream=sys.stderr,
                            format="%(asctime)s %(levelname)s %(name)s %(message)s")
        become(asyncio.run(serve(folder, asked, starter, options)))
    except DflTuiError as error:
        log.error("%s", error)
        starter.tell_failure(error)
        return 1
    return 0


async def serve(folder: RunFolder, asked: Words, starter: Starter, options: Options) -> Sequence[str]:
    """Take the lock and serve until told to end. Returns the program that goes on with the run, if one is to."""
    try:
        lock = folder.lock_run(wait_s=LOCK_PATIENCE_S, handed_over=asked.lock)
    except RefusedError as error:
        starter.tell_failure(error, in_use=True)
        raise
    supervisor = Supervisor(folder, lock, options)
    log.info("supervisor run=%s socket=%s parked=%s", folder.name, supervisor.socket_path, asked.park)
    await supervisor.run(lambda: starter.tell(Ready(str(supervisor.socket_path))))
    log.info("supervisor ended run=%s", folder.name)
    return supervisor.successor


def become(successor: Sequence[str]) -> None:
    """Become the successor, if there is one: the same process, so that a lock of ours is its lock. Raises StoreError
    when that program cannot be run; the lock is free then."""
    if not successor:
        return
    log.info("supervisor goes on as %r", successor)
    try:
        os.execv(successor[0], list(successor))
    except OSError as error:
        raise StoreError(f"{successor[0]} cannot be run ({error.strerror})", hint="install dfl-tui again") from error


if __name__ == "__main__":
    sys.exit(main())
