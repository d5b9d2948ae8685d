"""Steps that were not applied because a number was not finite: three in a row or five of a hundred are a collapse."""

from collections.abc import Sequence

from msgspec import Struct

from core.events.reading import Verdict

IN_A_ROW = 3
OF_THE_LAST, AMONG = 5, 100


class NotFinite(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept: which of the last hundred steps were skipped. holds: a collapse was found since the last look."""

    iteration: int = 0
    skipped: list[bool] = []
    holds: bool = False
    row: int = 0


def advance(state: NotFinite, iteration: int, skipped: Sequence[bool]) -> NotFinite:
    """Take the outcomes of the iterations that end with `iteration`."""
    last, row, holds = list(state.skipped), state.row, False
    for one in skipped:
        last = [*last, one][-AMONG:]
        row = row + 1 if one else 0
        holds = holds or row >= IN_A_ROW or (one and last.count(True) >= OF_THE_LAST)
    return NotFinite(iteration, last, holds, row)


def verdict(state: NotFinite) -> Verdict:
    """Whether training has collapsed, in words."""
    count = state.skipped.count(True)
    words = f"{count} of the last {len(state.skipped)} steps were not applied because a number was not finite"
    return Verdict("not_finite", "loss", state.iteration, state.holds, words, {"skipped": float(count)}, 1.0)
