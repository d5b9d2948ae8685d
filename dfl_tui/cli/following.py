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
from dfl_tui.language import _

AT_REST = ("stopped", "parked")
LOST_CONTACTS = 5  # in a row, without a tick between them: then something is wrong that starting again will not mend


def follow(place: Place, *, park: bool) -> Iterator[Standing | Event]:
    """Every event, and how the run stands at every tick, until it stops.

    park: where no supervisor lives, start it without a trainer. Ends when the run is stopped and its trainer has saved
    and ended; raises RunFailedError where it stopped for a failure.
    """
    lost = 0
    while True:
        try:
            for item in connected(place, park=park):
                if isinstance(item, Standing) and item.tick is not None:
                    park = item.tick.phase in AT_REST  # who only looks must not start a training
                    lost = 0 if item.state == "training" else lost
                yield item
            return
        # The run goes on without this connection; only a supervisor that never stays is a reason to give up.
        except WireError:
            lost += 1
            if lost > LOST_CONTACTS:
                raise


def connected(place: Place, *, park: bool) -> Iterator[Standing | Event]:
    """`follow` for one connection, which starts a supervisor where none lives."""
    with Connection(ensure_supervisor(place, park=park)) as connection:
        welcome = connection.welcome
        yield from followed(place.name, welcome.state, welcome.tick, connection.follow())


def followed(name: str, state: RunState, tick: Tick, news: Iterator[SupervisorMessage]) -> Iterator[Standing | Event]:
    """What `news` says of a run that stood like this; pure but for `news`."""
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
        if ended is not None and tick.phase in AT_REST:  # the event comes before the last save
            check_stop(ended, name, tick.detail)
            return


def check_stop(event: Event, name: str, detail: str) -> None:
    """Raises RunFailedError where the run stopped because of a failure."""
    if isinstance(event.body, Stopped) and event.body.cause == "failure":
        raise RunFailedError(_("{name} stopped after a failure: {why}").format(
            name=name, why=event.why or detail or _("see its log")),
            hint=_("dfl-tui logs {name} tells more, dfl-tui resume {name} tries again").format(name=name))
