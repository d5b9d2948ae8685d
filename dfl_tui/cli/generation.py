"""`dfl-tui generations` and `dfl-tui restore`: the saves of a run, and going back to one."""

import time

import click

from core.events.act import RollBack
from core.wire.console_record import WEIGHTS_ONLY, AskGenerations, Generation, Generations
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.change import TAKE
from dfl_tui.cli.columns import columns
from dfl_tui.cli.connection import ANY_ID, Connection
from dfl_tui.cli.consequence import agreed
from dfl_tui.cli.failure import NotFoundError
from dfl_tui.cli.place import found, found_or_only, reached
from dfl_tui.draw.number import size
from dfl_tui.language import _


@add_everywhere_options
@click.command("generations")
@run_argument(required=False)
@click.pass_obj
def generations_command(call: Call, name: str | None) -> None:
    """List the saves of a run.

    SIZE is what only that save holds: blocks that did not change are stored once.
    """
    with reached(found_or_only(call, name)) as connection:
        kept = ask_generations(connection)
    if not kept:
        click.echo(_("nothing is saved yet"), err=True)
        return
    rows = [(_("NUMBER"), _("ITERATION"), _("LIFE"), _("SAVED"), _("SIZE"), _("BACKUP"), _("IN USE"))]
    for g in kept:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(g.at))
        rows.append((str(g.number), f"{g.iteration:,}", str(g.life), when, size(g.bytes), g.name, g.in_use))
    click.echo("\n".join(columns(rows)))


def ask_generations(connection: Connection) -> list[Generation]:
    """The generations that are kept, newest first."""
    return connection.ask(Generations, AskGenerations(ANY_ID)).generations


@add_everywhere_options
@click.command("restore")
@run_argument()
@click.argument("generation", metavar="GENERATION")
@click.option("--yes", is_flag=True, help="Do not ask.")
@TAKE
@click.pass_obj
def restore_command(call: Call, name: str, generation: str, yes: bool, take: bool) -> None:
    """Go on from an earlier save.

    GENERATION is a number of dfl-tui generations, or the label of a backup. Settings and locks become those of then.
    What is given up stays listed, and its saves stay until they are too many.
    """
    with reached(found(call, name)) as connection:
        chosen = choose(ask_generations(connection), generation)
        given_up = connection.welcome.tick.iteration - chosen.iteration
        anew = _("; it keeps weights only, so the optimizer begins anew") if chosen.in_use == WEIGHTS_ONLY else ""
        agreed(_("{name} goes back to generation {number} of iteration {to} and gives up {n} iterations").format(
            name=name, number=chosen.number, to=f"{chosen.iteration:,}", n=f"{given_up:,}") + anew, yes=yes)
        if take:
            connection.take_lease()
        click.echo(connection.command(RollBack(chosen.number)).sentence)


def choose(kept: list[Generation], wanted: str) -> Generation:
    """The generation of that number or backup label. Raises NotFoundError with those there are."""
    for g in kept:
        if wanted in (g.name, str(g.number)):
            return g
    there = ", ".join(str(g.number) for g in kept)
    raise NotFoundError(_("there is no generation or backup {name}").format(name=repr(wanted)),
                        hint=_("kept are {numbers}").format(numbers=there) if there
                        else _("none is kept yet: dfl-tui save makes one"))
