"""Conditions of a recipe as data, and what they say of readings: `plateau(loss) and iterations >= 20000`.

Three answers, not two: a reading that nobody has taken yet makes a comparison unknown, and what is unknown neither
holds nor lets its opposite hold. So `not drop(likeness)` does not fire before likeness is watched.
Pure: the parser makes these records (condition_parser.py), the engine asks them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.events.reading import Readings, Verdict

# What a recipe can read. `since(X)` and the words stand beside them.
READINGS = ("loss", "loss.src", "loss.dst", "masks", "likeness", "best", "before", "iterations", "floor", "gan.balance")
WATCHED = ("loss", "loss.src", "loss.dst", "masks", "likeness")     # what plateau, drop and spike take
WORDS = ("plateau", "drop", "spike", "locked")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}
COMBINE: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a condition is asked of. is_locked: whether all blocks of a group are locked; None where it names none."""

    readings: Readings
    is_locked: Callable[[str], bool | None]


@dataclass(frozen=True, slots=True)
class Part:
    """One comparison or word of a condition, for people: its text with the numbers of now, whether it holds (None: not
    known yet), and how near it is, 0..1."""

    text: str
    holds: bool | None
    nearness: float


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    value: float

    def value_in(self, _: Seen) -> float | None:
        """Itself."""
        return self.value

    def __str__(self) -> str:
        return f"{self.value:,.10g}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One of READINGS."""

    name: str

    def value_in(self, seen: Seen) -> float | None:
        """The reading; None where it is not taken yet."""
        return seen.readings.value(self.name)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Since:
    """Iterations since a setting, `grow` or `inter_reset` changed."""

    what: str

    def value_in(self, seen: Seen) -> float | None:
        """How many; since the run's birth where it never did."""
        return float(seen.readings.since_change(self.what))

    def __str__(self) -> str:
        return f"since({self.what})"


@dataclass(frozen=True, slots=True)
class Sum:
    """Two numbers and one of + - * /."""

    left: "Term"
    sign: str
    right: "Term"

    def value_in(self, seen: Seen) -> float | None:
        """The result; None where a part is unknown, or divided by 0."""
        a, b = self.left.value_in(seen), self.right.value_in(seen)
        if a is None or b is None:
            return None
        if self.sign == "/":
            return a / b if b else None
        return COMBINE[self.sign](a, b)

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


Term = Number | Reading | Since | Sum


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two numbers and one of < <= > >=."""

    left: Term
    sign: str
    right: Term

    def part(self, seen: Seen) -> Part:
        """What it says now: `iterations 21,400 >= 20,000`."""
        a, b = self.left.value_in(seen), self.right.value_in(seen)
        text = f"{told(self.left, a)} {self.sign} {told(self.right, b)}"
        if a is None or b is None:
            return Part(text, None, 0.0)
        holds = COMPARE[self.sign](a, b)
        return Part(text, holds, 1.0 if holds else nearness(a, b, rises=self.sign[0] == ">"))


@dataclass(frozen=True, slots=True)
class Word:
    """`plateau(x)`, `drop(x)`, `spike(x)` of a reading, or `locked(x)` of a group."""

    word: str
    of: str

    def part(self, seen: Seen) -> Part:
        """What it says now: the detector's own sentence."""
        name = f"{self.word}({self.of})"
        if self.word == "locked":
            is_locked = seen.is_locked(self.of)
            return Part(name, is_locked, 1.0 if is_locked else 0.0)
        verdict = seen.readings.verdict(self.word, self.of)
        if verdict is None:
            return Part(f"{name}: not watched yet", None, 0.0)
        return Part(f"{name}: {verdict.sentence}", verdict_holds(verdict), 1.0 if verdict.holds else 0.0)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    of: "Condition"


@dataclass(frozen=True, slots=True)
class Both:
    """All (`and`) or any (`or`) of its conditions."""

    how: Literal["and", "or"]
    parts: tuple["Condition", ...]


Condition = Comparison | Word | Not | Both


# --- questions --------------------------------------------------------------------------------------------------------
def holds(condition: Condition, seen: Seen) -> bool | None:
    """Whether it holds; None while that is not known."""
    match condition:
        case Not(of=of):
            inner = holds(of, seen)
            return None if inner is None else not inner
        case Both(how=how, parts=parts):
            answers = [holds(part, seen) for part in parts]
            decisive = how == "or"
            if decisive in answers:
                return decisive
            return None if None in answers else not decisive
        case Comparison() | Word():
            return condition.part(seen).holds


def parts(condition: Condition, seen: Seen) -> list[Part]:
    """Its comparisons and words as they stand now, in the order of writing. The opposite of one is told as such."""
    match condition:
        case Not(of=of):
            return [opposite(part) for part in parts(of, seen)]
        case Both(parts=inner):
            return [part for one in inner for part in parts(one, seen)]
        case Comparison() | Word():
            return [condition.part(seen)]


def reason(condition: Condition, seen: Seen) -> str:
    """Why it holds: the parts that do, with their numbers."""
    return "; ".join(part.text for part in parts(condition, seen) if part.holds)


def progress(condition: Condition, seen: Seen) -> float:
    """How near it is to holding, 0..1, for a bar: the mean of what must all hold, the best of what may."""
    match condition:
        case Not():
            return 1.0 if holds(condition, seen) else 0.0
        case Both(how="and", parts=inner):
            return sum(progress(one, seen) for one in inner) / len(inner)
        case Both(parts=inner):
            return max(progress(one, seen) for one in inner)
        case Comparison() | Word():
            return condition.part(seen).nearness


# --- pieces -----------------------------------------------------------------------------------------------------------
def verdict_holds(verdict: Verdict) -> bool | None:
    """A detector that can say nothing yet makes its word unknown."""
    return None if not verdict.holds and verdict.confidence == 0 else verdict.holds


def opposite(part: Part) -> Part:
    """A part under `not`."""
    flipped = None if part.holds is None else not part.holds
    return Part(f"not {part.text}", flipped, 1.0 if flipped else 0.0)


def told(term: Term, value: float | None) -> str:
    """A term with its number: `likeness 71.2`, `before - 1 70.1`; a bare number is just itself."""
    if isinstance(term, Number):
        return str(term)
    return f"{term} {'unknown' if value is None else f'{value:,.6g}'}"


def nearness(a: float, b: float, *, rises: bool) -> float:
    """How far `a` has come towards `b`, 0..1, from 0 up where it rises; down from far above where it falls."""
    small, large = (a, b) if rises else (b, a)
    return max(0.0, min(1.0, small / large)) if large > 0 else 0.0
