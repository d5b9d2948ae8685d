"""One trainer process: started with one end of a socket pair, spoken to in orders, waited for.

It outlives us by design: its output goes to its own log file and not through a pipe of ours, and the end of the channel
tells it to save and to end.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from core.run.environment import trainer_environment
from core.run.logs import trim
from core.run.trainer_end import Exit, oom_kills
from core.settings.error import WireError
from core.wire.codec import REPORTS
from core.wire.frame import pack
from core.wire.stream import Stream
from core.wire.trainer_record import SupervisorOrder, TrainerReport

OOM_SCORE = 300             # the kernel takes the trainer before the supervisor (facts/console.md 2.5)
LAST_REPORTS_S = 2.0        # after its end, what it had said before is still read
TERMINATE_PATIENCE_S = 15.0  # SIGTERM saves within 10 s

log = logging.getLogger(__name__)


class TrainerProcess:
    """A trainer that runs. Reports come by the callback, in order, on the loop that started it."""

    def __init__(self, process: subprocess.Popen[bytes], stream: Stream[TrainerReport],
                 on_report: Callable[[TrainerReport], None]) -> None:
        self._process = process
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        threading.Thread(target=self._await_end, args=[asyncio.get_running_loop()], name="trainer-end",
                         daemon=True).start()
        self._stream = stream
        self._oom_kills = [oom_kills()] * 2     # as counted at the last two looks
        self._orders: asyncio.Queue[SupervisorOrder] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read(on_report))
        self._reader.add_done_callback(self._note_reader)
        self._writer = asyncio.create_task(self._write())
        self._killer: asyncio.Task[None] | None = None
        self._broken = ""   # what was wrong with its reports

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @classmethod
    def start(cls, command: Sequence[str], log_file: Path,
              on_report: Callable[[TrainerReport], None]) -> "TrainerProcess":
        """Start `command` with `--channel FD`. Raises OSError when it cannot be started."""
        ours, theirs = socket.socketpair()
        trim(log_file)
        try:
            with theirs, log_file.open("ab", buffering=0) as output:
                # Not asyncio's own subprocess: it kills a child that still runs when the loop ends, in mid-save.
                # A process group of its own: SIGKILL to it takes the sample workers along.
                process = subprocess.Popen(
                    [*command, "--channel", str(theirs.fileno())], pass_fds=[theirs.fileno()], process_group=0,
                    stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=trainer_environment())
        except OSError:
            ours.close()
            raise
        with contextlib.suppress(OSError):  # only Linux has it, and a trainer that ended already has none
            Path(f"/proc/{process.pid}/oom_score_adj").write_text(str(OOM_SCORE))
        return cls(process, Stream(ours, REPORTS), on_report)

    def send(self, order: SupervisorOrder) -> None:
        """Send an order, after those before it. Never waits."""
        self._orders.put_nowait(order)

    async def _write(self) -> None:
        with contextlib.suppress(WireError):    # gone: its end is noticed elsewhere
            while True:
                frames = pack(await self._orders.get())
                while not self._orders.empty():     # what belongs together arrives together
                    frames += pack(self._orders.get_nowait())
                await self._stream.send_frames(frames)

    async def _read(self, on_report: Callable[[TrainerReport], None]) -> None:
        try:
            while (report := await self._stream.receive()) is not None:
                on_report(report)
        except (WireError, OSError) as error:
            self._give_up(f"the trainer's reports are not understood ({error}): if the program was changed while this "
                          "run's supervisor lived, stop the run, wait a minute and start it again")

    def _note_reader(self, reader: asyncio.Task[None]) -> None:
        """What on_report raised is a mistake of ours: this trainer waits for an answer that will not come."""
        if not reader.cancelled() and (fault := reader.exception()) is not None:
            log.error("report failed pid=%s", self.pid, exc_info=fault)
            self._give_up("the supervisor made a mistake with a report of the trainer; its log says more")

    def _give_up(self, why: str) -> None:
        self._broken = why
        log.error("trainer pid=%s broken=%r", self.pid, why)
        self.signal(signal.SIGKILL)

    def look(self) -> None:
        """Note how many processes the kernel killed for memory so far. Call it every second or so: one that it killed
        days ago, anywhere on the machine, must not explain how this trainer ends."""
        self._oom_kills = [self._oom_kills[1], oom_kills()]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the trainer; to its workers as well when it is SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            if not self._code.done():
                (os.killpg if number == signal.SIGKILL else os.kill)(self.pid, number)

    def end(self) -> None:
        """SIGTERM, and SIGKILL when it does not end in TERMINATE_PATIENCE_S. Returns at once."""
        if self._killer is None:
            self._killer = asyncio.create_task(self._end())

    async def _end(self) -> None:
        self.signal(signal.SIGTERM)
        await asyncio.sleep(TERMINATE_PATIENCE_S)
        log.warning("trainer pid=%s did not end within %g s after SIGTERM", self.pid, TERMINATE_PATIENCE_S)
        self.signal(signal.SIGKILL)

    def _await_end(self, loop: asyncio.AbstractEventLoop) -> None:
        """The thread that waits for the process."""
        code = self._process.wait()
        with contextlib.suppress(RuntimeError):     # the loop has ended: nobody asks any more
            loop.call_soon_threadsafe(self._note_end, code)

    def _note_end(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)

    async def wait(self) -> Exit:
        """Its end, after all of its reports were handled."""
        code = await asyncio.shield(self._code)
        # Its last words lie in the socket still: why it failed is among them.
        await asyncio.wait([self._reader], timeout=LAST_REPORTS_S)
        self.close()
        if code >= 0:
            return Exit(code, None, broken=self._broken)
        is_for_memory = -code == signal.SIGKILL and oom_kills() > self._oom_kills[0]
        return Exit(None, -code, out_of_memory=is_for_memory, broken=self._broken)

    def close(self) -> None:
        """Close our end of the channel: a trainer that still runs saves and ends by itself."""
        for task in (self._reader, self._writer, self._killer):
            if task is not None:
                task.cancel()
        self._stream.close()
