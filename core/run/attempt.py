"""One life of a trainer process, as the supervisor follows it: what it reported, how far it came, why it was ended."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.run.pulse import Pulse
from core.run.trainer_end import Story
from core.wire.trainer_record import (
    At,
    Beat,
    Bye,
    Failed,
    NotSaved,
    Phase,
    Propose,
    RankNews,
    RankStanding,
    Saved,
    TrainerReport,
)

if TYPE_CHECKING:
    from core.run.trainer_process import TrainerProcess

IN_LOOP = ("training", "paused", "saving")   # phases in which boundaries come
BEFORE_LOOP = ("starting", "trial")
# Until the first iteration is told of. While faces are read and while steps are tried, reports come all the time; what
# is silent is one look at a slow disk, or one step of a very large network on a CPU.
FIRST_SILENCE_S = 900.0


@dataclass(slots=True)
class Attempt:
    """Mutable: one owner, the supervisor. `reached`: furthest boundary it stood at, -1 before any; `asked`: why it was
    told to end.

    not_saved: what kept its last save from the disk, "" where that is well. errands: what is to be done when it has
    ended, in order. finish_by_s: when patience ends (monotonic).
    """

    pulse: Pulse = field(default_factory=lambda: Pulse(time.monotonic()))
    began_s: float = field(default_factory=time.monotonic)
    trainer: "TrainerProcess | None" = None
    phase: str = "starting"
    detail: str = ""
    beat: Beat | None = None
    ranks: Sequence[RankStanding] = ()
    reached: int = -1
    is_ready: bool = False
    failed: Failed | None = None
    bye: Bye | None = None
    asked: str = ""
    from_outside: bool = False
    killed_for: str = ""
    not_saved: str = ""
    finish_by_s: float | None = None
    errands: list[Callable[[], None]] = field(default_factory=list)

    def hear(self, report: TrainerReport, now_s: float) -> None:
        """Take note of a report."""
        if not isinstance(report, RankNews):    # which come from a thread that knows nothing of training
            self.pulse.beat(now_s, report.it_s if isinstance(report, Beat) else 0.0)
        match report:
            case RankNews(ranks=ranks):
                self.ranks = ranks
            case Phase(phase=phase, detail=detail):
                self.phase, self.detail = phase, detail
                self.is_ready = self.is_ready or phase in IN_LOOP
            case Beat():
                self.beat = report
                self.is_ready = True
                self.reached = max(self.reached, report.iteration)
            case At(iteration=iteration) | Propose(iteration=iteration):
                self.reached = max(self.reached, iteration)
            case Saved():
                self.not_saved = ""
            case NotSaved(sentence=sentence):
                self.not_saved = sentence
            case Failed():
                self.failed = report
                if self.reached >= 0 or self.phase != "starting":   # else no change was in force yet
                    self.reached = max(self.reached, report.iteration)
            case Bye():
                self.bye = report
                self.reached = max(self.reached, report.iteration)
            case _:
                pass

    def hung(self, now_s: float) -> str:
        """A sentence when it should start or train and shows no sign of life, else ""."""
        if self.asked or self.killed_for or self.phase not in (*BEFORE_LOOP, "training"):
            return ""
        if self.phase == "training" and self.beat is not None:
            return self.pulse.hung(now_s)
        silence_s = self.pulse.silence_s(now_s)
        if silence_s <= FIRST_SILENCE_S:
            return ""
        where = f"{self.phase}: {self.detail}" if self.detail else self.phase
        return f"the trainer said nothing for {silence_s:.0f} s before its first iteration ({where}), so it was ended"

    def lost(self) -> str:
        """Why what it trained is not all saved, now that it has ended; "" where it is."""
        if self.bye is None:
            return "the trainer ended before it had saved"
        return self.not_saved

    def story(self, iteration: int, *, asked: str) -> Story:
        """What was said before its end."""
        return Story(iteration, failed=self.failed, said_bye=self.bye is not None, asked=self.asked or asked,
                     from_outside=self.from_outside, killed_for=self.killed_for)
