"""Locks of a run folder: flock on a file, held for the life of the process that took it (facts/console.md 2.2).

The kernel frees the lock on any death. The file's text says who holds it and is information only, but for one case:
network disks where flock is local to each machine. There a holder on another machine is recognised by the text, as
long as it touches the file (`beat`).
"""

import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from core.settings.error import RefusedError, StoreError

POLL_S = 0.02
PROBE_PATIENCE_S = 0.2   # is_held() takes the lock shared for microseconds: a taker must outlast that
FOREIGN_BEAT_S = 60.0    # a holder on another machine that has not touched the file for so long is gone
MAX_TEXT_BYTES = 4096


class Holder(msgspec.Struct, frozen=True):
    """Who took a lock. `started`: start time as the kernel counts it, tells apart two processes with one pid."""

    pid: int
    started: str
    boot: str
    host: str


class FolderLock:
    """A lock that is held until `release` or the end of the process. Children do not inherit it."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd

    def beat(self) -> None:
        """Say that the holder lives, for machines that share the folder over a network. Call every 10 s or so."""
        if self._fd >= 0:
            os.utime(self._fd)

    def hand_over(self) -> int:
        """Keep the lock for the program that this process becomes by exec: the descriptor that `adopt` takes there."""
        fd, self._fd = self._fd, -1
        os.set_inheritable(fd, True)
        return fd

    def release(self) -> None:
        """Give the lock back; the text goes with it."""
        if self._fd >= 0:
            # The text goes while the lock is still held: afterwards it would be the next holder's.
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> "FolderLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def take(path: Path, what: str, *, wait_s: float = 0.0, clock: Callable[[], float] = time.monotonic) -> FolderLock:
    """Lock `path` ("the trainer of run demo" = `what`), waiting up to `wait_s`. Raises RefusedError if it is held."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"cannot lock {path} ({error.strerror})", hint="check the folder and its rights") from error
    with ExitStack() as unless_taken:
        unless_taken.callback(os.close, fd)
        wait_for(fd, path, what, deadline=clock() + max(wait_s, PROBE_PATIENCE_S), clock=clock)
        refuse_foreign(fd, path, what)
        # Signed after the lock is held: the text must not name somebody who has to wait.
        signed(fd)
        unless_taken.pop_all()
    return FolderLock(path, fd)


def adopt(path: Path, fd: int, what: str) -> FolderLock:
    """The lock that the program before this one, in this process, held and handed over. Raises StoreError when the
    descriptor is not that of a lock on `path`, RefusedError when somebody else holds it."""
    try:
        is_it = os.path.samestat(os.fstat(fd), path.stat())
    except OSError as error:
        raise StoreError(f"the lock {path} was not handed over ({error.strerror})", hint="start it again") from error
    if not is_it:
        raise StoreError(f"what was handed over is not the lock {path}", hint="start it again")
    os.set_inheritable(fd, False)
    wait_for(fd, path, what, deadline=0.0, clock=time.monotonic)
    return FolderLock(path, signed(fd))


def signed(fd: int) -> int:
    """`fd`, with this process as the holder in the file's text."""
    os.ftruncate(fd, 0)
    os.pwrite(fd, msgspec.json.encode(myself()), 0)
    return fd


def wait_for(fd: int, path: Path, what: str, *, deadline: float, clock: Callable[[], float]) -> None:
    """flock, again and again until the deadline."""
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise StoreError(f"cannot lock {path} ({error.strerror})",
                                 hint="the run folder must lie on a file system with locks") from error
        if clock() >= deadline:
            raise refusal(what, holder(path))
        time.sleep(POLL_S)


def refuse_foreign(fd: int, path: Path, what: str) -> None:
    """Refuse where the text names a living holder on another machine (flock did not see it)."""
    them, me = holder(path), myself()
    if them is None or them.host == me.host or them.boot == me.boot:
        return
    if time.time() - os.fstat(fd).st_mtime < FOREIGN_BEAT_S:
        raise refusal(what, them)


def refusal(what: str, them: Holder | None) -> RefusedError:
    """The sentence for the second taker."""
    who = f"process {them.pid} on {them.host}" if them else "another process"
    return RefusedError(f"{what} is in use by {who}", hint="attach to it, or stop that process first")


def is_held(path: Path) -> bool:
    """Does any process of this machine hold the lock? Asks the kernel, creates nothing."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return True
        raise
    finally:
        os.close(fd)
    return False


def holder(path: Path) -> Holder | None:
    """Who the file's text names; None if it says nothing. It may be dead: ask `is_held`."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(MAX_TEXT_BYTES), type=Holder)
    except (OSError, msgspec.MsgspecError):
        return None


def myself() -> Holder:
    """This process, as the text of a lock."""
    return Holder(os.getpid(), start_time(os.getpid()), boot_id(), socket.gethostname())


def start_time(pid: int) -> str:
    """Field 22 of /proc/PID/stat; "" where there is no such file."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]  # the name in brackets may hold spaces; field 3 follows it


def boot_id() -> str:
    """Which start of which machine this is; "" where the kernel does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
