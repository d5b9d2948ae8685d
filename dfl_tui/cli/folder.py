"""`dfl-tui rm` and `dfl-tui rename`: what happens to a run as a whole."""

import os
from pathlib import Path

import click

from core.run.start import check_movable, offline_summary, remove_run, rename_run
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.consequence import agreed
from dfl_tui.cli.person import author
from dfl_tui.cli.place import found
from dfl_tui.draw.number import size
from dfl_tui.language import _


@add_everywhere_options
@click.command("rm")
@run_argument()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rm_command(call: Call, name: str, yes: bool) -> None:
    """Remove a run for good.

    The run must not train. Its weights, backups, history and previews are gone; the face sets stay.
    """
    place = found(call, name)
    check_movable(place)
    iteration = offline_summary(place).iteration
    agreed(_("{name} with {n} iterations and {size} in {folder} is removed and cannot be brought back").format(
        name=place.name, n=f"{iteration:,}", size=size(bytes_below(place.folder)), folder=place.folder), yes=yes)
    remove_run(place)
    click.echo(_("{name} is removed").format(name=place.name))


@add_everywhere_options
@click.command("rename")
@run_argument()
@click.argument("new_name", metavar="NEW")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rename_command(call: Call, name: str, new_name: str, yes: bool) -> None:
    """Give a run another name.

    The run must not train. Its folder gets the new name too.
    """
    place = found(call, name)
    check_movable(place, new_name)
    iteration = offline_summary(place).iteration
    agreed(_("{name} with {n} iterations is called {new} from now on and moves to {folder}; scripts and tmux sessions "
             "that use the old name lose it").format(name=place.name, n=f"{iteration:,}", new=new_name,
                                                     folder=place.folder.with_name(new_name)), yes=yes)
    renamed = rename_run(place, new_name, author())
    click.echo(_("{old} is now {new}").format(old=place.name, new=renamed.name))


def bytes_below(folder: Path) -> int:
    """Bytes of all files below `folder`; what vanishes meanwhile does not count."""
    total = 0
    for path, _folders, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(path) / name).lstat().st_size
            except OSError:
                continue
    return total
