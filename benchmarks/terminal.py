"""A terminal for measurements: runs a program on a pty of a given size, answers its queries, counts what it writes."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[c": b"\x1b[?62;22c"}
# What is left after this is visible text: CSI sequences, OSC strings (the pointer's shape), other escapes, blanks go.
TEXT = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]|[\x00-\x20]")


class Terminal:
    """One program on a pty. Use `watch` to read for a while; `close` ends the program."""

    def __init__(self, command: Sequence[str], *, columns: int, rows: int, env: dict[str, str]) -> None:
        self.started = time.monotonic()
        self.output = bytearray()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), {**os.environ, "TERM": "xterm-256color", **env})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = psutil.Process(self.pid)

    def watch(self, seconds: float, *, until: bytes | None = None) -> float:
        """Read for `seconds`, or until `until` was written. Returns seconds since start of the last byte read."""
        last = time.monotonic()
        deadline = last + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], min(left, 0.05))[0]:
                continue
            try:
                data = os.read(self.fd, 65_536)
            except OSError:
                break
            if not data:
                break
            last = time.monotonic()
            self.output += data
            for query, answer in ANSWERS.items():
                if query in data:
                    os.write(self.fd, answer)
            if until is not None and until in self.output:
                break
        return last - self.started

    def first_frame(self, seconds: float = 30) -> float:
        """Seconds from start to the first visible character."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            when = self.watch(0.02)
            if TEXT.sub(b"", bytes(self.output)):
                return when
        raise TimeoutError(f"nothing was drawn in {seconds} s")

    def send(self, keys: bytes) -> None:
        """Type `keys`."""
        os.write(self.fd, keys)

    def cpu_seconds(self) -> float:
        """CPU time of the program so far, without its children."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def rss(self) -> int:
        """Resident memory in bytes."""
        return int(self.process.memory_info().rss)

    def hang_up(self) -> None:
        """Close the terminal under the program."""
        os.close(self.fd)
        self.fd = -1

    def has_ended(self) -> bool:
        """Whether the program is over."""
        return not self.process.is_running() or bool(self.process.status() == psutil.STATUS_ZOMBIE)

    def close(self) -> None:
        """End the program and free the pty."""
        for ask in (self.process.terminate, self.process.kill):
            if self.has_ended():
                break
            ask()
            self._wait(1.0)
        if self.fd >= 0:
            self.hang_up()
        os.waitpid(self.pid, 0)

    def _wait(self, seconds: float) -> None:
        """Read on, as far as there is a terminal, until the program ends."""
        deadline = time.monotonic() + seconds
        while not self.has_ended() and time.monotonic() < deadline:
            if self.fd >= 0:
                self.watch(0.02)
            else:
                time.sleep(0.02)


BARE_APP = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare")
Bare().run()
"""


def repository() -> Path:
    """The checkout that this file lies in."""
    return Path(__file__).parent.parent
