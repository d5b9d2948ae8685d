"""The trainer's life as one straight loop: wait for the old one, start, wait for its end, say why, decide, again.

What people ask for (core/run/steering.py) comes in between, on the same thread. Knows no client.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.events.event import Ended, Event, Stopped, Warned
from core.events.fold import inverse
from core.run import poison, restart
from core.run.archive import Archive
from core.run.attempt import Attempt
from core.run.desk import Desk
from core.run.environment import Programs
from core.run.hook import Happening
from core.run.ledger import Draft, Ledger
from core.run.orphan import PATIENCE, Orphan, Patience
from core.run.program import Program
from core.run.status import why_it_stands_still
from core.run.trainer_end import Exit, how_it_ended
from core.run.trainer_process import TrainerProcess
from core.settings.error import DflTuiError, StoreError
from core.store.folder import RunFolder
from core.wire.trainer_record import (
    Applied,
    At,
    Begin,
    Declined,
    Finish,
    NotSaved,
    Previewed,
    Propose,
    Saved,
    TrainerReport,
)

LOCK_POLL_S = 0.1
SAVE_PATIENCE_S = 300.0     # a large model on a slow disk; after that a stop is a SIGTERM
SIGTERM_PATIENCE_S = 10.0   # what a rented box gives between SIGTERM and SIGKILL
PROGRAM_POLL_S = 5.0        # a program that is being changed, or that does not start, is tried again so often

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a conductor works with. `said`: told what happened to the run, for the hook; `drew`: told of previews;
    `patience`: with the trainer of an earlier supervisor."""

    folder: RunFolder
    programs: Programs
    said: Callable[[Happening, str], None]
    drew: Callable[[int], None]
    patience: Patience = PATIENCE


class Conductor:
    """Starts and ends trainers. `phase` and `detail` say how it stands when no trainer speaks for itself;
    `hands_over`: the program was changed on disk, and the new one is to go on with the run."""

    def __init__(self, setup: Setup, ledger: Ledger, archive: Archive, *, is_parked: bool) -> None:
        self._setup = setup
        self._ledger = ledger
        self._archive = archive
        self.desk = Desk(ledger, self.end_trainer)
        self.attempt: Attempt | None = None
        self.is_parked = is_parked
        self.progress = ledger.state.iteration  # most completed iterations of this life that we know of
        self.contact = 0.0
        self._saved_iteration = 0
        self._phase, self._detail = "waiting", ""
        self._wake = asyncio.Event()
        self._is_ending = False
        self.hands_over = False
        self._program = Program(setup.programs)
        self._orphan = Orphan(setup.folder, setup.patience)
        self._history = restart.ends(ledger.events)
        self._deaths: list[poison.Death] = []

    # --- how it stands ------------------------------------------------------------------------------------------------
    @property
    def phase(self) -> tuple[str, str]:
        """Phase and detail as a tick says them."""
        if self.attempt is None:
            return self._phase, self._detail
        if self.attempt.asked:
            return "stopping", f"saves and ends: {self.attempt.asked}"
        return self.attempt.phase, self.attempt.detail

    @property
    def is_waiting_for_a_person(self) -> bool:
        """No trainer runs, and a resume would start one."""
        return self.attempt is None and (self.is_parked or self._phase == "backoff")

    @property
    def is_idle(self) -> bool:
        """No trainer runs and none is wanted."""
        return self.attempt is None and not self._wants_trainer()

    def _wants_trainer(self) -> bool:
        return not (self.is_parked or self._is_ending or self._ledger.state.stopped)

    # --- the loop -----------------------------------------------------------------------------------------------------
    async def conduct(self) -> None:
        """Keep a trainer running as long as one is wanted. Ends after `end`, and when another program `hands_over`."""
        await self._learn_progress()
        while not (self._is_ending or self.hands_over):
            if not self._wants_trainer():
                self._phase = "stopped" if self._ledger.state.stopped else "parked"
                self._detail = why_it_stands_still(self._ledger.state, self._ledger.events)
                if not await self._another_program_is_there():
                    await self._sleep(None)
                continue
            if not await self._old_trainer_is_gone() or await self._another_program_is_there():
                continue
            self._note_lost_trainer()
            attempt = self._begin()
            if attempt is not None and attempt.trainer is not None:
                await self._judge(attempt, await attempt.trainer.wait())

    async def _sleep(self, seconds: float | None) -> None:
        """Sleep until something changes, or for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _learn_progress(self) -> None:
        """How far the run is known to be, from its metric rows: a journal may be quiet for days."""
        try:
            row = await self._archive.last_row()
        except DflTuiError as error:
            log.error("metrics unreadable error=%s", error)
            return
        if row is not None and row[1] == self._ledger.state.life:
            self.progress = max(self.progress, row[0])

    async def _old_trainer_is_gone(self) -> bool:
        """Wait until no trainer of an earlier supervisor writes any more; False when something changed meanwhile."""
        waits_for = self._orphan.look(time.monotonic())
        if not waits_for:
            return True
        self._phase, self._detail = "waiting", waits_for
        await self._sleep(LOCK_POLL_S)
        return False

    async def _another_program_is_there(self) -> bool:
        """Whether the code on disk is not ours any more: then nothing is started by us. It goes on with the run as
        soon as it can; False where it is ours."""
        if not self._program.is_outdated():
            return False
        why_not = await asyncio.to_thread(self._program.why_not_ready) or self._ledger.owes
        if why_not:
            log.warning("program changed why_not=%r", why_not)
            if self._wants_trainer():
                self._phase, self._detail = "waiting", f"the program was changed on disk; {why_not}"
            await self._sleep(PROGRAM_POLL_S)
        elif not self._is_ending:
            sentence = "the program was changed on disk: a supervisor of the new one goes on with the run"
            self.hands_over = not self._ledger.note(Draft(Warned("program", sentence)))
        return True

    def _note_lost_trainer(self) -> None:
        """A trainer that began and has no end in the journal lost its supervisor: say so."""
        if restart.has_no_end(self._ledger.events):
            sentence = ("the supervisor ended without a word (killed, or the machine went down); "
                        + (self._orphan.story or "the run goes on from what was saved"))
            self._ledger.note(Draft(Ended("supervisor", sentence), self.progress))

    def _begin(self) -> Attempt | None:
        """Start a trainer; None when it could not be started."""
        folder = self._setup.folder
        self._prepare()
        self._phase, self._detail = "starting", ""
        attempt = Attempt()
        try:
            trainer = TrainerProcess.start(self._setup.programs.trainer, folder.trainer_log, self.on_report)
        except OSError as error:
            self._ledger.note(Draft(Stopped("failure"), why=f"the trainer cannot be started: {error}"))
            self.is_parked = True   # even if the disk did not take that event
            return None
        attempt.trainer = trainer
        self.attempt = attempt
        relaunch = [*self._setup.programs.supervisor, str(folder.path)]
        cache = folder.path.parent.parent / "cache"     # one for all runs of a home
        trainer.send(Begin(str(folder.path), str(cache), self._ledger.state.number, relaunch))
        self.desk.came(trainer.send)
        log.info("trainer pid=%s started", trainer.pid)
        return attempt

    def _prepare(self) -> None:
        try:
            self.desk.prepare()
        except DflTuiError as error:
            log.error("waiting acts stay: %s", error)

    def on_report(self, report: TrainerReport) -> None:
        """Take a report of the trainer: note how it stands, and do what it asks for."""
        if self.attempt is None:
            return
        self.contact = time.time()
        self.attempt.hear(report, time.monotonic())
        self.desk.is_ready = self.attempt.is_ready
        self.progress = max(self.progress, self.attempt.reached)
        match report:
            case At():
                self.desk.on_at(report)
            case Declined():
                self.desk.on_declined(report)
            case Applied():
                self.desk.on_applied(report)
            case Propose():
                self.desk.on_propose(report)
            case Saved():
                self._saved_iteration = report.iteration
                self.desk.on_saved(report)
            case NotSaved():
                self.desk.on_not_saved(report)
            case Previewed():
                self.desk.on_previewed(report)
                if not report.trouble:
                    self._setup.drew(report.iteration)
            case _:
                pass

    # --- after its end ------------------------------------------------------------------------------------------------
    async def _judge(self, attempt: Attempt, status: Exit) -> None:
        """Write down how it ended, take a deadly change back, and wait as the policy says."""
        self.attempt = None
        if attempt.failed is None:
            attempt.killed_for = attempt.killed_for or status.broken
        await self._learn_progress()
        state = self._ledger.state
        ended = how_it_ended(status, attempt.story(self.progress, asked="the run is stopped" if state.stopped else ""))
        change = poison.suspect(self._ledger.events, progress=self.progress)
        self._deaths.append(poison.Death(ended.cause, attempt.reached, change.number if change else None))
        # A change that may be taken back must not come after iterations that were trained with it.
        at = self.progress if change is None else max(state.iteration, self._saved_iteration)
        self._ledger.note(Draft(ended, at))
        self.desk.gone()
        log.info("trainer ended cause=%s sentence=%r", ended.cause, ended.sentence)
        for errand in attempt.errands:
            errand()
        if attempt.errands or self._is_ending:
            return
        if change is not None and poison.convicted(self._deaths, change) and self._take_back(change, ended, at):
            return
        await self._start_again(restart.End(ended.cause, ended.sentence, at, time.monotonic() - attempt.began_s))

    def _take_back(self, change: Event, ended: Ended, at: int) -> bool:
        """Write the inverse of a deadly change; False when the disk refused, which leaves it to the next death: no
        trainer may run while it is owed."""
        undone, why = inverse(change.body), poison.taken_back(change, ended)
        if undone is None:
            return False
        try:
            self._ledger.append(Draft(undone, at, why=why, undoes=change.number))
        except StoreError as error:
            log.error("change=%d stays in force error=%s", change.number, error)
            return False
        self._setup.said("restarted", why)
        return True

    async def _start_again(self, end: restart.End) -> None:
        self._history.append(end)
        match restart.decide(self._history):
            case restart.Stop(sentence=sentence):
                if self._ledger.note(Draft(Stopped("failure"), end.iteration, why=sentence)):
                    self.is_parked = True   # the disk did not take it, and without it the run would start again
                self._setup.said("failed", sentence)
            case restart.Again(wait_s=wait_s):
                if self._ledger.state.stopped:
                    self._setup.said("ended", end.sentence)
                    return
                if end.cause != "done":
                    self._setup.said("restarted", end.sentence)
                if wait_s:
                    self._phase = "backoff"
                    self._detail = f"starts again in {wait_s:.0f} s: {end.sentence}"
                    await self._sleep(wait_s)

    # --- what people ask for ------------------------------------------------------------------------------------------
    def end_trainer(self, why: str) -> None:
        """Have the trainer save and end; the loop decides what comes then."""
        if self.attempt is not None and not self.attempt.asked:
            self.attempt.asked = why
            self._finish(why)

    def _finish(self, why: str, *, is_final: bool = False) -> None:
        if self.attempt is None or self.attempt.trainer is None:
            return
        self.attempt.asked = self.attempt.asked or why
        self.attempt.finish_by_s = time.monotonic() + SAVE_PATIENCE_S
        self.attempt.trainer.send(Finish(why, is_final))

    def when_ended(self, why: str, errand: Callable[[], None]) -> None:
        """Do something when no trainer runs: now, or after the one that does has saved and ended."""
        if self.attempt is None:
            errand()
            self._wake.set()
            return
        self.attempt.errands.append(errand)
        self.end_trainer(why)

    def forgive(self) -> None:
        """A person wants the run to go on: what went wrong before counts no more, and nothing is waited for. A stop
        that a full disk did not take is no stop any more: written later, it would end what the person began."""
        self._ledger.drop_owed(Stopped)
        self._history, self._deaths, self.is_parked = [], [], False
        self._wake.set()

    def goes_back_to(self, iteration: int) -> None:
        """The run goes on from an earlier generation: what was known about later iterations is void."""
        self.progress = self._saved_iteration = iteration
        self._history, self._deaths = [], []

    # --- called now and then ------------------------------------------------------------------------------------------
    def look_after(self, now_s: float) -> None:
        """End a trainer that hangs, or that was told to end and does not."""
        attempt = self.attempt
        if attempt is None or attempt.trainer is None:
            return
        attempt.trainer.look()
        if sentence := attempt.hung(now_s):
            attempt.killed_for = sentence
            log.error("trainer pid=%s hung", attempt.trainer.pid)
            attempt.trainer.signal(signal.SIGUSR1)  # it writes its stacks into its log
            attempt.trainer.end()
        if attempt.finish_by_s is not None and now_s > attempt.finish_by_s:
            attempt.finish_by_s = None
            log.error("trainer pid=%s did not end when told", attempt.trainer.pid)
            attempt.trainer.end()

    def look_at_program(self) -> None:
        """A run that does not train goes over to a changed program too: new consoles find one that they understand."""
        if self.is_idle and self._program.is_outdated():
            self._wake.set()

    def end(self) -> None:
        """The supervisor was told to end: have the trainer save and end, within SIGTERM_PATIENCE_S, and start none."""
        self._is_ending = True
        self._wake.set()
        if self.attempt is not None:
            self.attempt.from_outside = True
            self._finish("the supervisor was told to end", is_final=True)
