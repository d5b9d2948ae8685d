"""`dfl-tui train`: start or go on, with the console or with plain lines."""

import click

from core.events.act import ResumeRun, SetValues
from core.run.start import Place, ensure_supervisor
from core.settings.error import RefusedError
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.connection import Connection
from dfl_tui.cli.console import ScreenOptions, has_terminal, open_console, screen_options
from dfl_tui.cli.detach import says_training_goes_on
from dfl_tui.cli.following import follow
from dfl_tui.cli.place import found
from dfl_tui.cli.plain import plain_lines
from dfl_tui.cli.start_option import Wanted, start_options
from dfl_tui.language import _

EVERY = 100  # iterations between plain lines: a line in ten seconds to a few minutes


@add_everywhere_options
@click.command("train")
@run_argument()
@start_options
@click.option("--plain", is_flag=True, help="Print lines instead of opening the console.")
@click.option("--every", type=click.IntRange(min=1), default=EVERY, show_default=True, metavar="N",
              help="Iterations between plain lines.")
@screen_options
@click.pass_obj
def train_command(call: Call, name: str, wanted: Wanted, plain: bool, every: int, screen: ScreenOptions) -> int:
    """Start or go on training a run.

    Opens the console in a terminal, else prints lines. Ctrl-C, or q in the console, leaves the
    training running.
    """
    place = found(call, name)
    start(place, wanted)
    if plain or not has_terminal():
        return follow_plainly(place, every)
    return open_console(call, name, screen)


def start(place: Place, wanted: Wanted) -> None:
    """Have the run train, with other settings where that is wanted. Raises RefusedError where its target is reached.

    The connection is closed again, so that the lease is free for whoever steers next.
    """
    with Connection(ensure_supervisor(place, park=True)) as connection:
        state, tick = connection.welcome.state, connection.welcome.tick
        target = int(wanted.values.get("target_iter", state.settings["target_iter"]))
        # Said before anything starts: the trainer would come, see its target, and stop again.
        if 0 < target <= tick.iteration:
            raise RefusedError(
                _("{name} is at iteration {n} and its target is {target}").format(
                    name=place.name, n=f"{tick.iteration:,}", target=f"{target:,}"),
                hint=_("dfl-tui train {name} --until N with a larger N goes on").format(name=place.name))
        if wanted.take:
            connection.take_lease()
        changes = {key: value for key, value in wanted.values.items() if value != state.settings[key]}
        if changes:
            connection.command(SetValues(changes))
        if state.paused or state.stopped or tick.phase in ("parked", "backoff"):
            connection.command(ResumeRun())


def follow_plainly(place: Place, every: int) -> int:
    """Print lines until the run stops. Returns the exit code."""
    with says_training_goes_on(place.name):
        for line in plain_lines(follow(place, park=False), every=every):
            click.echo(line)
    return 0
