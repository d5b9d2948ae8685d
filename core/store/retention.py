"""Which generations are kept. Pure: it gets records, the time and the rules, and returns numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.settings.kind import Value
from core.store.manifest import Generation

DAY_S = 86_400
GB = 1_000_000_000
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
    """What the rules say. `over_budget_bytes`: how far the generations that cannot be dropped exceed the budget."""

    keep: frozenset[int]
    over_budget_bytes: int


def keep_of(settings: Mapping[str, Value]) -> Keep:
    """The rules that a run's settings make."""
    budget = float(settings["disk_budget_gb"])
    return Keep(int(settings["keep_generations"]), int(settings["keep_days"]), int(budget * GB) if budget > 0 else None,
                int(settings["keep_backups"]))


def retained(generations: Sequence[Generation], keep: Keep, *, now_s: float, always: frozenset[int] = frozenset(),
             off_line: frozenset[int] = frozenset()) -> Retention:
    """Numbers of the generations to keep.

    always: pinned ones and the one that HEAD names. off_line: those of an abandoned life; they do not count among the
    last ones. Those that a person named, those of `always` and the newest of the line are kept whatever the budget;
    beyond it the daily ones go first, then automatic backups, the oldest before the others.
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
    for number in (*sorted(daily - backups - last - firm), *sorted(backups - last - firm), *sorted(last - firm)):
        if total_bytes(kept, blobs) <= keep.budget_bytes:
            break
        kept.discard(number)
    return Retention(frozenset(kept), max(0, total_bytes(kept, blobs) - keep.budget_bytes))


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
