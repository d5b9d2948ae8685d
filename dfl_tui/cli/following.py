"""Following a run by its messages, until it stops: what `train --plain` and `watch` have in common.

A supervisor that ends while the run should train is started again: a training is not lost with one process.
"""

from collections.abc import Iterator

from core.events.event import Event, Resumed, RolledBack, Stopped
from core.events.fold import apply
from core.events.state import RunState
from core.run.start import Place, ensure_supervisor
from core.settings.error import WireError
from core.wire.console_record import EventNews, StateNews, SupervisorMessage, Tick
from dfl_tui.cli.connection import Connection
from dfl_tui.cli.failure import RunFailedError
from dfl_tui.cli.standing import Standing, from_tick

LOST_CONTACTS = 5  # in a row, without a tick between them: then something is wrong that starting again will not mend


def follow(place: Place, connection: Connection) -> Iterator[Standing | Event]:
    """Every event, and how the run stands at every tick, until it stops. The connection is closed at the end.

    Ends when it is stopped and its trainer has saved and ended; raises RunFailedError where it stopped for a failure.
    """
    lost = 0
    while True:
        try:
            with connection:
                news = connection.follow()
                for item in followed(place.name, connection.welcome.state, connection.welcome.tick, news):
                    lost = 0 if isinstance(item, Standing) and item.state == "training" else lost
                    yield item
                return
        except WireError:
            lost += 1
            if lost > LOST_CONTACTS:
                raise
        connection = Connection(ensure_supervisor(place, park=False))


def followed(name: str, state: RunState, tick: Tick, news: Iterator[SupervisorMessage]) -> Iterator[Standing | Event]:
    """`follow` for one connection; pure but for `news`."""
    ended: Event | None = None
    yield from_tick(name, state, tick)
    for message in news:
        match message:
            case Tick():
                tick = message
                yield from_tick(name, state, tick)
            case StateNews(state=newer):
                state = newer
            case EventNews(event=event):
                if not isinstance(event.body, RolledBack):  # its state comes whole
                    state = apply(state, event)
                ended = event if isinstance(event.body, Stopped) else None if isinstance(event.body, Resumed) else ended
                yield event
            case _:
                pass
        if ended is not None and tick.phase in ("stopped", "parked"):  # the event comes before the last save
            check_stop(ended, name, tick.detail)
            return


def check_stop(event: Event, name: str, detail: str) -> None:
    """Raises RunFailedError where the run stopped because of a failure."""
    if isinstance(event.body, Stopped) and event.body.cause == "failure":
        raise RunFailedError(f"{name} stopped after a failure: {event.why or detail or 'see its log'}",
                             hint=f"dfl-tui logs {name} tells more, dfl-tui resume {name} tries again")
