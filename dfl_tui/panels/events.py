"""The event log: what happened, when, by whom. Events of an abandoned life are struck through, never hidden."""

from dataclasses import dataclass

from rich.style import Style

from core.events.event import Asked, Ended, Event, Locked, RolledBack, SettingsChanged, Unlocked, Warned
from dfl_tui.binding import bindings
from dfl_tui.draw.line import Part
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.listing import Listing, Row
from dfl_tui.telling import author, is_calm_end, told

ITERATION_CELLS = 10


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


def row(event: Event, is_abandoned: bool, look: Look) -> Row:
    """One event. Pure."""
    style = look.faint + Style(strike=True) if is_abandoned else look.text
    glyph, glyph_style = ("~", look.faint) if is_abandoned else mark(event, look)
    left: tuple[Part, ...] = ((f"{event.iteration:>{ITERATION_CELLS},}  ", look.faint if is_abandoned else look.pale),
                              (f"{glyph} ", glyph_style), (told(event), style))
    return Row(str(event.number), left, ((author(event), look.faint if is_abandoned else look.pale),))


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

    def select(self, model: Model) -> View:
        return select(model)

    def rows(self, view: View, look: Look, width: int) -> list[Row]:
        return [row(event, event.number in view.abandoned, look) for event in view.events]

    def note(self, view: View) -> str:
        return self.count_note("{n} event", "{n} events")
