"""`dfl-tui attach`: the console of a run.

Imports little: what this module waits for, the first frame waits for. The console's own parts come after it.
"""

import click

from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.console import ScreenOptions, open_console, screen_options


@add_everywhere_options
@click.command("attach")
@run_argument(required=False)
@screen_options
@click.pass_obj
def attach_command(call: Call, name: str | None, screen: ScreenOptions) -> int:
    """Open the console of a run.

    Without NAME: the only run, or the list of runs to pick one from.
    """
    return open_console(call, name, screen)
