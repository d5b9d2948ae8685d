"""What may be refused because of this machine: precision and torch.compile. Measured at a boundary, before an act that
asks for it becomes an event; the measurement is an event too. A resume does not measure again what stands.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from core.events.act import Act, SetValues, UndoLast
from core.events.event import Change, Chose, SettingsChanged
from core.events.fold import inverse
from core.events.state import RunState
from core.settings.error import RefusedError
from core.settings.kind import Value
from core.train.boundary import Boundary
from core.train.choice import standing
from core.train.course import Course
from core.train.pretrain import in_effect
from core.train.probe import Verdict, probe_compile, probe_precision, refusal
from core.train.step import Step


class Measures(NamedTuple):
    """How precision and torch.compile are tried; tests have quicker ones."""

    precision: Callable[..., Verdict] = probe_precision
    compile: Callable[..., Verdict] = probe_compile


MEASURES = Measures()


class Prober:
    """`tries`: how often it has measured. `machine`: the device for people; `say`: tells what is done, and is a sign of
    life. For the training thread."""

    def __init__(self, step: Step, course: Course, boundary: Boundary, machine: str,
                 say: Callable[[str], None], *, measures: Measures = MEASURES) -> None:
        self._step = step
        self._course = course
        self._boundary = boundary
        self._machine = machine
        self._say = say
        self._measures = measures
        self.tries = 0

    def why_not(self, act: Act, iteration: int) -> RefusedError | None:
        """Why an act cannot be carried out on this machine, None where it can. Raises EndTraining."""
        values, now = values_of(act, self._course.state), self._course.settings
        new = {**now, **values}
        if new["precision"] not in ("fp32", now["precision"]):
            verdict = self._precision(new, iteration)
            if verdict is not None:
                return refusal(verdict)
        if new["compile"] and not now["compile"]:
            verdict = self._compile(new, iteration)
            if not verdict.works:
                return RefusedError(verdict.sentence, hint="leave compile off")
        return None

    def look_at_start(self, iteration: int) -> None:
        """Take back what the settings in force ask for and this machine cannot do well: a run that was made here knows
        that it can, one that was moved here does not. Raises EndTraining, RefusedError."""
        settings = self._course.settings
        name = str(settings["precision"])
        if name != "fp32" and (verdict := self._precision(settings, iteration)) is not None:
            self._take_back(Change("precision", name, "fp32"), verdict, iteration)
        if settings["compile"] and not (verdict := self._compile(settings, iteration)).works:
            self._take_back(Change("compile", old=True, new=False), verdict, iteration)

    def _take_back(self, change: Change, verdict: Verdict, iteration: int) -> None:
        """Have the change written down. Where events lie ahead it cannot be: then the run goes on slowly, if at all."""
        is_written = self._boundary.propose(SettingsChanged([change]), iteration, verdict.sentence)
        if not is_written and not verdict.works:
            raise RefusedError(verdict.sentence, hint=f"set {change.key}={change.new}".lower())

    def _precision(self, settings: Mapping[str, Value], iteration: int) -> Verdict | None:
        """The verdict where a precision is refused, None where it may be taken. What stands is not measured again."""
        name, is_allowed = str(settings["precision"]), bool(settings["allow_slow_precision"])
        known = standing(self._course.events, f"probe {name}", since="device")
        if known == "pays" or (known == "slow" and is_allowed):
            return None
        doing = f"tries {name}"
        self.tries += 1
        self._say(doing)
        verdict = self._measures.precision(self._step, in_effect(settings), self._machine, gives_up=not is_allowed,
                                           passed=lambda: self._say(doing))
        found = "pays" if verdict.pays else "slow" if verdict.works else "fails"
        self._boundary.propose(Chose(f"probe {name}", found, verdict.sentence), iteration)
        return None if verdict.pays or (verdict.works and is_allowed) else verdict

    def _compile(self, settings: Mapping[str, Value], iteration: int) -> Verdict:
        """Kernels have to be built in each process, so this is done at each start; it is written down once."""
        doing = "torch.compile builds kernels, which takes minutes"
        self.tries += 1
        self._say(doing)
        verdict = self._measures.compile(self._step, in_effect(settings), self._machine,
                                         passed=lambda: self._say(doing))
        if not verdict.works or standing(self._course.events, "probe compile", since="device") is None:
            found = "works" if verdict.works else "fails"
            self._boundary.propose(Chose("probe compile", found, verdict.sentence), iteration)
        return verdict


def values_of(act: Act, state: RunState) -> Mapping[str, Value]:
    """What settings an act would set; of an undo, what they were before."""
    match act:
        case SetValues(values=values):
            return values
        case UndoLast() if state.undoable:
            body = inverse(state.undoable[-1].body)
            return {c.key: c.new for c in body.changes} if isinstance(body, SettingsChanged) else {}
        case _:
            return {}
