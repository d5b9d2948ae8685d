"""`dfl-tui keys`: the console's keys, from its one table."""

import click

from dfl_tui.cli.call import add_everywhere_options
from dfl_tui.cli.columns import columns
from dfl_tui.keys import HEADINGS, KEYS, shown
from dfl_tui.language import _


@add_everywhere_options
@click.command("keys")
def keys_command() -> None:
    """List the keys of the console."""
    for where in dict.fromkeys(key.where for key in KEYS):
        click.echo(("\n" if where != KEYS[0].where else "") + _(HEADINGS[where]))
        rows = [("  " + " or ".join(shown(one) for one in key.keys), _(key.help)) for key in KEYS if key.where == where]
        click.echo("\n".join(columns(rows)))
