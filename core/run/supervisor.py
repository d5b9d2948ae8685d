"""The supervisor: it is the run. Owns the run's lock, socket and journal, and what happens now and then.

The conductor keeps the trainer, the reception serves clients, the news tell them. Never torch, never a terminal.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.run.archive import Archive
from core.run.conductor import SIGTERM_PATIENCE_S, Conductor, Setup
from core.run.environment import Programs
from core.run.hook import Happening, HookNote, call
from core.run.ledger import Ledger
from core.run.logs import trim
from core.run.news import News
from core.run.orphan import PATIENCE, Patience
from core.run.reception import Reception
from core.run.server import Server
from core.run.steering import Steering
from core.settings.error import StoreError
from core.store.folder import RunFolder
from core.store.lock import FolderLock
from core.wire.limits import LEASE_SILENCE_S

TICK_S = 0.5
LOOK_S = 1.0
SLOW_S = 10.0       # logs, lock, what a full disk did not take
IDLE_S = 60.0       # a run that does not train and that nobody looks at needs no supervisor

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """How a supervisor runs. `park`: without a trainer; `idle_s`: until it ends when nobody needs it; `lease_s`: until
    a silent driver's lease ends; `patience`: with the trainer of an earlier one."""

    programs: Programs
    park: bool = False
    idle_s: float = IDLE_S
    lease_s: float = LEASE_SILENCE_S
    patience: Patience = PATIENCE


class Supervisor:
    """One run, from the moment its lock is held.

    `successor`: the command line that this process is to become in the end, where the program was changed on disk; the
    lock of the run goes with it, so that nobody can come in between.
    """

    def __init__(self, folder: RunFolder, lock: FolderLock, options: Options) -> None:
        self._folder = folder
        self._lock = lock
        self._options = options
        self.successor: Sequence[str] = ()
        self._ledger = Ledger(folder)
        self._archive = Archive(folder, self._ledger.events)
        setup = Setup(folder, options.programs, self._call_hook, self._drew, options.patience)
        self._conductor = Conductor(setup, self._ledger, self._archive, is_parked=options.park)
        steering = Steering(self._conductor, self._ledger, self._archive, self._call_hook)
        self._news = News(folder.path, self._ledger, self._conductor)
        self._reception = Reception(self._ledger, self._archive, steering, self._news)
        self._server = self._news.server = Server.at(folder.path, self._reception)
        self.socket_path = self._server.path
        self._ledger.listeners.append(self._news.event)
        self._must_end = asyncio.Event()
        self._hooks: set[asyncio.Task[None]] = set()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until told to end (SIGTERM) or until nobody needs the run any more."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._must_end.set)
        self._ledger.note_torn()
        on_ready()
        helpers = [asyncio.create_task(work) for work in (
            self._server.accept(), every(TICK_S, self._news.tick), every(LOOK_S, self._look_after),
            every(SLOW_S, self._look_after_files), every(TICK_S, self._news.read_machine))]
        opening = asyncio.create_task(self._reception.open())
        conducting = asyncio.create_task(self._conductor.conduct())
        ending = asyncio.create_task(self._must_end.wait())
        await asyncio.wait([conducting, ending, *helpers], return_when=asyncio.FIRST_COMPLETED)
        await self._end(conducting, [ending, opening, *helpers])

    async def _end(self, conducting: asyncio.Task[None], others: Sequence[asyncio.Task[object]]) -> None:
        if self._must_end.is_set():
            self._conductor.end()
            await asyncio.wait([conducting], timeout=SIGTERM_PATIENCE_S)
        # else by a mistake of ours: without a word the trainer saves, ends, and starts another supervisor
        faults = [t.exception() for t in (conducting, *others) if t.done() and not t.cancelled()]
        for task in (conducting, *others):
            task.cancel()
        await asyncio.gather(conducting, *others, return_exceptions=True)
        # After the conductor: clients hear of the trainer's end before they are closed.
        await self._server.close("the run's supervisor starts again, as the changed program"
                                 if self._conductor.hands_over else "the run's supervisor ends")
        if self._hooks:
            await asyncio.wait(self._hooks, timeout=2.0)
        self._archive.close()
        self._ledger.close()
        if self._conductor.hands_over:
            self.successor = [*self._options.programs.supervisor, str(self._folder.path), "--lock",
                              str(self._lock.hand_over()), *(["--park"] if self._conductor.is_parked else [])]
        else:
            self._lock.release()
        for fault in faults:
            if fault is not None:
                raise fault

    # --- now and then -------------------------------------------------------------------------------------------------
    def _look_after(self) -> None:
        now_s = time.monotonic()
        self._conductor.look_after(now_s)
        self._conductor.look_at_program()
        self._server.end_silent()
        self._reception.end_silent_lease(self._options.lease_s, now_s)
        # Somebody removed the run by hand: what would be written now would go to files that have no name any more.
        if not self._folder.exists():
            log.error("the run folder is gone, the supervisor ends")
            self._must_end.set()
        is_alone = not self._server.clients and now_s - self._server.last_left_s > self._options.idle_s
        if is_alone and self._conductor.is_idle:
            log.info("nobody needs this run, the supervisor ends")
            self._must_end.set()

    def _look_after_files(self) -> None:
        self._lock.beat()
        for path in (self._folder.trainer_log, self._folder.supervisor_log):
            trim(path)
        try:
            self._ledger.pay()
        except StoreError as error:
            log.error("events unwritten error=%s", error)

    def _drew(self, iteration: int) -> None:
        self._news.drew(iteration)

    def _call_hook(self, happening: Happening, sentence: str) -> None:
        command = str(self._ledger.state.settings.get("hook", ""))
        if not command:
            return
        note = HookNote(self._ledger.state.name, str(self._folder.path), happening, self._conductor.progress, sentence,
                        time.time())
        task = asyncio.create_task(call(command, note))
        self._hooks.add(task)
        task.add_done_callback(self._hooks.discard)


async def every(seconds: float, work: Callable[[], Awaitable[None] | None]) -> None:
    """Do a helper's work again and again. Its mistakes are logged, once each: a disk that refuses to touch a lock
    must not end the training."""
    last = ""
    while True:
        try:
            doing = work()
            if doing is not None:
                await doing
        except Exception as error:  # a worker's main
            if repr(error) != last:
                last = repr(error)
                log.exception("helper failed work=%s", work.__name__)
        await asyncio.sleep(seconds)
