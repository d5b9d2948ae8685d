"""How patient the detectors are: two sets of numbers, each tried as a whole on simulated traces (docs/detectors.md).

`normal` is for runs of days, `short` for runs of minutes. They are not to be mixed: a short block with a long window
has other false alarms than either.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class PlateauPace:
    """block: iterations (or readings) of a base block. window: blocks that a line is laid through. delta: the change
    for each 1,000 iterations that counts as none (of the logarithm of a loss, or in points). need: looks in a row."""

    block: int
    window: int
    delta: float
    need: int = 2


@dataclass(frozen=True, slots=True)
class DropPace:
    """first: readings before the first verdict, and those that the reference looks back over. limit: of the sum.
    recent: readings whose median is compared. factor: how many standard errors they lie below. least: points below.
    least_sd: the spread of a reading is taken as no smaller. quiet: readings after a change without an alarm."""

    first: int
    limit: float
    recent: int
    factor: float
    least: float
    least_sd: float
    quiet: int


@dataclass(frozen=True, slots=True)
class Pace:
    """All of one set. look: iterations between two looks at the losses; window: losses that a spike is held against."""

    look: int
    loss: PlateauPace
    likeness: PlateauPace
    drop: DropPace
    window: int

    @property
    def blank(self) -> int:
        """Iterations after a change that no plateau is made of (facts/training.md 4.5)."""
        return self.loss.block * self.loss.window


NORMAL = Pace(look=25, loss=PlateauPace(50, 16, 0.005), likeness=PlateauPace(1, 12, 0.25), window=200,
              drop=DropPace(first=16, limit=10.0, recent=5, factor=5.0, least=1.5, least_sd=0.15, quiet=5))
SHORT = Pace(look=10, loss=PlateauPace(10, 12, 0.05), likeness=PlateauPace(1, 8, 5.0), window=60,
             drop=DropPace(first=8, limit=7.0, recent=3, factor=4.0, least=2.0, least_sd=0.3, quiet=3))

PACES = MappingProxyType({"normal": NORMAL, "short": SHORT})
