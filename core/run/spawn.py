"""Making sure that a run has a supervisor: finds the one that lives, or starts one and waits for its word."""

import os
import select
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.run import systemd
from core.run.address import answering
from core.run.environment import child_environment, our_programs
from core.run.logs import tail
from core.run.place import Place
from core.run.ready import Failed, Ready, understood
from core.run.version import VERSION
from core.settings.error import StoreError
from core.store.folder import RunFolder
from core.store.lock import holder, is_held
from core.wire.channel import Channel
from core.wire.console_record import SupervisorMessage, Welcome
from core.wire.hello import GoneError, connect

START_PATIENCE_S = 30.0     # an overloaded machine; the usual is 0.3 s
LOOK_S = 0.05
LONGEST_WORD_BYTES = 16 * 1024
JOIN_TRIES = 10


def ensure_supervisor(place: Place, *, park: bool, program: Sequence[str] = ()) -> Path:
    """The socket of the run's supervisor, which is started when none lives; `park`: without a trainer then.

    program: another command line of a supervisor.
    Raises RefusedError, StoreError or JournalError with the sentence of a supervisor that could not start.
    """
    deadline = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < deadline:
        if (path := answering(place.folder)) is not None:
            return path
        if is_held(RunFolder(place.folder).run_lock):
            time.sleep(LOOK_S)      # one is just starting or just ending
            continue
        words = [*(program or our_programs().supervisor), str(place.folder), *(["--park"] if park else [])]
        if (path := _start(place, words, deadline=deadline)) is not None:
            return path
    who = holder(RunFolder(place.folder).run_lock)
    raise StoreError(f"the supervisor of run {place.name!r} (process {who.pid if who else '?'}) does not answer",
                     hint=f"its log is {RunFolder(place.folder).supervisor_log}")


def join(place: Place, label: str, *, park: bool,
         program: Sequence[str] = ()) -> tuple[Channel[SupervisorMessage], Welcome]:
    """Connect to the run, whatever its supervisor is just doing; starts one as `ensure_supervisor` does.

    One that was found may be ending at that moment (killed, idle): then the next one is looked for.
    """
    for _ in range(JOIN_TRIES):
        path = ensure_supervisor(place, park=park, program=program)
        try:
            return connect(path, label, version=VERSION)
        except GoneError:
            time.sleep(LOOK_S)
    return connect(ensure_supervisor(place, park=park, program=program), label, version=VERSION)


@dataclass(frozen=True, slots=True)
class Started:
    """A process that will be a supervisor, and the pipe on which it says so."""

    process: subprocess.Popen[bytes]
    pipe: int


def _start(place: Place, words: Sequence[str], *, deadline: float) -> Path | None:
    """Start a supervisor and wait for its word, or for another one that was faster. None: look again."""
    started = _launch(place, words)
    data = b""
    try:
        while time.monotonic() < deadline:
            if select.select([started.pipe], [], [], LOOK_S)[0]:
                piece = os.read(started.pipe, LONGEST_WORD_BYTES)
                data += piece
                if not piece:
                    break
            elif (path := answering(place.folder)) is not None:
                return path
    finally:
        os.close(started.pipe)
        started.process.wait()  # the one that we started ends as soon as the supervisor has left our terminal
    match understood(data):
        case Ready(socket=socket):
            return Path(socket)
        case Failed(in_use=True):
            return None     # another starter was faster
        case Failed() as failed:
            raise failed.error()
        case None:
            last = tail(RunFolder(place.folder).supervisor_log, 1)
            raise StoreError(f"the supervisor of run {place.name!r} ended while it started"
                             + (f": {last[0]}" if last else ""),
                             hint=f"its log is {RunFolder(place.folder).supervisor_log}")


def _launch(place: Place, words: Sequence[str]) -> Started:
    reader, writer = os.pipe()
    command = systemd.in_user_scope([*words, "--ready", str(writer)], place.name)
    try:
        # In / : a supervisor lives for weeks, and the folder that the command was typed in may have to go before.
        process = subprocess.Popen(command, pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, cwd="/", env=child_environment(), start_new_session=True)
    except OSError as error:
        os.close(reader)
        raise StoreError(f"no supervisor can be started: {error.strerror or error}") from error
    finally:
        # Only the child may hold it: then the pipe ends with the child, also with one that dies without a word.
        os.close(writer)
    return Started(process, reader)
