"""What happens between two iterations: orders are heard, acts are given their iteration, events come into force.

    Ask -> At -> (the supervisor writes the event) -> Apply -> in force -> Applied

The training thread stands still from At to Apply: changes are rare, and the journal must have them first.
"""

from typing import NamedTuple, Protocol

from core.events.act import Act, GrowRun, MakeBackup, PreviewNow, SaveNow
from core.events.event import Body, Stopped
from core.settings.error import RefusedError
from core.train.course import Course
from core.train.pipe import Ending, Pipe
from core.wire.trainer_record import (
    Applied,
    Apply,
    Ask,
    At,
    Begin,
    Declined,
    Drop,
    Finish,
    Phase,
    Propose,
    SupervisorOrder,
)

IDLE_S = 0.5    # while paused, timed work is looked after so often
FIRST_PROPOSAL = 1 << 32  # numbers of our proposals stand above those that the supervisor gives its asks


class EndTraining(Exception):  # noqa: N818  (not an error: the way out of the loop)
    """Training ends here, between two iterations."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.value)
        self.ending = ending


class Measured(NamedTuple):
    """Before a growth, as core.events.event.Grown has them: 0 where they were not measured."""

    floor: float = 0.0
    error: float = 0.0


class Errands(Protocol):
    """Work at a boundary that changes nothing of the run."""

    def want_save(self, name: str, ref: int) -> None:
        """Write a generation as soon as one can be written; `name` of a backup or ""."""

    def want_preview(self, ref: int) -> None:
        """Draw the preview faces."""

    def attend(self) -> None:
        """Do what is wanted or due by the clock, as far as it can be done now."""

    def why_not(self, act: Act) -> RefusedError | None:
        """Why an act cannot be carried out on this machine, None where it can."""

    def before_growth(self, act: GrowRun) -> Measured:
        """Measure whether a growth can help, and note how the run stands now."""

    def after_growth(self) -> None:
        """The growth is written down: keep how the run stood, grow, keep how it stands."""


class Boundary:
    """Serves the supervisor at iteration boundaries. `course` holds what is in force."""

    def __init__(self, pipe: Pipe, course: Course) -> None:
        self._pipe = pipe
        self._course = course
        self._asks: dict[int, Ask] = {}         # by command, in the order in which they came
        self._answers: dict[int, bool] = {}     # of the At or Propose that is waited for: written, or dropped
        self._proposals = FIRST_PROPOSAL
        self._iteration = 0
        self._is_stopped = False

    def serve(self, iteration: int, errands: Errands) -> bool:
        """Do all that is due after `iteration` completed ones; returns when the next step may begin.

        True when training stood still for a pause. Raises EndTraining.
        """
        self._iteration = iteration
        self._course.advance(iteration)
        was_paused = False
        while True:
            # All orders first: one of them may withdraw an act that is due now.
            while self._pipe.has_orders():
                self._take(self._pipe.receive())
            if self._asks and (ask := self._next_due()) is not None:
                self._carry_out(ask, errands)
                continue
            errands.attend()
            if self._is_stopped:    # Finish follows: not one step more
                self.hear(IDLE_S)
                continue
            if not self._course.state.paused:
                return was_paused
            if not was_paused:
                was_paused = True
                self._pipe.say(Phase("paused", f"stands at iteration {iteration:,}, everything is kept in memory"))
            self.hear(IDLE_S)

    def propose(self, body: Body, iteration: int, why: str = "") -> bool:
        """Have a fact written down and wait for it; False when the supervisor refused. Raises EndTraining."""
        self._iteration = iteration
        ref = self.mention(body, iteration, why)
        return self._wait_for(ref)

    def mention(self, body: Body, iteration: int, why: str = "") -> int:
        """Have a fact written down without waiting for it; the ref of the proposal."""
        ref, self._proposals = self._proposals, self._proposals + 1
        self._pipe.say(Propose(ref, iteration, body, why))
        return ref

    def hear(self, wait_s: float = 0.0) -> None:
        """Take what has come, or the first that comes in that time. Raises EndTraining."""
        self._take(self._pipe.receive(wait_s))
        while self._pipe.has_orders():
            self._take(self._pipe.receive())

    def _next_due(self) -> Ask | None:
        return next((a for a in self._asks.values() if a.at is None or a.at <= self._iteration), None)

    def _carry_out(self, ask: Ask, errands: Errands) -> None:
        del self._asks[ask.command]
        match ask.act:
            case SaveNow():
                errands.want_save("", ask.command)
            case MakeBackup(name=name):
                errands.want_save(name, ask.command)
            case PreviewNow():
                errands.want_preview(ask.command)
            case GrowRun() as act:
                floor, error = errands.before_growth(act)
                self._pipe.say(At(ask.command, self._iteration, floor, error))
                if self._wait_for(ask.command):
                    errands.after_growth()
            case act:
                if (refused := errands.why_not(act)) is not None:
                    self._pipe.say(Declined(ask.command, refused.message, refused.hint))
                    return
                self._pipe.say(At(ask.command, self._iteration))
                self._wait_for(ask.command)

    def _wait_for(self, ref: int) -> bool:
        """Stand still until the supervisor has answered; False when it dropped what was asked."""
        while ref not in self._answers:
            self._take(self._pipe.receive(None))
        is_written = self._answers[ref]
        # Also the answers to what was only mentioned: nobody waits for those.
        self._answers.clear()
        return is_written

    def _take(self, order: SupervisorOrder | Ending | None) -> None:
        match order:
            case None:
                pass
            case Ending():
                raise EndTraining(order)
            case Finish():
                raise EndTraining(Ending.FINISHED)
            case Ask():
                self._asks[order.command] = order
            case Apply():
                self._course.add(order.event)
                self._course.advance(self._iteration)
                self._is_stopped = self._is_stopped or isinstance(order.event.body, Stopped)
                self._pipe.say(Applied(order.event.number))
                if order.ref is not None:
                    self._answers[order.ref] = True
            case Drop():
                self._asks.pop(order.ref, None)
                self._answers[order.ref] = False
            case Begin():
                pass    # a second one says nothing new
