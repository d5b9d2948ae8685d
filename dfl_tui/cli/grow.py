"""`dfl-tui grow`: double the resolution of a run while it trains."""

import click

from core.events.act import GrowRun
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.change import AT, TAKE
from dfl_tui.cli.consequence import agreed
from dfl_tui.cli.place import found, reached
from dfl_tui.growing import consequence, twice


@add_everywhere_options
@click.command("grow")
@run_argument()
@click.option("--to", type=click.IntRange(min=1), metavar="N", help="The new side in pixels: 2, 4, ... times the old.")
@click.option("--lock", default="old", show_default=True, metavar="PATTERN",
              help="What is locked at its birth; none for nothing.")
@click.option("--why", default="", metavar="TEXT", help="A reason to grow although a guard objects.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@AT
@TAKE
@click.pass_obj
def grow_command(call: Call, name: str, *, to: int | None, lock: str, why: str, yes: bool, at: int | None,
                 take: bool) -> None:
    """Double a run's resolution, keeping the face.

    The network takes an octave that at first draws exactly what it drew. Old blocks are locked until they are
    unlocked: dfl-tui unlock RUN old. The widths of the octave are growth_dims, growth_mask_dims and growth_stem.
    """
    with reached(found(call, name)) as connection:
        state = connection.welcome.state
        agreed(consequence(state, to or twice(state)), yes=yes)
        if take:
            connection.take_lease()
        act = GrowRun(to or 0, "" if lock == "none" else lock, why=why)
        click.echo(connection.command(act, at=at).sentence)
