"""`dfl-tui watch`: one line that is always current, fit for a phone."""

import sys
from shutil import get_terminal_size

import click

from core.events.event import Stopped
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.detach import says_training_goes_on
from dfl_tui.cli.following import follow
from dfl_tui.cli.place import found_or_only
from dfl_tui.cli.standing import Standing, one_line
from dfl_tui.telling import told

REWRITE = "\r\x1b[K"  # back to the beginning of the line, and clear it


@add_everywhere_options
@click.command("watch")
@run_argument(required=False)
@click.pass_obj
def watch_command(call: Call, name: str | None) -> None:
    """Follow a run in one line.

    Where standard output is no terminal: a line for each change. Ctrl-C ends the watching, not the training.
    """
    place = found_or_only(call, name)
    in_place = sys.stdout.isatty()
    last = ""
    with says_training_goes_on(place.name):
        for item in follow(place, park=True):
            if isinstance(item, Standing):
                line = one_line(item, get_terminal_size().columns - 1)
                if line != last:
                    click.echo(REWRITE + line if in_place else line, nl=not in_place)
                    last = line
            elif isinstance(item.body, Stopped):
                click.echo(("\n" if in_place else "") + told(item))
