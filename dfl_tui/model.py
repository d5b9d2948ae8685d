"""What a console knows of its run: one frozen record, and `apply`, the only way to the next one. Pure.

Knows no socket, widget or clock. Panels draw from it and nothing else; what they asked for lies in `answers`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from core.events.event import Event
from core.events.fold import apply as fold_event
from core.events.state import RunState
from core.settings.error import JournalError
from core.wire.console_record import (
    AskEvents,
    ClientMessage,
    EventNews,
    Events,
    LeaseNews,
    PreviewNews,
    StateNews,
    SupervisorMessage,
    Tick,
    Welcome,
)

KEPT_EVENTS = 20_000  # of the newest; about 20 MB, and a run of months has a tenth of that
EVENTS_AT_ONCE = 500  # what one answer holds (core/wire/limits.py)


@dataclass(frozen=True, slots=True)
class Link:
    """How the connection stands, with a sentence for people where it does not."""

    word: Literal["connecting", "connected", "lost"]
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request (its id set to 0) got."""

    request: ClientMessage
    answer: SupervisorMessage


@dataclass(frozen=True, slots=True)
class Answered:
    """A panel's request `name` was answered."""

    name: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Clock:
    """The console's clock, in whole seconds of Unix time: for ages only."""

    wall: float


@dataclass(frozen=True, slots=True)
class Model:
    """Everything on screen. `state` and `tick` are None before the first welcome."""

    run: str = ""
    folder: str = ""
    link: Link = Link("connecting")
    state: RunState | None = None
    events: tuple[Event, ...] = ()
    tick: Tick | None = None
    seat: int = 0
    driver: int = 0
    driver_label: str = ""
    series: tuple[str, ...] = ()
    preview: int | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    wall: float = 0.0

    @property
    def steers(self) -> bool:
        """Whether this console holds the lease."""
        return self.driver != 0 and self.driver == self.seat

    @property
    def life(self) -> int:
        """The life that the run is in."""
        return self.state.life if self.state else 0


Message = SupervisorMessage | Link | Answered | Clock


def apply(model: Model, message: Message | Struct) -> Model:
    """The model after `message`. Answers to commands change nothing here: their event comes by itself."""
    match message:
        case Welcome():
            return welcomed(model, message)
        case EventNews(event=event):
            return with_event(model, event)
        case StateNews(state=state):
            return replace(model, state=state)
        case Tick():
            return replace(model, tick=message)
        case PreviewNews(iteration=iteration):
            return replace(model, preview=iteration)
        case LeaseNews(driver=driver, driver_label=label):
            return replace(model, driver=driver, driver_label=label)
        case Link():
            return replace(model, link=message)
        case Answered(answer=Answer(answer=Events(events=events))):
            return replace(model, events=merged(model.events, events))
        case Answered(name=name, answer=answer):
            return replace(model, answers={**model.answers, name: answer})
        case Clock(wall=wall):
            return replace(model, wall=wall)
        # Pongs, and answers that a future waits for, say nothing about the run.
        case _:
            return model


def welcomed(model: Model, welcome: Welcome) -> Model:
    """The whole state again, at the first connection or a later one; answers stay until they are asked for anew."""
    return replace(
        model, run=welcome.run, folder=welcome.folder, link=Link("connected"), state=welcome.state,
        events=merged(model.events, welcome.events), tick=welcome.tick, seat=welcome.seat, driver=welcome.driver,
        driver_label=welcome.driver_label, series=tuple(welcome.series), preview=welcome.preview)


def merged(known: Sequence[Event], more: Sequence[Event]) -> tuple[Event, ...]:
    """Both in the order of their numbers, the newest KEPT_EVENTS of them."""
    # Numbers have no gaps in a journal, and what was heard twice is the same event.
    by_number = {event.number: event for event in (*known, *more)}
    return tuple(by_number[number] for number in sorted(by_number)[-KEPT_EVENTS:])


def missing_events(events: Sequence[Event]) -> AskEvents | None:
    """The request for the newest events that are not known: before the oldest, or in a gap that a lost connection
    left. None where nothing is missing, or no more is kept. Pure."""
    if not events or len(events) >= KEPT_EVENTS:
        return None
    before = events[0].number
    if events[-1].number - before + 1 != len(events):
        before = next(later.number for earlier, later in reversed(list(pairwise(events)))
                      if later.number != earlier.number + 1)
    known = max((event.number for event in events if event.number < before), default=0)
    first = max(before - EVENTS_AT_ONCE, known + 1)
    return AskEvents(0, first, before - 1) if first < before else None


def with_event(model: Model, event: Event) -> Model:
    """One event more. A roll back is shown at once and its state comes by StateNews."""
    if model.events and event.number <= model.events[-1].number:
        return model            # it was in a welcome already
    events = (*model.events, event)[-KEPT_EVENTS:]
    if model.state is None or event.number <= model.state.number:
        return replace(model, events=events)
    try:
        return replace(model, events=events, state=fold_event(model.state, event))
    except JournalError:
        return replace(model, events=events)     # not foldable without the journal: the state is sent after it
