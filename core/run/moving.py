"""Ending an idle supervisor, removing and renaming runs. Everything here needs the run for itself and refuses else."""

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from core.events.event import Renamed
from core.run.address import answering
from core.run.ledger import Draft, Ledger
from core.run.name import check_name
from core.run.place import Place
from core.settings.error import RefusedError, StoreError, WireError
from core.store.folder import RunFolder
from core.store.lock import FolderLock, holder, is_held
from core.wire.hello import connect

IDLE_PHASES = ("parked", "stopped")
END_PATIENCE_S = 15.0
LOOK_S = 0.05


def end_supervisor(place: Place) -> None:
    """End the supervisor of a run that does not train; nothing to do when none lives. Raises RefusedError while it
    trains, StoreError when it does not end."""
    lock = RunFolder(place.folder).run_lock
    if not is_held(lock):
        return
    _check_idle(place)
    deadline = time.monotonic() + END_PATIENCE_S
    who = holder(lock)
    # Asked again right before: an id that was read from a lock which is free now may be another program's.
    if who is not None and is_held(lock):
        with contextlib.suppress(ProcessLookupError):
            os.kill(who.pid, signal.SIGTERM)
    while is_held(lock):
        if time.monotonic() > deadline:
            raise StoreError(f"the supervisor of run {place.name!r} does not end within {END_PATIENCE_S:g} s",
                             hint=f"it is process {who.pid if who else '?'}")
        time.sleep(LOOK_S)


def check_movable(place: Place, new: str | None = None) -> None:
    """Raises RefusedError where `remove_run`, or `rename_run` to `new`, would: before a person is asked whether what
    it gives up is meant. Ends and changes nothing, so both look again."""
    if new is not None:
        _target(place, new)
    folder = RunFolder(place.folder)
    if is_held(folder.run_lock):
        _check_idle(place)
    elif is_held(folder.trainer_lock):
        raise _trainer_writes(place)


def _check_idle(place: Place) -> None:
    """Raises RefusedError where a supervisor answers and says that the run trains."""
    if (path := answering(place.folder)) is not None and (phase := _phase(path)) not in IDLE_PHASES:
        raise RefusedError(f"run {place.name!r} is not stopped ({phase})", hint=f"dfl-tui stop {place.name}")


def _trainer_writes(place: Place) -> RefusedError:
    return RefusedError(f"a trainer still writes to run {place.name!r}", hint="wait until it has saved")


def _target(place: Place, new: str) -> Path:
    """Where a run moves with another name. Raises RefusedError for one that is none, or is taken."""
    check_name(new, "a run")
    target = place.folder.with_name(new)
    if target.exists():
        raise RefusedError(f"there is a run {new!r} already", hint="choose another name")
    return target


def _phase(path: Path) -> str:
    """What the supervisor says of the run; "" when it is just ending."""
    try:
        channel, welcome = connect(path, "dfl-tui")
    except WireError:
        return IDLE_PHASES[0]
    channel.close()
    return welcome.tick.phase


def remove_run(place: Place) -> None:
    """Remove a run with all of its generations. Raises RefusedError while it trains."""
    with own_run(place):
        grave = place.folder.with_name(f".removed-{place.name}-{os.getpid()}")
        try:
            place.folder.rename(grave)  # first: what is half removed must not look like a run
        except OSError as error:
            raise StoreError(f"cannot remove {place.folder}: {error.strerror or error}") from error
    shutil.rmtree(grave, ignore_errors=True)
    if grave.exists():
        raise StoreError(f"run {place.name!r} is gone, but some of its files stayed in {grave}",
                         hint="remove that folder by hand")


def rename_run(place: Place, new: str, author: str = "person") -> Place:
    """Give a run another name, and its folder too. Raises RefusedError while it trains or when the name is taken."""
    target = _target(place, new)
    with own_run(place):
        ledger = Ledger(RunFolder(place.folder))
        try:
            ledger.append(Draft(Renamed(ledger.state.name, new), author=author))
        finally:
            ledger.close()
        try:
            place.folder.rename(target)
        except OSError as error:
            raise StoreError(f"cannot rename {place.folder} to {new}: {error.strerror or error}") from error
    return Place(new, target)


def own_run(place: Place) -> FolderLock:
    """The run's lock, with no supervisor and no trainer at it. Raises RefusedError while it trains."""
    end_supervisor(place)
    folder = RunFolder(place.folder)
    lock = folder.lock_run(wait_s=1.0)
    # The trainer of a supervisor that was killed still writes for a while.
    if is_held(folder.trainer_lock):
        lock.release()
        raise _trainer_writes(place)
    return lock
