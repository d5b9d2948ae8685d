"""`dfl-tui import` and `dfl-tui export`: models from and for DeepFaceLab and other programs."""

from collections import Counter
from pathlib import Path
from typing import Any

import click
import msgspec

from core.events.event import Consent, FaceSetNote
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.consent import consent_options
from dfl_tui.cli.job import records
from dfl_tui.cli.new import FOLDER, note
from dfl_tui.cli.person import author
from dfl_tui.cli.place import found
from dfl_tui.language import _, counted

NO_FACES = FaceSetNote("", 0, "")
FORMS = ("dfl", "dfm", "onnx", "safetensors")


@add_everywhere_options
@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR")
@click.option("--name", default="", metavar="NAME", help="Name of the run.  [default: the model's]")
@click.option("--model", default="", metavar="MODEL", help="Which model, where DIR holds several: alpha_SAEHD.")
@click.option("--src", type=FOLDER, metavar="DIR", help="Aligned faces of the person to show.")
@click.option("--dst", type=FOLDER, metavar="DIR", help="Aligned faces of the person to replace.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A setting that wins over the model's.")
@consent_options
@click.option("--port", type=click.Choice(("caiji", "my-bug")), help="Which PyTorch port wrote the .pth files of DIR.")
@click.option("--report", is_flag=True, help="A line for each tensor.")
@click.pass_obj
def import_command(call: Call, folder: Path, name: str, model: str, src: Path | None, dst: Path | None,
                   assignments: tuple[str, ...], consents: tuple[Consent, Consent], port: str | None,
                   report: bool) -> None:
    """Make a run from a model of DeepFaceLab.

    DIR is the folder with its files, such as alpha_SAEHD_data.dat. Weights, moments, options and losses are taken over,
    and training goes on where it stood. A file that is not whole is refused by name. Without --src and --dst the run
    cannot train, but be exported. The record of consent is needed as for dfl-tui new.
    """
    words = [str(folder.absolute()), "--home", str(call.home_folder()), "--name", name, "--model", model,
             "--author", author()]
    for side, faces, agreed in zip(("src", "dst"), (src, dst), consents, strict=True):
        words += [f"--{side}", json_of(note(side, faces) if faces is not None else NO_FACES),
                  f"--{side}-consent", json_of(agreed)]
    words += ["--port", port] if port is not None else []
    for assignment in assignments:
        words += ["--set", assignment]
    done = told_import(words, report=report)
    made = _("{name} is made in {folder}: {model} of iteration {n}, {blocks} blocks, {parameters} parameters")
    click.echo(made.format(name=done["name"], folder=done["folder"], model=done["model"], blocks=done["blocks"],
                           n=f"{done['iteration']:,}", parameters=f"{done['parameters']:,}"))
    click.echo(_("dfl-tui train {name} goes on with it").format(name=done["name"]) if all(done["faces"]) else
               _("it has no face sets: it can be exported, not trained"))


def told_import(words: list[str], *, report: bool) -> dict[str, Any]:
    """Do it, and tell what was taken from each file and what was left. Returns the summary."""
    counts: Counter[tuple[str, str]] = Counter()
    done: dict[str, Any] = {}
    for record in records("import_model", words, _("importing")):
        if tensor := record.get("tensor"):
            counts[tensor["file"], tensor["what"]] += 1
            if report:
                shape = " x ".join(map(str, tensor["shape"])) or _("one number")
                click.echo(f"{tensor['what']:<8}  {tensor['file']}  {tensor['key']}  {tensor['dtype']} {shape}")
        if "left" in record:
            click.echo(record["left"], err=True)
        done = record.get("summary", done)
    for (file, what), count in counts.items():
        click.echo(f"{file}: {count} {what}")
    return done


def json_of(value: object) -> str:
    """A record as the job takes it."""
    return msgspec.json.encode(value).decode()


@add_everywhere_options
@click.command("export")
@run_argument()
@click.option("--to", "form", type=click.Choice(FORMS), required=True,
              help="dfl: files for DeepFaceLab. dfm: for DeepFaceLive. onnx, safetensors: for other programs.")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="PATH",
              help="A folder for dfl, a file for the others.")
@click.option("--generation", type=click.IntRange(min=1), metavar="N", help="Save to use.  [default: the newest]")
@click.option("--model", default="", metavar="NAME", help="What the model is called there.  [default: as the run]")
@click.option("--resolution", type=click.IntRange(min=1), metavar="N",
              help="Of a run that grew: a smaller side that it draws too.  [default: its own]")
@click.pass_obj
def export_command(call: Call, name: str, form: str, out: Path, *, generation: int | None, model: str,
                   resolution: int | None) -> None:
    """Write a run's model for another program.

    The run may go on training meanwhile. Who is shown, on what ground, and what the model was trained from is written
    into the file, or into NAME_lineage.json beside the files for DeepFaceLab.
    """
    words = [str(found(call, name).folder), "--to", form, "--out", str(out.absolute()), "--model", model]
    if generation is not None:
        words += ["--generation", str(generation)]
    if resolution is not None:
        words += ["--resolution", str(resolution)]
    done: dict[str, Any] = {}
    for record in records("export_model", words, _("exporting")):
        if "note" in record:
            click.echo(record["note"], err=True)
        done = record.get("summary", done)
    written = _("generation {number} of iteration {iteration} is in {out}").format(
        number=done["generation"], iteration=f"{done['iteration']:,}", out=done["out"])
    click.echo(written + (", " + counted("{n} file", "{n} files", done["files"]) if form == "dfl" else ""))
