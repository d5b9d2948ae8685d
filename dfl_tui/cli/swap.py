"""`dfl-tui swap`: the trained model at work on a folder of aligned faces."""

from pathlib import Path
from typing import Any

import click

from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.exit_code import ExitCode
from dfl_tui.cli.job import records
from dfl_tui.cli.place import found
from dfl_tui.language import _


@add_everywhere_options
@click.command("swap")
@run_argument()
@click.argument("folder", type=click.Path(exists=True, path_type=Path), metavar="DIR")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR",
              help="Where to write; the folder is made.")
@click.option("--generation", type=click.IntRange(min=1), metavar="N", help="Save to use.  [default: the newest]")
@click.option("--format", "form", type=click.Choice(("png", "npz")), default="png", show_default=True,
              help="Pictures, or arrays for programs.")
@click.option("--morph", type=click.FloatRange(0, 1), metavar="X",
              help="amp: how far from dst (0) to src (1).  [default: as the previews]")
@click.pass_obj
def swap_command(call: Call, name: str, folder: Path, *, out: Path, generation: int | None, form: str,
                 morph: float | None) -> int:
    """Swap the faces of a folder.

    For each aligned face: reconstruction, swap and masks. The run may go on training meanwhile. Ends with code 7 where
    a file of DIR could not be used.
    """
    place = found(call, name)
    arguments = [str(place.folder), str(folder.absolute()), "--out", str(out.absolute()), "--format", form]
    if generation is not None:
        arguments += ["--generation", str(generation)]
    if morph is not None:
        arguments += ["--morph", str(morph)]
    done = swapped(arguments)
    click.echo(_("{n} of {all} faces of {folder} are in {out}, drawn by generation {number} of iteration {at}").format(
        n=f"{done['written']:,}", all=f"{done['faces']:,}", folder=folder, out=out, number=done["generation"],
        at=f"{done['iteration']:,}"))
    return ExitCode.PROBLEMS if done["problems"] else ExitCode.OK


def swapped(arguments: list[str]) -> dict[str, Any]:
    """Do it; names each file that cannot be used on standard error. Returns the summary."""
    done: dict[str, Any] = {}
    for record in records("swap", arguments, _("swapping")):
        if "problem" in record:
            click.echo(f"{record['problem']['name']}: {record['problem']['reason']}", err=True)
        done = record.get("summary", done)
    return done
