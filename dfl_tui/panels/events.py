"""The event log: what happened, when, by whom. Events of an abandoned life are struck through, never hidden."""

import time
from dataclasses import dataclass

from rich.style import Style

from core.events.event import Asked, Ended, Event, Locked, RolledBack, SettingsChanged, Unlocked, Warned
from dfl_tui.binding import bindings
from dfl_tui.draw.line import Part
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.listing import Listing, Row
from dfl_tui.telling import author, is_calm_end, told

ITERATION_CELLS = 10
WITH_TIME = 100           # cells from which on each row tells the time of day as well


@dataclass(frozen=True, slots=True)
class View:
    """The events, and the numbers of those that a roll back gave up."""

    events: tuple[Event, ...]
    abandoned: frozenset[int]


def select(model: Model) -> View:
    """The log's part of the model. Pure."""
    return View(model.events, abandoned(model.events))


def abandoned(events: tuple[Event, ...]) -> frozenset[int]:
    """Numbers of the events between what a roll back went back to and the roll back itself."""
    given_up: set[int] = set()
    for event in events:
        if isinstance(event.body, RolledBack):
            given_up.update(range(event.body.position + 1, event.number))
    return frozenset(given_up)


def row(event: Event, is_abandoned: bool, look: Look, *, with_time: bool = False) -> Row:
    """One event. Pure."""
    style = look.faint + Style(strike=True) if is_abandoned else look.text
    glyph, glyph_style = ("~", look.faint) if is_abandoned else mark(event, look)
    beside = look.faint if is_abandoned else look.pale
    left: list[Part] = [(f"{event.iteration:>{ITERATION_CELLS},}  ", beside), (f"{glyph} ", glyph_style),
                        (told(event), style)]
    if with_time:
        left.insert(1, (f"{when(event.at, '%m-%d %H:%M')}  ", beside))
    return Row(str(event.number), tuple(left), ((author(event), beside),))


def when(at: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A moment in the time zone of the console."""
    return time.strftime(form, time.localtime(at))


def whole(event: Event) -> list[str]:
    """Everything that an event says, in paragraphs. Pure."""
    lines = [told(event)]
    if isinstance(event.body, Locked | Unlocked):
        lines.append(", ".join(event.body.blocks))
    lines.append(_("Iteration {n}, life {life}, {when}, by {who}. Event {number} of the journal.").format(
        n=f"{event.iteration:,}", life=event.life, when=when(event.at), who=author(event), number=f"{event.number:,}"))
    return lines


def mark(event: Event, look: Look) -> tuple[str, Style]:
    """A glyph by kind: the chart's own."""
    match event.body:
        case Warned():
            return "!", look.warn
        case Ended():
            return ("·", look.pale) if is_calm_end(event.body) else ("✖", look.bad)
        case SettingsChanged():
            return "◆", look.accent
        case Locked():
            return "■", look.accent
        case Unlocked():
            return "□", look.accent
        case RolledBack():
            return "◀", look.warn
        case Asked():
            return "◌", look.pale
        case _:
            return "·", look.pale


class EventsPanel(Listing[View]):
    """The log, newest below."""

    ID = "events"
    TITLE = "events"
    BINDINGS = bindings("events")
    follows = True

    def __init__(self) -> None:
        super().__init__()
        self._events: tuple[Event, ...] | None = None
        self._selected = View((), frozenset())
        self._made: dict[tuple[int, bool, bool], Row] = {}

    def select(self, model: Model) -> View:
        if model.events is not self._events:     # not for every tick: there may be thousands
            self._events, self._selected = model.events, select(model)
        return self._selected

    def rows(self, view: View, look: Look, width: int) -> list[Row]:
        return [self._row(event, event.number in view.abandoned, width >= WITH_TIME) for event in view.events]

    def _row(self, event: Event, is_abandoned: bool, with_time: bool) -> Row:
        key = (event.number, is_abandoned, with_time)
        if key not in self._made:
            self._made[key] = row(event, is_abandoned, self.look, with_time=with_time)
        return self._made[key]

    def restyle(self) -> None:
        self._made.clear()
        super().restyle()

    def note(self, view: View) -> str:
        return self.count_note("{n} event", "{n} events")

    def action_tell(self) -> None:
        """The event under the cursor in full."""
        from dfl_tui.screens.notice import Notice  # late: dialogs are rare

        view, current = self.view, self.current
        chosen = [e for e in view.events if current and str(e.number) == current.key] if view is not None else []
        if chosen:
            self.app.push_screen(Notice(_("Event {number}").format(number=f"{chosen[0].number:,}"), whole(chosen[0])))
