"""Which generations are kept. Pure: it gets records, the time and the rules, and returns numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.settings.kind import Value
from core.store.manifest import Generation

DAY_S = 86_400
GB = 1_000_000_000
THIN_BLOCK_BYTES = 4096   # what stands for the moments of a block that were given up takes at most so many
AUTOMATIC = "auto-"       # names of backups that the clock makes begin so; only the newest of them are kept


@dataclass(frozen=True, slots=True)
class Keep:
    """The last `last` generations, one a day for `days` days, `backups` automatic backups; None = no limit.

    All of them within `budget_bytes`.
    """

    last: int
    days: int
    budget_bytes: int | None = None
    backups: int | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """What the rules say. `over_budget_bytes`: how far the generations that cannot be dropped exceed the budget;
    `thin`: those of `keep` that are to give up their moments."""

    keep: frozenset[int]
    over_budget_bytes: int
    thin: frozenset[int] = frozenset()


def keep_of(settings: Mapping[str, Value]) -> Keep:
    """The rules that a run's settings make."""
    budget = float(settings["disk_budget_gb"])
    return Keep(int(settings["keep_generations"]), int(settings["keep_days"]), int(budget * GB) if budget > 0 else None,
                int(settings["keep_backups"]))


def retained(generations: Sequence[Generation], keep: Keep, *, now_s: float, always: frozenset[int] = frozenset(),
             off_line: frozenset[int] = frozenset()) -> Retention:
    """Numbers of the generations to keep.

    always: pinned ones and the one that HEAD names. off_line: those of an abandoned life; they do not count among the
    last ones. Those that a person named, those of `always` and the newest of the line are kept whatever the budget, and
    whole. Beyond it the others give up their moments first, which are two thirds of a generation, and then go: daily
    ones before automatic backups, the oldest before the others; the last ones are whole until they go.
    """
    line = sorted(g.number for g in generations if g.number not in off_line)
    newest = max(generations, key=lambda g: g.number, default=None)
    automatic = sorted(g.number for g in generations if g.name.startswith(AUTOMATIC))
    named = {g.number for g in generations if g.name} - set(automatic)
    firm = named | {g.number for g in generations if g.number in always} | set(line[-1:])
    if newest is not None:
        firm.add(newest.number)
    last = set(line[-keep.last:]) if keep.last > 0 else set()
    daily = newest_of_days(generations, keep.days, now_s)
    backups = set(automatic if keep.backups is None else automatic[-keep.backups:])
    kept = firm | last | daily | backups
    if keep.budget_bytes is None:
        return Retention(frozenset(kept), 0)
    blobs = {g.number: g.blobs() for g in generations}
    spare = [*sorted(daily - backups - last - firm), *sorted(backups - last - firm)]
    thin = thinned(kept, blobs, [g for n in spare for g in generations if g.number == n], keep.budget_bytes)
    for number in (*spare, *sorted(last - firm)):
        if total_bytes(kept, blobs) <= keep.budget_bytes:
            break
        kept.discard(number)
    over_bytes = max(0, total_bytes(kept, blobs) - keep.budget_bytes)
    return Retention(frozenset(kept), over_bytes, frozenset(thin & kept))


def thinned(kept: set[int], blobs: dict[int, dict[str, int]], spare: Sequence[Generation],
            budget_bytes: int) -> set[int]:
    """Take the moments out of `blobs` of the generations of `spare`, in that order, until what is kept fits into the
    budget; which they are. One whose moments others hold as well would save nothing, and stays whole."""
    thin: set[int] = set()
    for generation in spare:
        before = total_bytes(kept, blobs)
        if before <= budget_bytes:
            break
        if generation.weights_only:
            continue
        whole = blobs[generation.number]
        stand_ins = {f"zeros of {generation.number}": THIN_BLOCK_BYTES * len(generation.blocks)}
        blobs[generation.number] = generation.weights() | stand_ins
        if total_bytes(kept, blobs) < before:
            thin.add(generation.number)
        else:
            blobs[generation.number] = whole
    return thin


def newest_of_days(generations: Sequence[Generation], days: int, now_s: float) -> set[int]:
    """The newest generation of each of the last `days` days (UTC), today included."""
    today = int(now_s // DAY_S)
    best: dict[int, int] = {}
    for generation in generations:
        day = int(generation.at // DAY_S)
        if today - days < day <= today:
            best[day] = max(best.get(day, 0), generation.number)
    return set(best.values())


def total_bytes(numbers: set[int], blobs: Mapping[int, Mapping[str, int]]) -> int:
    """Bytes of all blobs that these generations name, each counted once."""
    together: dict[str, int] = {}
    for number in numbers:
        together |= blobs[number]
    return sum(together.values())
