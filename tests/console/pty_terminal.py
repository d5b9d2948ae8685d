"""A program on a pseudo terminal: its output as bytes, its size, its keys, its end. No sleep: waits for conditions."""

import contextlib
import errno
import fcntl
import os
import pty
import re
import resource
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Sequence

import psutil

PATIENCE_S = 90.0
ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b\][^\x07]*\x07|\x1b[=>]")


def children_cpu_s() -> float:
    """CPU seconds of our children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class PtyTerminal:
    """Starts `command` with a terminal of its own of `size` (columns, rows)."""

    def __init__(self, command: Sequence[str], *, size: tuple[int, int], environment: dict[str, str]) -> None:
        self.output = bytearray()
        self.code: int | None = None
        self._others_s = children_cpu_s()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(command[0], list(command), environment)
        self.resize(*size)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; the program gets SIGWINCH."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, text: str) -> None:
        """Type."""
        os.write(self.fd, text.encode())

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    def read(self, timeout_s: float) -> bool:
        """Take what was written; False at the end of the program's output."""
        if not select.select([self.fd], [], [], timeout_s)[0]:
            return True
        try:
            piece = os.read(self.fd, 65_536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        self.output += piece
        return bool(piece)

    def text(self) -> str:
        """Everything written so far without escape sequences: good for `in`, not for positions."""
        return ESCAPES.sub(b"", bytes(self.output)).decode(errors="replace")

    def wait_for(self, condition: Callable[[], bool], what: str, *, within_s: float = PATIENCE_S) -> float:
        """Read until `condition`; the seconds it took. Fails with what was on screen."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < within_s, f"{what} did not happen; the screen says {self.text()[-2000:]}"
            self.read(0.05)
        return time.monotonic() - began

    def wait_for_text(self, text: str) -> float:
        """Read until `text` was written."""
        return self.wait_for(lambda: text in self.text(), repr(text))

    def read_for(self, seconds: float) -> int:
        """Read that long; the bytes that came."""
        before, until = len(self.output), time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.read(left)
        return len(self.output) - before

    def wait_for_end(self, *, within_s: float = PATIENCE_S, reads: bool = True) -> None:
        """Until the program has ended, with or without reading what it writes."""
        def ended() -> bool:
            if self.code is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.code = os.waitstatus_to_exitcode(status) if pid else None
            return self.code is not None

        began = time.monotonic()
        while not ended():
            assert time.monotonic() - began < within_s, "the program goes on"
            if not reads or not self.read(0.05):
                select.select([], [], [], 0.02)
        if reads:
            self.read_rest()

    def cpu_s(self) -> float:
        """CPU seconds of the program and its children so far, or in all when it has ended."""
        if self.code is not None:
            return children_cpu_s() - self._others_s
        root = psutil.Process(self.pid)
        spent = [process.cpu_times() for process in (root, *root.children(recursive=True))]
        return sum(times.user + times.system for times in spent)

    def read_rest(self) -> None:
        """What was written before the end."""
        while select.select([self.fd], [], [], 0.1)[0] and self.read(0):
            pass

    def hang_up(self) -> None:
        """Close the terminal's other side."""
        os.close(self.fd)
        self.fd = -1

    def close(self) -> None:
        """End the program."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        if self.fd >= 0:
            os.close(self.fd)
