"""Pins: generations that some process reads now and that must not be removed.

A pin is a file under `pins/` that its process holds locked; when the process dies, the kernel frees it and the pin is
void. `guarded` keeps pinning and collecting apart, so that a generation cannot vanish between a look and a pin.
"""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.settings.error import StoreError
from core.store.disk import trouble

GUARD_WAIT_S = 10.0   # a collection of hundreds of blobs takes milliseconds
GUARD_POLL_S = 0.01
NAME = re.compile(r"(\d+)-([a-z][a-z0-9_]*)-\d+-\d+")
USER = re.compile(r"[a-z][a-z0-9_]{0,31}")


class Pin:
    """One generation in use, until `release` or the end of the process."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd

    def release(self) -> None:
        """The generation may be removed again as far as this user is concerned."""
        if self._fd >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> "Pin":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Pins:
    """The folder of pins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Nobody else pins or collects inside this block. Raises StoreError if another holds it for too long."""
        fd = self._open(self.folder / ".guard")
        try:
            deadline = time.monotonic() + GUARD_WAIT_S
            while not lock_now(fd, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise StoreError("another process is removing generations and does not finish",
                                     hint="look for a trainer of this run that hangs")
                time.sleep(GUARD_POLL_S)
            yield
        finally:
            os.close(fd)

    def add(self, number: int, user: str) -> Pin:
        """Pin generation `number` for `user`, a word such as "swap". Call inside `guarded`."""
        if not USER.fullmatch(user):
            raise ValueError(f"{user!r} is not a word for a user of a generation")
        taken = set(self._names())
        count = next(n for n in range(len(taken) + 1) if f"{number}-{user}-{os.getpid()}-{n}" not in taken)
        path = self.folder / f"{number}-{user}-{os.getpid()}-{count}"
        fd = self._open(path)
        fcntl.flock(fd, fcntl.LOCK_EX)
        return Pin(path, fd)

    def alive(self) -> dict[int, str]:
        """generation number -> who uses it."""
        users: dict[int, set[str]] = {}
        for name in self._names():
            if is_locked(self.folder / name):
                number, user, _ = name.split("-", 2)
                users.setdefault(int(number), set()).add(user)
        return {number: ", ".join(sorted(words)) for number, words in users.items()}

    def sweep(self) -> None:
        """Remove the pins of the dead. Call inside `guarded`, or a pin that is just being made is lost."""
        for name in self._names():
            if not is_locked(self.folder / name):
                (self.folder / name).unlink(missing_ok=True)

    def _names(self) -> list[str]:
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            return sorted(p.name for p in self.folder.iterdir() if NAME.fullmatch(p.name))
        except OSError as error:
            raise trouble(error, "list", self.folder) from error

    def _open(self, path: Path) -> int:
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise trouble(error, "pin a generation by", path) from error


def is_locked(path: Path) -> bool:
    """Does a living process hold this pin?"""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise trouble(error, "look at", path) from error
    try:
        return not lock_now(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)


def lock_now(fd: int, how: int) -> bool:
    """flock without waiting; False if another process is in the way."""
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
