"""What people ask: about the life of the trainer here, in every phase; all else at the desk. Answers go by a Reply."""

from collections.abc import Callable

from core.events.act import ResumeRun, RollBack, SetValues, StopRun, UndoLast, WithdrawAct
from core.events.event import Asked, Body, Resumed, RolledBack
from core.run.archive import Archive
from core.run.attempt import Attempt
from core.run.conductor import Conductor
from core.run.desk import Wish
from core.run.growing import undone_growth
from core.run.hook import Happening
from core.run.ledger import Draft, Ledger
from core.run.plan import plan
from core.settings.error import DflTuiError, RefusedError


class Steering:
    """Carries out what is asked of a run. `said`: told what happened to it, for the hook."""

    def __init__(self, conductor: Conductor, ledger: Ledger, archive: Archive,
                 said: Callable[[Happening, str], None]) -> None:
        self._conductor = conductor
        self._ledger = ledger
        self._archive = archive
        self._said = said

    async def do(self, wish: Wish) -> None:
        """Carry an act out, or take it in. Raises with a sentence."""
        desk = self._conductor.desk
        match wish.act:
            # At an iteration to come these are about that iteration, and wait at the desk like all others.
            case StopRun() if wish.at is None:
                self.stop(wish)
            case ResumeRun() if wish.at is None:
                self.resume(wish)
            case RollBack(generation=generation) if wish.at is None:
                await self.roll_back(generation, wish)
            case WithdrawAct(event=number) if wish.at is None:
                desk.withdraw(number, wish)
            case UndoLast() if wish.at is None and (growth := undone_growth(self._ledger.state)) is not None:
                await self.roll_back(growth.generation, wish, unasked=growth.asked)    # only a save takes weights back
            case _:
                desk.take(wish, progress=self._conductor.progress)

    def stop(self, wish: Wish) -> None:
        """Save, end the trainer, and leave the run stopped. Raises RefusedError when it is."""
        planned, attempt = plan(wish.act, self._ledger.state), self._conductor.attempt

        def write_down() -> None:
            if self._write(planned.body, wish, stopped(attempt, self._conductor.progress)):
                self._said("ended", "stopped by a person")

        self._conductor.when_ended("a person stopped the run", write_down)

    def resume(self, wish: Wish) -> None:
        """Go on, whatever the run waits for. Raises RefusedError when it waits for nothing."""
        state, attempt = self._ledger.state, self._conductor.attempt
        if attempt is not None and attempt.asked and not state.stopped:
            raise RefusedError("the trainer is just saving and ending", hint="resume the run when it has")
        if state.stopped == "target":
            self._refuse_reached_target()
        if state.paused and self._conductor.desk.is_ready:
            self._conductor.desk.take(wish, progress=self._conductor.progress)
            return
        event = None
        if state.stopped or state.paused:
            event = self._ledger.append(Draft(Resumed(), author=wish.author))
        elif not self._conductor.is_waiting_for_a_person:
            raise RefusedError("the run is going on already")
        self._conductor.forgive()
        if wish.reply:
            wish.reply.done(event, "the run goes on")

    def _refuse_reached_target(self) -> None:
        """A run at its target would stop again at once, unless a waiting act changes the target."""
        state = self._ledger.state
        waiting = [e.body.act for e in state.waiting if isinstance(e.body, Asked)]
        if any(isinstance(act, SetValues) and "target_iter" in act.values for act in waiting):
            return
        target = int(state.settings["target_iter"])
        if target and self._conductor.progress >= target:
            raise RefusedError(f"the target of {target:,} iterations is reached",
                               hint="set target_iter higher, or to 0, and resume the run then")

    async def roll_back(self, generation: int, wish: Wish, *, unasked: int | None = None) -> None:
        """Go on from an earlier generation in a new life. Raises StoreError when there is no such generation.

        unasked: the event that asked for what is taken back. Then it waits again, and would come again at once.
        """
        # Pinned: the save with which the trainer ends may push it out of those that are kept.
        kept, pin = await self._archive.pinned(generation)

        def write_down() -> None:
            life = self._ledger.state.life + 1
            dropped = [e for e in self._ledger.state.waiting if e.number > kept.journal]
            sentence = f"goes on from generation {kept.number} at iteration {kept.iteration:,}, as life {life}"
            with pin:
                if self._write(RolledBack(kept.number, kept.iteration, kept.journal, life), wish,
                               sentence + withdrawn(len(dropped))):
                    again = [e for e in self._ledger.state.waiting if e.number == unasked]
                    self._conductor.desk.dropped_by_roll_back([*dropped, *again])
                    self._conductor.goes_back_to(kept.iteration)

        self._conductor.when_ended("to go back to an earlier generation", write_down)

    def _write(self, body: Body, wish: Wish, sentence: str) -> bool:
        """Write an event and answer; False when the disk refused, which is then the answer."""
        try:
            event = self._ledger.append(Draft(body, self._conductor.progress, wish.author))
        except DflTuiError as error:
            if wish.reply:
                wish.reply.refused(error)
            return False
        if wish.reply:
            wish.reply.done(event, sentence)
        return True


def withdrawn(count: int) -> str:
    """What the answer to a roll back adds where acts waited that were asked for later than it; "" where none did."""
    if not count:
        return ""
    return "; an act asked for since then is withdrawn" if count == 1 else (
        f"; {count} acts asked for since then are withdrawn")


def stopped(attempt: Attempt | None, progress: int) -> str:
    """What a stop is answered: never that all is saved where it is not. `attempt`: the trainer that was ended."""
    if attempt is None:
        return "stopped: no trainer ran"
    if lost := attempt.lost():
        return f"stopped, but not all of {progress:,} iterations is saved: {lost}"
    return f"saved and stopped at iteration {progress:,}"
