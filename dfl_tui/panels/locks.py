"""The lock tree: parts with their blocks, and the groups that the method speaks of; what is locked, why, since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style

from core.events.event import Block
from core.events.pattern import GROUPS, resolve
from core.events.state import Lock
from core.settings.error import RefusedError
from dfl_tui.binding import bindings
from dfl_tui.draw.line import Part, fit
from dfl_tui.draw.number import short
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.listing import Listing, Row
from dfl_tui.panels.message import TurnLock

OPEN, PARTLY, LOCKED = "○", "◐", "●"
GROUP = "group "      # prefix of the keys of group rows
GROUPS_FOLD = "groups"


@dataclass(frozen=True, slots=True)
class View:
    """Blocks in build order, and the locks by block."""

    blocks: tuple[Block, ...]
    locks: tuple[tuple[str, Lock], ...]


@dataclass(frozen=True, slots=True)
class Knot:
    """A row of the tree: its pattern for lock and unlock, name, depth, blocks; `folded` is None for a leaf."""

    pattern: str
    name: str
    depth: int
    blocks: tuple[str, ...]
    parameters: int
    folded: bool | None = None


def select(model: Model) -> View:
    """The tree's part of the model. Pure."""
    if model.state is None:
        return View((), ())
    return View(tuple(model.state.blocks), tuple(model.state.locks.items()))


def knots(blocks: Sequence[Block], unfolded: frozenset[str], words: str) -> list[Knot]:
    """The rows: parts, the blocks of unfolded ones (of all, where there is a filter), then the groups. Pure."""
    found: list[Knot] = []
    for part in dict.fromkeys(block.part for block in blocks):
        inside = [block for block in blocks if block.part == part]
        is_open = part in unfolded or bool(words)
        found.append(Knot(f"{part}.*" if len(inside) > 1 else inside[0].name, part, 0,
                          tuple(block.name for block in inside), total(inside), not is_open))
        if is_open:
            found += [Knot(block.name, block.name.removeprefix(f"{part}."), 1, (block.name,), block.parameters)
                      for block in inside]
    return [*found, *group_knots(tuple(blocks), GROUPS_FOLD in unfolded or bool(words))]


def group_knots(blocks: tuple[Block, ...], is_open: bool) -> list[Knot]:
    """The groups that name blocks of this network, under a heading."""
    if not blocks:
        return []
    heading = Knot("all", _("groups"), 0, tuple(block.name for block in blocks), total(blocks), not is_open)
    if not is_open:
        return [heading]
    by_name = {block.name: block for block in blocks}
    named = [(group, members(group, blocks)) for group in GROUPS]
    return [heading, *(Knot(group, group, 1, names, total([by_name[name] for name in names]))
                       for group, names in named if names)]


@lru_cache(maxsize=64)
def members(group: str, blocks: tuple[Block, ...]) -> tuple[str, ...]:
    """The blocks of a group, none where this network has none of them."""
    try:
        return tuple(resolve(group, blocks))
    except RefusedError:
        return ()


def total(blocks: Sequence[Block]) -> int:
    """Parameters of all `blocks`."""
    return sum(block.parameters for block in blocks)


def glyph(names: Sequence[str], locks: dict[str, Lock]) -> str:
    """Open, partly or wholly locked."""
    locked = sum(name in locks for name in names)
    return OPEN if not locked else LOCKED if locked == len(names) else PARTLY


def why(names: Sequence[str], locks: dict[str, Lock]) -> str:
    """Who locked these blocks and when; of several locks the youngest."""
    found = [locks[name] for name in names if name in locks]
    if not found:
        return ""
    # Of several locks the youngest: it is the one that a person remembers.
    lock = max(found, key=lambda one: one.since)
    kind, _colon, name = lock.author.partition(":")
    who = (name.partition("@")[0] or kind) if kind == "person" else lock.author
    reason = f": {lock.why}" if lock.why else ""
    return _("{who} since {n}{reason}").format(who=who, n=f"{lock.since:,}", reason=reason)


def row(knot: Knot, locks: dict[str, Lock], look: Look, width: int) -> Row:
    """One row of the tree. Pure."""
    state = glyph(knot.blocks, locks)
    style: Style = {OPEN: look.pale, PARTLY: look.warn, LOCKED: look.accent}[state]
    fold = " " if knot.folded is None else ("▸" if knot.folded else "▾")
    locked = sum(name in locks for name in knot.blocks)
    name_cells = min(max(width - 20, 10), 28)
    left: list[Part] = [(f"{'  ' * knot.depth}{fold} ", look.faint), (f"{state} ", style),
                        (fit(knot.name, name_cells - 2 * knot.depth), look.strong if knot.depth == 0 else look.text),
                        (f"{short(knot.parameters):>6}", look.pale)]
    if knot.folded is not None and state == PARTLY:
        left.append((f"  {locked}/{len(knot.blocks)}", look.warn))
    elif state == LOCKED:
        left.append((f"  {why(knot.blocks, locks) if width > 60 else _('locked')}", style))
    return Row(f"{GROUP if knot.pattern in GROUPS else ''}{knot.pattern}", tuple(left),
               text=f"{knot.pattern} {knot.name} {' '.join(knot.blocks) if knot.depth == 0 else ''}")


class LocksPanel(Listing[View]):
    """The lock tree. space: lock or open; right, left, enter: fold; /: filter."""

    ID = "locks"
    TITLE = "locks"
    BINDINGS = bindings("locks")

    def __init__(self) -> None:
        super().__init__()
        self._unfolded: frozenset[str] = frozenset()
        self._knots: dict[str, Knot] = {}

    def select(self, model: Model) -> View:
        return select(model)

    def rows(self, view: View, look: Look, width: int) -> list[Row]:
        locks = dict(view.locks)
        tree = knots(view.blocks, self._unfolded, self.words)
        rows = [row(knot, locks, look, width) for knot in tree]
        self._knots = {r.key: knot for r, knot in zip(rows, tree, strict=True)}
        if not rows:
            return [Row("none", ((" " + _("known once the trainer has started"), look.pale),))]
        return rows

    def note(self, view: View) -> str:
        if self.words:
            return self.filter_note()
        # The reason has no room in a row of 38 cells; the title tells it for the row under the cursor.
        knot = self._here() if self.has_focus else None
        if knot is not None and (told := why(knot.blocks, dict(view.locks))):
            return told
        return _("{n} of {all} locked").format(n=len(view.locks), all=len(view.blocks)) if view.blocks else ""

    def _here(self) -> Knot | None:
        return self._knots.get(self.current.key) if self.current is not None else None

    def action_lock(self) -> None:
        """Lock what is open or partly open, open what is locked."""
        knot = self._here()
        view = self.view
        if knot is not None and isinstance(view, View):
            self.post_message(TurnLock(knot.pattern, lock=glyph(knot.blocks, dict(view.locks)) != LOCKED))

    def action_unfold(self) -> None:
        """Show the blocks under the cursor."""
        self._fold(folded=False)

    def action_fold(self) -> None:
        """Hide the blocks under the cursor."""
        self._fold(folded=True)

    def action_turn(self) -> None:
        """Show or hide them."""
        knot = self._here()
        if knot is not None:
            self._fold(folded=not knot.folded)

    def _fold(self, *, folded: bool) -> None:
        knot = self._here()
        if knot is None or self.words:
            return
        if knot.depth:                                  # a leaf: fold what it lies in
            if not folded:
                return
            knot = self._part_of(knot)
        name = GROUPS_FOLD if knot.pattern == "all" else knot.name
        self._unfolded = self._unfolded - {name} if folded else self._unfolded | {name}
        self.redraw()

    def _part_of(self, leaf: Knot) -> Knot:
        """The part or heading that `leaf` lies under; the cursor goes there."""
        above = list(self._knots.items())
        above = above[:[knot for _key, knot in above].index(leaf)]
        key, part = next((key, knot) for key, knot in reversed(above) if knot.depth == 0)
        self.go_to(key)
        return part
