"""The supervisor's program: `python -P -m core.run.supervise RUN_FOLDER [--park] [--ready FD]`.

Leaves the terminal, takes the run's lock, serves. Says on FD that it is ready, or why it is not.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.run.detach import detach
from core.run.environment import Programs, our_programs
from core.run.ready import Ready, Starter
from core.run.supervisor import IDLE_S, Options, Supervisor
from core.settings.error import DflTuiError, RefusedError
from core.store.folder import RunFolder

LOCK_PATIENCE_S = 2.0   # one that is just ending needs as long

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """The command line."""

    folder: Path
    park: bool
    ready: int | None


def parse(words: Sequence[str] | None) -> Words:
    """The command line as a record."""
    parser = argparse.ArgumentParser(prog="python -m core.run.supervise", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--park", action="store_true", help="serve consoles, start no trainer")
    parser.add_argument("--ready", type=int, default=None, metavar="FD", help="pipe to say ready on")
    found = parser.parse_args(words)
    return Words(found.folder.resolve(), found.park, found.ready)


def main(words: Sequence[str] | None = None, *, programs: Programs | None = None, idle_s: float = IDLE_S) -> int:
    """Supervise a run to its end; the exit status. idle_s: how long it stays when nobody needs it."""
    asked = parse(words)
    starter = Starter(asked.ready)
    folder = RunFolder(asked.folder)
    try:
        if not folder.exists():
            raise RefusedError(f"there is no run at {folder.path}", hint="see dfl-tui ls")
        folder.log.mkdir(mode=0o700, exist_ok=True)
        detach(folder.supervisor_log)
        logging.basicConfig(level=logging.INFO, stream=sys.stderr,
                            format="%(asctime)s %(levelname)s %(name)s %(message)s")
        asyncio.run(serve(folder, asked, starter, Options(programs or our_programs(), asked.park, idle_s)))
    except DflTuiError as error:
        log.error("%s", error)
        starter.tell_failure(error)
        return 1
    return 0


async def serve(folder: RunFolder, asked: Words, starter: Starter, options: Options) -> None:
    """Take the lock and serve until told to end."""
    try:
        lock = folder.lock_run(wait_s=LOCK_PATIENCE_S)
    except RefusedError as error:
        starter.tell_failure(error, in_use=True)
        raise
    supervisor = Supervisor(folder, lock, options)
    log.info("supervisor run=%s socket=%s parked=%s", folder.name, supervisor.socket_path, asked.park)
    await supervisor.run(lambda: starter.tell(Ready(str(supervisor.socket_path))))
    log.info("supervisor ended run=%s", folder.name)


if __name__ == "__main__":
    sys.exit(main())
