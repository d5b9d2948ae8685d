"""The terminal's good behaviour at the end: signals, a terminal that is gone, and one that stopped reading.

Textual restores the terminal only when its app ends by itself (facts/console.md 0, facts 3 to 5; 1.5). A thread watches
here, for the event loop is what a stalled terminal stops. Knows no Textual.
"""

import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable

LOG = logging.getLogger(__name__)

MODES_OFF = "".join(f"\x1b[?{mode}l" for mode in (1000, 1002, 1003, 1006, 1015, 1016, 1004, 2004, 2048))
RESET = MODES_OFF + "\x1b[<u" + "\x1b[?1049l" + "\x1b[?25h\x1b[?7h" + "\x1b[0m"

WATCH_S = 1.0       # how often the thread looks; a lost terminal is noticed within that
STALL_LOOKS = 60    # looks without a beat of the loop: the terminal has not read for a minute and nobody is there
END_LOOKS = 2       # an ordered end that takes longer is stuck in a write
WRITE_S = 0.2       # what the reset bytes get, whether they went out or not
ENDS = (signal.SIGTERM, signal.SIGHUP)


class Guard:
    """Watches the terminal from a thread until `release`.

    end: called from the thread (or a signal) when the console has to end; it must be safe there. The loop calls `beat`
    at least once a second. Looks are counted, not seconds: after a suspend the clock has jumped and nothing is wrong.
    """

    def __init__(self, end: Callable[[int], None], *, stdin: int, stdout: int, watch_s: float = WATCH_S,
                 stall_looks: int = STALL_LOOKS) -> None:
        self._end = end
        self._stdin = stdin
        self._stdout = stdout
        self._watch_s = watch_s
        self._stall_looks = stall_looks
        self._missed = 0
        self._code: int | None = None
        self._since_end = 0
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="terminal guard", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def beat(self) -> None:
        """The event loop is alive."""
        self._missed = 0

    def ask_end(self, number: int) -> None:
        """End the console because of signal `number`; by force if that takes too long."""
        if self._code is None:
            self._code = 128 + number
            self._end(self._code)

    def release(self) -> None:
        """The console ended by itself: stop watching."""
        self._released.set()

    def _watch(self) -> None:
        while not self._released.wait(self._watch_s):
            self._missed += 1
            if self._code is not None:
                # The loop was told; it may hang in a write to the terminal, and then nobody reads what it is told.
                self._since_end += 1
            elif hung_up(self._stdin):
                LOG.warning("terminal=gone")
                self.ask_end(signal.SIGHUP)
            if self._since_end > END_LOOKS or self._missed > self._stall_looks:
                self._force()

    def _force(self) -> None:
        LOG.error("terminal=stalled looks=%d: the console ends, the training goes on", self._missed)
        # A thread, for this write may block for ever as well.
        writer = threading.Thread(target=write_reset, args=(self._stdout,), daemon=True)
        writer.start()
        writer.join(WRITE_S)
        # Not sys.exit: that would wait for the thread which hangs in its write.
        os._exit(self._code or 128 + signal.SIGHUP)


def hung_up(fd: int) -> bool:
    """Whether the other side of the terminal is gone. Poll sees it where SIGHUP is ignored or never sent."""
    poll = select.poll()
    poll.register(fd, 0)
    return any(events & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _fd, events in poll.poll(0))


def write_reset(fd: int) -> None:
    """Switch off what a console leaves on. May block for ever where the terminal does not read."""
    try:
        # O_NONBLOCK would be shared with the shell behind us: the write may block, the thread is given up.
        os.write(fd, RESET.encode())
    except OSError:
        LOG.info("reset=not written")


def is_slow_link() -> bool:
    """Whether the terminal is at the other end of an ssh connection."""
    return "SSH_CONNECTION" in os.environ


def standard_fds() -> tuple[int, int]:
    """Descriptors of the terminal that the console reads from and writes to."""
    return sys.__stdin__.fileno() if sys.__stdin__ else 0, sys.__stderr__.fileno() if sys.__stderr__ else 2
