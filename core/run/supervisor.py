"""The supervisor: it is the run. Owns the run's lock, socket and journal, starts and watches the trainer, lets consoles
in. Never torch, never a terminal.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from core.events.act import ResumeRun, RollBack, StopRun, WithdrawAct
from core.events.event import Event, RolledBack, Warned
from core.run.address import listen
from core.run.archive import Archive
from core.run.client import Client
from core.run.conductor import SIGTERM_PATIENCE_S, Conductor, Setup
from core.run.desk import Wish, is_harmless
from core.run.environment import Programs
from core.run.fit import newest_that_fit
from core.run.hook import Happening, HookNote, call
from core.run.lease import Lease
from core.run.ledger import Draft, Ledger
from core.run.logs import trim
from core.run.machine import Sampler
from core.run.orphan import PATIENCE, Patience
from core.run.reply import Reply
from core.run.server import Server
from core.run.status import Moment, tick
from core.run.steering import Steering
from core.run.version import VERSION
from core.settings.error import RefusedError, StoreError
from core.store.folder import RunFolder
from core.store.lock import FolderLock
from core.wire.console_record import (
    PROTOCOL,
    Command,
    Done,
    EventNews,
    LeaseNews,
    Machine,
    Ping,
    PreviewNews,
    Request,
    StateNews,
    Tick,
    Welcome,
)
from core.wire.console_record import Lease as AskLease
from core.wire.limits import LEASE_SILENCE_S, WELCOME_EVENT_BYTES, WELCOME_EVENTS

TICK_S = 0.5
MACHINE_S = 2.0
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
    """One run, from the moment its lock is held. Implements `client.Host`.

    `successor`: the command line that this process is to become in the end, where the program was changed on disk; the
    lock of the run goes with it, so that nobody can come in between.
    """

    def __init__(self, folder: RunFolder, lock: FolderLock, options: Options) -> None:
        self._folder = folder
        self._lock = lock
        self._options = options
        self.successor: Sequence[str] = ()
        self._ledger = Ledger(folder)
        self._ledger.listeners.append(self._tell)
        self._archive = Archive(folder, self._ledger.events)
        setup = Setup(folder, options.programs, self._call_hook, self._tell_preview, options.patience)
        self._conductor = Conductor(setup, self._ledger, self._archive, is_parked=options.park)
        self._steering = Steering(self._conductor, self._ledger, self._archive, self._call_hook)
        self._lease = Lease()
        listener, self.socket_path = listen(folder.path)
        self._server = Server(listener, self.socket_path, self)
        self._preview: int | None = None
        self._series: list[str] = []
        self._machine: Machine | None = None
        self._sampler: Sampler | None = None
        self._machine_due_s = 0.0       # monotonic
        self._told: Tick | None = None
        self._must_end = asyncio.Event()
        self._hooks: set[asyncio.Task[None]] = set()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until told to end (SIGTERM) or until nobody needs the run any more."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._must_end.set)
        if self._ledger.torn:
            self._ledger.note(Draft(Warned("journal", self._ledger.torn)))
        on_ready()
        self._opened = asyncio.create_task(self._open_archive())
        helpers = [asyncio.create_task(work) for work in (
            self._server.accept(), every(TICK_S, self._tell_tick), every(LOOK_S, self._look_after),
            every(SLOW_S, self._look_after_files), every(TICK_S, self._read_machine))]
        conducting = asyncio.create_task(self._conductor.conduct())
        ending = asyncio.create_task(self._must_end.wait())
        await asyncio.wait([conducting, ending, *helpers], return_when=asyncio.FIRST_COMPLETED)
        await self._end(conducting, [ending, self._opened, *helpers])

    async def _end(self, conducting: asyncio.Task[None], others: Sequence[asyncio.Task[object]]) -> None:
        if self._must_end.is_set():
            self._conductor.end()
            await asyncio.wait([conducting], timeout=SIGTERM_PATIENCE_S)
        # else by a mistake of ours: without a word the trainer saves, ends, and starts another supervisor
        faults = [t.exception() for t in (conducting, *others) if t.done() and not t.cancelled()]
        for task in (conducting, *others):
            task.cancel()
        await asyncio.gather(conducting, *others, return_exceptions=True)
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

    async def _open_archive(self) -> None:
        """What a welcome needs of the past: read once, in the archive's thread."""
        try:
            self._series = await self._archive.series()
            self._preview = await self._archive.newest_preview()
        except StoreError as error:
            log.error("archive error=%s", error)

    # --- clients (client.Host) ----------------------------------------------------------------------------------------
    async def welcome(self, client: Client) -> Welcome:
        """The whole state, as it is when this is sent."""
        await asyncio.wait([self._opened])
        self._series = self._series or await self._archive.series()
        events = newest_that_fit(self._ledger.events[-WELCOME_EVENTS:], WELCOME_EVENT_BYTES)
        return Welcome(PROTOCOL, VERSION, self._ledger.state.name, str(self._folder.path), client.seat,
                       self._ledger.state, events, self._tick(), self._lease.seat, self._lease.label, self._series,
                       self._preview)

    async def serve(self, client: Client, request: Request) -> None:
        """Answer one request; what it raises becomes a Refused."""
        match request:
            case Command():
                await self._command(client, request)
            case AskLease():
                self._change_lease(client, request)
            case Ping():
                raise RefusedError("this is answered elsewhere")
            case _:
                client.send(await self._archive.answer(request))

    def left(self, client: Client) -> None:
        """The lease ends with its holder."""
        if self._lease.leave(client.seat):
            self._tell_lease()

    async def _command(self, client: Client, command: Command) -> None:
        act = command.act
        if not is_harmless(act):
            self._lease.check(client.seat)
        wish = Wish(act, f"person:{client.label}", command.at, reply=Reply(client.send, command.id))
        if not is_harmless(act) and self._lease.take(client.seat, client.label):
            self._tell_lease()
        match act:
            case StopRun() if command.at is None:
                self._steering.stop(wish)
            case ResumeRun() if command.at is None:
                self._steering.resume(wish)
            case RollBack(generation=generation) if command.at is None:
                await self._steering.roll_back(generation, wish)
            case WithdrawAct(event=number) if command.at is None:
                self._conductor.desk.withdraw(number, wish)
            case _:
                self._conductor.desk.take(wish, progress=self._conductor.progress)

    def _change_lease(self, client: Client, request: AskLease) -> None:
        if request.take:
            changed = self._lease.take(client.seat, client.label)
        else:
            self._lease.release(client.seat)
            changed = True
        client.send(Done(request.id, None, "you steer this run" if request.take else "nobody steers this run"))
        if changed:
            self._tell_lease()

    # --- news ---------------------------------------------------------------------------------------------------------
    def _tell(self, event: Event, ref: int | None) -> None:
        del ref     # the trainer's number; of no interest to consoles
        self._server.tell_all(EventNews(event))
        if isinstance(event.body, RolledBack):
            self._server.tell_all(StateNews(self._ledger.state))

    def _tell_lease(self) -> None:
        self._server.tell_all(LeaseNews(self._lease.seat, self._lease.label))

    def _tell_preview(self, iteration: int) -> None:
        self._preview = iteration
        self._server.tell_all(PreviewNews(iteration))

    def _tick(self) -> Tick:
        conductor = self._conductor
        phase, detail = conductor.phase
        beat = conductor.attempt.beat if conductor.attempt else None
        return tick(self._ledger.state, Moment(phase, detail, conductor.progress, beat, conductor.contact, time.time(),
                                               self._machine))

    def _tell_tick(self) -> None:
        """Send a tick when it says something else than the last one."""
        told = self._tick()
        if self._told is None or not same(told, self._told):
            self._told = told
            self._server.tell_all(told)

    # --- now and then -------------------------------------------------------------------------------------------------
    async def _read_machine(self) -> None:
        """Read the machine's load while somebody looks."""
        if not self._server.clients or time.monotonic() < self._machine_due_s:
            return
        self._machine_due_s = time.monotonic() + MACHINE_S
        if self._sampler is None:
            self._sampler = await asyncio.to_thread(Sampler, self._folder.path)
        attempt = self._conductor.attempt
        pid = attempt.trainer.pid if attempt and attempt.trainer else None
        self._machine = await asyncio.to_thread(self._sampler.read, pid)

    def _look_after(self) -> None:
        now_s = time.monotonic()
        self._conductor.look_after(now_s)
        self._conductor.look_at_program()
        self._server.end_silent()
        driver = self._server.clients.get(self._lease.seat)
        if driver is not None and now_s - driver.heard_s > self._options.lease_s:
            self.left(driver)
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


def same(one: Tick, other: Tick) -> bool:
    """Whether two ticks say the same, whenever they were made."""
    return replace(one, at=0.0) == replace(other, at=0.0)
