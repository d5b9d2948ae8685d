"""From the name that was typed to the run, and to a connection with its supervisor."""

from pathlib import Path
from typing import TYPE_CHECKING

from core.run.start import Place, find, places
from core.settings.error import RefusedError
from dfl_tui.cli.call import Call
from dfl_tui.cli.failure import NotFoundError
from dfl_tui.language import _

if TYPE_CHECKING:
    from dfl_tui.cli.connection import Connection


def found(call: Call, name: str) -> Place:
    """The run called `name`. Raises NotFoundError, naming the nearest."""
    try:
        return find(call.home_folder(), name)
    except RefusedError as error:
        raise NotFoundError(error.message, hint=error.hint) from error


def found_or_only(call: Call, name: str | None) -> Place:
    """The run called `name`; without a name the only run there is."""
    if name is not None:
        return found(call, name)
    home = call.home_folder()
    every = places(home)
    if not every:
        raise no_runs(home)
    if len(every) > 1:
        raise NotFoundError(_("there are {n} runs in {home}").format(n=len(every), home=home),
                            hint=_("name one of {names}").format(names=", ".join(place.name for place in every)))
    return every[0]


def no_runs(home: Path) -> NotFoundError:
    """What to say where nothing was trained yet."""
    return NotFoundError(_("there is no run in {home}").format(home=home),
                         hint=_("make one with dfl-tui new, or try dfl-tui demo"))


def reached(place: Place) -> "Connection":
    """A connection with the run's supervisor, which is started without a trainer where none lives."""
    from core.run.start import ensure_supervisor  # late, both: the console comes without them to its first frame
    from dfl_tui.cli.connection import Connection

    return Connection(ensure_supervisor(place, park=True))
