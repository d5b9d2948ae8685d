"""`dfl-tui demo`: a run on the packaged synthetic faces, to see the program at work."""

from collections.abc import Mapping
from pathlib import Path

import click

import core
from core.events.act import StopRun
from core.events.event import Consent
from core.run.start import Place, ensure_supervisor, places
from core.settings.kind import Value
from core.settings.registry import parse, parse_all
from dfl_tui.cli.call import Call, add_everywhere_options
from dfl_tui.cli.connection import Connection
from dfl_tui.cli.console import ScreenOptions, has_terminal, open_console, screen_options
from dfl_tui.cli.new import make_run
from dfl_tui.cli.start_option import DEVICE, Wanted
from dfl_tui.cli.train import follow_plainly, start

NAME = "demo"
PLAIN_ITERATIONS = 200  # where nobody watches: enough to see the losses fall
PLAIN_EVERY = 20
FACES = Path(core.__file__).parent / "faces" / "demo"
NOBODY = Consent("synthetic", "synthetic", "dfl-tui")  # core/faces/demo: drawings of invented people


@add_everywhere_options
@click.command("demo")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A setting, where the run is made now.")
@DEVICE
@screen_options
@click.pass_obj
def demo_command(call: Call, assignments: tuple[str, ...], device: str | None, screen: ScreenOptions) -> int:
    """Train on the packaged synthetic faces.

    Makes a run called demo, or goes on with it. Without a terminal: 200 iterations in plain lines.
    """
    # Called again it goes on: a demo that begins anew each time shows its first minute only.
    where = parse("device", device) if device else {}
    place = demo_run(call.home_folder(), parse_all(assignments) | where)
    start(place, Wanted(where))
    if has_terminal():
        return open_console(call, place.name, screen)
    stop_later(place, PLAIN_ITERATIONS)
    return follow_plainly(place, PLAIN_EVERY)


def demo_run(home: Path, settings: Mapping[str, Value]) -> Place:
    """The run called demo, made from the packaged faces where there is none."""
    for place in places(home):
        if place.name == NAME:
            return place
    return make_run(home, NAME, folders=(FACES / "src", FACES / "dst"), consents=(NOBODY, NOBODY), recipe="demo",
                    settings=settings)


def stop_later(place: Place, iterations: int) -> None:
    """Have the run save and stop when it has done so many more iterations."""
    with Connection(ensure_supervisor(place, park=False)) as connection:
        connection.command(StopRun(), at=connection.welcome.tick.iteration + iterations)
