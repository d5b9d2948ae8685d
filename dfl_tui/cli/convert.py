"""`dfl-tui convert` and `dfl-tui swap-inter`: what one network has learnt, in another one."""

from typing import Any

import click
import msgspec

from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.job import records, summary
from dfl_tui.cli.person import author
from dfl_tui.cli.place import found
from dfl_tui.language import _


@add_everywhere_options
@click.command("convert")
@run_argument()
@click.option("--name", "new", required=True, metavar="NEW", help="Name of the new run.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE",
              help="A setting that the new run has instead: archi, a dims setting, resolution, model, or any other.")
@click.option("--generation", type=click.IntRange(min=1), metavar="N", help="Save to use.  [default: the newest]")
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line, for programs.")
@click.pass_obj
def convert_command(call: Call, name: str, new: str, assignments: tuple[str, ...], generation: int | None,
                    is_json: bool) -> None:
    """Make a run with another network from a run's save.

    Between df, liae and amp, between the letters of archi, and between widths and resolutions. Tensors that fit are
    carried to the byte, with their moments; the report names each one that was adapted and how, and each new one. The
    old run stays as it is, and may go on training meanwhile. Faces and the record of consent are taken over.
    """
    words = [str(found(call, name).folder), "--name", new, "--author", author()]
    for assignment in assignments:
        words += ["--set", assignment]
    if generation is not None:
        words += ["--generation", str(generation)]
    done: dict[str, Any] = {}
    for record in records("convert_run", words, _("converting")):
        done = record.get("summary", done)
        if is_json:
            if "phase" not in record:
                click.echo(msgspec.json.encode(record).decode())
        elif tensor := record.get("tensor"):
            click.echo(tensor_line(tensor))
        elif "note" in record:
            click.echo(record["note"], err=True)
    if is_json:
        return
    click.echo(_("{name} is made in {folder} from {parent}, generation {number} of iteration {n}").format(
        name=done["name"], folder=done["folder"], parent=done["parent"], number=done["generation"],
        n=f"{done['iteration']:,}"))
    counts = _("{carried} tensors carried, {adapted} adapted, {new} new; {left} of the old ones have no place")
    click.echo(counts.format(**{key: done[key] for key in ("carried", "adapted", "new", "left")}))
    click.echo(_("dfl-tui train {name} goes on with it").format(name=done["name"]) if all(done["faces"]) else
               _("it has no face sets: it can be exported, not trained"))


@add_everywhere_options
@click.command("swap-inter")
@run_argument()
@click.option("--from", "other", required=True, metavar="OTHER", help="The run whose inter is taken.")
@click.option("--generation", type=click.IntRange(min=1), metavar="N", help="Save of OTHER.  [default: the newest]")
@click.pass_obj
def swap_inter_command(call: Call, name: str, other: str, generation: int | None) -> None:
    """Give a run the inter of another run.

    Weights, moments and counters of all inter blocks become those of a save of OTHER, which is only read. The run must
    be stopped. A backup is made before and after; dfl-tui restore goes back. Where shapes differ it is refused.
    """
    place = found(call, name)
    words = [str(place.folder), "--from", str(found(call, other).folder), "--author", author()]
    if generation is not None:
        words += ["--generation", str(generation)]
    done = summary("swap_inter", words, _("swapping the inter"))
    click.echo(_("{name} has the inter of {other}, generation {number}: {blocks}").format(
        name=done["run"], other=done["from"], number=done["generation"], blocks=", ".join(done["blocks"])))
    click.echo(_("backups {before} and {after}; dfl-tui restore {name} {before} takes it back").format(
        name=done["run"], before=done["before"], after=done["after"]))


def tensor_line(tensor: dict[str, str]) -> str:
    """carried  inter_ab.dense1.weight  from inter.dense1.weight: how"""
    name = f"{tensor['block']}.{tensor['tensor']}"
    source = _("from {name}").format(name=tensor["source"]) if tensor["source"] not in ("", name) else ""
    beside = ": ".join(part for part in (source, tensor["how"]) if part)
    return f"{tensor['what']:<8}  {name}" + (f"  {beside}" if beside else "")
