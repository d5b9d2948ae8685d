"""What is read off a training run, and what follows from it: the records that detectors make and plans ask.

Here and not beside the detectors, because a plan may not know how a reading is taken, and a console shows both.
"""

from typing import Literal

from msgspec import Struct

VerdictKind = Literal["plateau", "drop", "spike", "sustained", "divergence", "not_finite"]


class Verdict(Struct, frozen=True, forbid_unknown_fields=True):
    """One finding of a detector, at one iteration.

    of: the reading that it is about ("loss", "likeness"). holds: it is so; False: it is not so, or nothing can be said
    yet. sentence: for people, with the numbers. numbers: what the sentence says, by name. confidence: of the statement,
    0..1; 0 while nothing can be said.
    """

    kind: VerdictKind
    of: str
    iteration: int
    holds: bool
    sentence: str
    numbers: dict[str, float] = {}
    confidence: float = 0.0


class LikenessNews(Struct, frozen=True, forbid_unknown_fields=True):
    """The newest likeness reading, for people. measure: "likeness", or "departure" where the network is missing.

    score 0..100 and more, with its 95 % interval; distance: mean to the source. change, change_low, change_high: in
    points since the reading before, over the same faces. bands: score by yaw. worst: names and scores of three probes.
    trouble: why no rule uses it, or "".
    """

    iteration: int
    measure: str
    score: float
    low: float
    high: float
    distance: float
    change: float = 0.0
    change_low: float = 0.0
    change_high: float = 0.0
    bands: dict[str, float] = {}
    worst: dict[str, float] = {}
    trouble: str = ""


class WatchNews(Struct, frozen=True, forbid_unknown_fields=True):
    """What a console is told of the watching: the newest reading, and the verdicts that say something."""

    likeness: LikenessNews | None = None
    verdicts: list[Verdict] = []


class Readings(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is known at one iteration, as a plan may ask for it.

    values: by name: "loss", "loss.src", "loss.dst", "masks" (trimmed means of the last block), "likeness", "best",
    "before", "iterations", "floor", "gan.balance". A name that is missing is not known yet.
    since: iterations since the last change, by setting and "grow", "inter_reset"; missing = never changed.
    verdicts: the newest of each detector.
    """

    iteration: int
    life: int
    values: dict[str, float] = {}
    since: dict[str, int] = {}
    verdicts: list[Verdict] = []

    def value(self, name: str) -> float | None:
        """The reading of that name, None while it is not known."""
        return self.values.get(name)

    def since_change(self, what: str) -> int:
        """Iterations since `what` changed; since the run's birth where it never did."""
        return self.since.get(what, self.iteration)

    def plateau(self, of: str) -> Verdict | None:
        """Whether that reading stands still; None where nothing watches it."""
        return self.verdict("plateau", of)

    def drop(self, of: str) -> Verdict | None:
        """Whether that reading has fallen, found at this very reading."""
        return self.verdict("drop", of)

    def spike(self, of: str) -> Verdict | None:
        """Whether that reading leapt at one of the iterations since the last look."""
        return self.verdict("spike", of)

    def verdict(self, kind: str, of: str) -> Verdict | None:
        """The newest verdict of a detector."""
        return next((v for v in self.verdicts if v.kind == kind and v.of == of), None)
