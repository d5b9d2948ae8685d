"""Where acts become events: asks the trainer for the iteration, writes the event, has it applied, then answers.

    accepted -> Ask -> At -> event in the journal -> Apply -> Applied -> Done

Without a trainer that stands in its loop, an act is journaled as Asked and carried out when one comes. Knows no process
and no socket: orders go out by a function, answers by a Reply.
"""

import itertools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.events.act import (
    Act,
    GrowRun,
    LockBlocks,
    MakeBackup,
    PauseRun,
    PreviewNow,
    ResumeRun,
    RollBack,
    SaveNow,
    SetValues,
    UndoLast,
    UnlockBlocks,
    WithdrawAct,
)
from core.events.event import (
    REPLAYED,
    Asked,
    BackedUp,
    Born,
    Ended,
    Event,
    Renamed,
    RolledBack,
    Started,
    Stopped,
    Warned,
    Withdrawn,
)
from core.run.ledger import Draft, Ledger
from core.run.plan import Plan, acts_at_start_only, check_act, plan
from core.run.reply import Reply
from core.settings.error import DflTuiError, RefusedError, StoreError
from core.wire.limits import MAX_WAITING
from core.wire.trainer_record import (
    Applied,
    Apply,
    Ask,
    At,
    Declined,
    Drop,
    NotSaved,
    Previewed,
    Propose,
    Saved,
    SupervisorOrder,
)

REPLAYED_ACTS = (SetValues, LockBlocks, UnlockBlocks, UndoLast, GrowRun)     # their iteration decides about bits
WITHOUT_EVENT = (SaveNow, PreviewNow)                               # nothing of the run changes
WITHOUT_BOUNDARY = (SaveNow, PreviewNow, MakeBackup)                # answered by Saved or Previewed, not by At
UNTIMED = (SaveNow, PreviewNow, UndoLast, ResumeRun, RollBack, WithdrawAct)
NOT_PROPOSED = (Born, RolledBack, Asked, Withdrawn, Ended, Renamed)

log = logging.getLogger(__name__)
Send = Callable[[SupervisorOrder], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """An act on its way. `asked`: number of its Asked event, if it has one; `reply`: who waits, if anybody does."""

    act: Act
    author: str
    at: int | None = None
    asked: int | None = None
    reply: Reply | None = None


class Desk:
    """Acts on their way into the journal. `end_trainer` is called with the reason when an event wants that;
    `is_ready` says whether the trainer stands in its loop."""

    def __init__(self, ledger: Ledger, end_trainer: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._end_trainer = end_trainer
        self._send: Send | None = None
        self._refs = itertools.count(1)
        self._wishes: dict[int, Wish] = {}                          # ref of the Ask -> wish
        self._unapplied: dict[int, tuple[Wish, Event, Plan]] = {}   # event number -> what to tell when it is in force
        self._troubles: set[str] = set()    # of saves, that are in the journal already
        self.is_ready = False
        ledger.listeners.append(self._apply)

    # --- the trainer comes and goes -----------------------------------------------------------------------------------
    def prepare(self) -> None:
        """Before a trainer starts: carry out what acts at its start, so that it need not start twice."""
        for event in self._ledger.state.waiting:
            body = event.body
            if isinstance(body, Asked) and body.at is None and acts_at_start_only(body.act):
                self._carry_out(Wish(body.act, event.author, asked=event.number))

    def came(self, send: Send) -> None:
        """A trainer has begun: it gets every act that waits."""
        self._send = send
        for event in self._ledger.state.waiting:
            if isinstance(event.body, Asked):
                self._ask(Wish(event.body.act, event.author, event.body.at, event.number))

    def gone(self) -> None:
        """The trainer ended: what it was asked for waits for the next one, what is in the journal is done."""
        self._send, self.is_ready = None, False
        unapplied, self._unapplied = list(self._unapplied.values()), {}
        for wish, event, planned in unapplied:
            if wish.reply:
                wish.reply.done(event, planned.sentence)
        wishes, self._wishes = list(self._wishes.values()), {}
        for wish in wishes:
            if wish.asked is None:
                self._answering(wish, self._take_without_trainer)

    def _answering(self, wish: Wish, work: Callable[[Wish], None]) -> None:
        """Do `work`; when it is refused, tell the one who waits."""
        try:
            work(wish)
        except DflTuiError as error:
            if wish.reply:
                wish.reply.refused(error)

    # --- an act comes in ----------------------------------------------------------------------------------------------
    def take(self, wish: Wish, *, progress: int) -> None:
        """Accept an act, now or for iteration `wish.at`. `progress`: completed iterations. Raises with a sentence."""
        check_act(wish.act)
        if wish.at is not None:
            self._take_for_later(wish, wish.at, progress)
        elif self.is_ready or (self._send is not None and isinstance(wish.act, WITHOUT_EVENT)):
            if not isinstance(wish.act, WITHOUT_BOUNDARY) and not self._ledger.state.waiting:
                plan(wish.act, self._ledger.state)   # refuse at once what would be refused at the boundary
            self._ask(wish)
        else:
            self._take_without_trainer(wish)

    def _take_for_later(self, wish: Wish, at: int, progress: int) -> None:
        if isinstance(wish.act, UNTIMED):
            raise RefusedError("this cannot wait for an iteration", hint="do it now")
        least = max(progress, self._ledger.state.iteration)
        if at < least:
            raise RefusedError(f"iteration {at:,} is past", hint=f"the run is at {least:,}")
        event = self._note_asked(wish)
        if self._send is not None:
            self._ask(replace(wish, asked=event.number, reply=None))
        if wish.reply:
            wish.reply.done(event, f"accepted for iteration {at:,}")

    def _take_without_trainer(self, wish: Wish) -> None:
        state = self._ledger.state
        match wish.act:
            case SaveNow():
                raise RefusedError("no trainer runs, so there is nothing new to save", hint="resume the run first")
            case PreviewNow():
                raise RefusedError("no trainer runs, so nothing can be drawn", hint="resume the run first")
            case UndoLast() if (newest := self._newest_waiting()) is not None:
                self.withdraw(newest.number, wish)
                return
            case PauseRun():
                at_once = True
            case _:
                at_once = self._send is None and (acts_at_start_only(wish.act) or self._acts_at_birth(wish.act))
        if at_once:
            self._carry_out(wish)
            return
        if not state.waiting and not (isinstance(wish.act, LockBlocks | UnlockBlocks) and not state.blocks) \
                and not isinstance(wish.act, MakeBackup):
            plan(wish.act, state)   # refuse now what nothing can change until then
        event = self._note_asked(wish)
        if self._send is not None:
            self._ask(replace(wish, asked=event.number, reply=None))
        if wish.reply:
            wish.reply.done(event, "accepted: takes effect when the trainer is in its loop again")

    def _acts_at_birth(self, act: Act) -> bool:
        """Before the first trainer every setting has one moment to act: iteration 0."""
        began = any(isinstance(event.body, Started) for event in self._ledger.events)
        return isinstance(act, SetValues | UndoLast) and not began

    def _newest_waiting(self) -> Event | None:
        """The last act that waits for a trainer, if it was asked after the last change that is in force."""
        state = self._ledger.state
        since = state.undoable[-1].number if state.undoable else 0
        waiting = [e for e in state.waiting if e.number > since and isinstance(e.body, Asked) and e.body.at is None]
        return waiting[-1] if waiting else None

    def _note_asked(self, wish: Wish) -> Event:
        if len(self._ledger.state.waiting) >= MAX_WAITING:
            raise RefusedError(f"{MAX_WAITING} acts wait already", hint="withdraw some of them")
        return self._ledger.append(Draft(Asked(wish.act, wish.at), author=wish.author))

    def _carry_out(self, wish: Wish) -> None:
        """Write the event of an act that needs no trainer."""
        planned = plan(wish.act, self._ledger.state)
        event = self._ledger.append(Draft(planned.body, author=wish.author, undoes=planned.undoes, asked=wish.asked))
        if wish.reply:
            wish.reply.done(event, planned.sentence)

    def withdraw(self, number: int, wish: Wish) -> None:
        """Take back the waiting act that event `number` accepted. Raises RefusedError when there is none."""
        if all(e.number != number for e in self._ledger.state.waiting):
            raise RefusedError(f"event {number} is no act that waits", hint="see the list of waiting acts")
        event = self._ledger.append(Draft(Withdrawn(number), author=wish.author))
        for ref in [ref for ref, other in self._wishes.items() if other.asked == number]:
            del self._wishes[ref]
            self._order(Drop(ref, "withdrawn"))
        if wish.reply:
            wish.reply.done(event, f"event {number} will not be carried out")

    def dropped_by_roll_back(self, dropped: Sequence[Event]) -> None:
        """Say in the journal what became of acts that were asked for after what the run went back to."""
        for event in dropped:
            self._ledger.note(Draft(Withdrawn(event.number), why="the run went back to an earlier generation"))

    # --- between desk and trainer -------------------------------------------------------------------------------------
    def _ask(self, wish: Wish) -> None:
        ref = next(self._refs)
        self._wishes[ref] = wish
        at = wish.at
        if isinstance(wish.act, REPLAYED_ACTS):     # what is trained again has the journal's changes and no others
            at = max(at or 0, self._ledger.state.iteration)
        self._order(Ask(ref, wish.act, at))

    def _order(self, order: SupervisorOrder) -> None:
        if self._send is not None:
            self._send(order)

    def _apply(self, event: Event, ref: int | None) -> None:
        self._order(Apply(event, ref))

    def on_at(self, report: At) -> None:
        """The trainer stands at the boundary of an act and waits: write its event, or let it go on."""
        wish = self._wishes.get(report.command)
        if wish is None:
            self._order(Drop(report.command, "withdrawn"))
            return
        if isinstance(wish.act, WITHOUT_BOUNDARY):
            return      # carried out by the trainer alone; Saved or Previewed follows
        del self._wishes[report.command]
        try:
            # A resume applies changes by their iterations: this one would come before a change that it follows.
            if isinstance(wish.act, REPLAYED_ACTS) and report.iteration < self._ledger.state.iteration:
                raise RefusedError(f"the trainer wanted to change something at iteration {report.iteration:,}, before "
                                   f"the last event", hint="ask again")
            planned = plan(wish.act, self._ledger.state, report)
            event = self._ledger.append(Draft(planned.body, report.iteration, wish.author, planned.why,
                                              undoes=planned.undoes, asked=wish.asked, ref=report.command))
        except DflTuiError as error:
            self._let_go(report.command, wish, error)
            return
        self._unapplied[event.number] = (wish, event, planned)
        if isinstance(planned.body, Stopped):
            self._end_trainer("the run is stopped")

    def on_declined(self, report: Declined) -> None:
        """The machine cannot do what was asked for."""
        wish = self._wishes.pop(report.command, None)
        if wish is not None:
            self._let_go(report.command, wish, RefusedError(report.sentence, hint=report.hint))

    def _let_go(self, ref: int, wish: Wish, error: DflTuiError) -> None:
        """An act cannot be carried out: the trainer goes on, whoever waits is told."""
        self._order(Drop(ref, str(error)))
        if wish.reply:
            wish.reply.refused(error)
        if wish.asked is not None and not isinstance(error, StoreError):    # a full disk: it stays asked for
            self._ledger.note(Draft(Withdrawn(wish.asked), why=str(error)))

    def on_applied(self, report: Applied) -> None:
        """An event is in force: now it is done."""
        # What the trainer proposed itself is applied too, and has nobody who waits.
        wish, event, planned = self._unapplied.pop(report.number, (None, None, None))
        if wish is None or event is None or planned is None:
            return
        if wish.reply:
            wish.reply.done(event, f"{planned.sentence}, from iteration {event.iteration:,}")
        if planned.restarts:
            self._end_trainer(f"to start again with {planned.sentence}")

    def on_propose(self, report: Propose) -> None:
        """The trainer found something that belongs into the journal."""
        body, state = report.body, self._ledger.state
        why_not = ""
        if isinstance(body, NOT_PROPOSED) or (isinstance(body, Stopped) and body.cause != "target"):
            why_not = "the trainer does not write this kind of event"
        elif isinstance(body, REPLAYED) and report.iteration < state.iteration:
            why_not = f"iteration {report.iteration:,} is before the last event's"
        elif isinstance(body, BackedUp) and state.backups.get(body.name) == body.generation:
            why_not = "written already"
        if not why_not:
            try:
                self._ledger.append(Draft(body, report.iteration, "trainer", report.why, ref=report.ref))
                return
            except DflTuiError as error:
                why_not = str(error)
        log.warning("proposal refused body=%r why=%r", type(body).__name__, why_not)
        self._order(Drop(report.ref, why_not))

    def on_saved(self, report: Saved) -> None:
        """A generation is durable: a named one becomes an event, whoever asked for it is told."""
        self._troubles.clear()
        wish = self._wishes.pop(report.ref, None) if report.ref is not None else None
        event = None
        if report.name and self._ledger.state.backups.get(report.name) != report.number:
            try:
                event = self._ledger.append(Draft(BackedUp(report.name, report.number), report.iteration,
                                                  wish.author if wish else "trainer",
                                                  asked=wish.asked if wish else None))
            except StoreError as error:
                log.error("backup=%s unwritten error=%s", report.name, error)
        if wish and wish.reply:
            wish.reply.done(event, f"saved generation {report.number} at iteration {report.iteration:,} "
                                   f"({report.bytes_written / 1e6:,.1f} MB in {report.seconds:.1f} s)")

    def on_not_saved(self, report: NotSaved) -> None:
        """A generation could not be written: an event (once), and an answer."""
        wish = self._wishes.pop(report.ref, None) if report.ref is not None else None
        error = StoreError(report.sentence, hint="training goes on; the last generation is whole")
        if wish and wish.reply:
            wish.reply.refused(error)
        if wish and wish.asked is not None:
            self._ledger.note(Draft(Withdrawn(wish.asked), why=report.sentence))
        about = "disk" if report.missing_bytes else "save"
        if about not in self._troubles:     # once until a save is well again: the numbers differ each time
            self._troubles.add(about)
            self._ledger.note(Draft(Warned(about, report.sentence)))

    def on_previewed(self, report: Previewed) -> None:
        """A preview is there, or is not: whoever asked for one is told."""
        for ref, wish in list(self._wishes.items()):
            if isinstance(wish.act, PreviewNow) and report.ref in (None, ref):
                del self._wishes[ref]
                if wish.reply and report.trouble:
                    wish.reply.refused(StoreError(report.trouble))
                elif wish.reply:
                    wish.reply.done(None, f"drew the preview of iteration {report.iteration:,}")


def is_harmless(act: Act) -> bool:
    """Whether an act changes nothing of the run, so that it needs no lease."""
    return isinstance(act, WITHOUT_EVENT)
