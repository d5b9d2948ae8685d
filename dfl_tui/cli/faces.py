"""`dfl-tui faces`: what is in a folder of aligned faces and what is wrong with the rest; masks; packing."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from dfl_tui.cli.call import add_everywhere_options
from dfl_tui.cli.columns import columns
from dfl_tui.cli.exit_code import ExitCode
from dfl_tui.cli.job import records, summary
from dfl_tui.cli.printable import printable
from dfl_tui.language import _, counted

FOLDER = click.Path(exists=True, path_type=Path)


@add_everywhere_options
@click.group("faces")
def faces_command() -> None:
    """Check folders of aligned faces, give them masks, pack and unpack them."""


@add_everywhere_options
@faces_command.command("check")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--json", "wants_json", is_flag=True, help="One JSON object.")
def check_command(folder: Path, wants_json: bool) -> int:
    """Count the faces of a folder, and name every file that cannot be used.

    DIR holds aligned JPEGs of DeepFaceLab, a faceset.pak, a faceset.zip, or a folder of JPEGs for each person; a .pak
    or .zip of another name is named itself. Ends with code 7 where a file was skipped.
    """
    found = summary("faces", [str(folder.absolute())], _("reading faces"))
    click.echo(json.dumps(found) if wants_json else "\n".join(told_faces(found)))
    return ExitCode.PROBLEMS if found["problems"] else ExitCode.OK


@add_everywhere_options
@faces_command.command("mask")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--xseg", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, metavar="DIR",
              help="Folder of the XSeg model: XSeg_256.npy and XSeg_data.dat.")
@click.option("--face-type", metavar="TYPE", help="What the model was trained with, where its data file is lost.")
@click.option("--replace", is_flag=True, help="Also where a face has a mask already; that one is kept in the file.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, mps, cuda or cuda:1.")
def mask_command(folder: Path, xseg: Path, face_type: str | None, *, replace: bool, device: str) -> int:
    """Bake the masks of an XSeg model into aligned JPEGs.

    Only the mask of each file changes, whole or not at all; `faces unmask` takes it back. A run that trains with the
    folder uses the masks from its next start on. Ends with code 7 where a file was skipped.
    """
    arguments = [str(folder.absolute()), "--xseg", str(xseg.absolute()), "--device", device]
    arguments += ["--face-type", face_type] if face_type else []
    done = with_problems("mask", arguments + (["--replace"] if replace else []), _("masking"))
    kept = _("; {n} have a mask already, which is kept: --replace bakes these too").format(
        n=f"{done['kept']:,}") if done["kept"] else ""
    baked = _(" of {type} baked into {folder}").format(type=done["face_type"], folder=printable(str(folder)))
    click.echo(counted("{n} mask", "{n} masks", done["baked"]) + baked + kept)
    return ExitCode.PROBLEMS if done["problems"] else ExitCode.OK


@add_everywhere_options
@faces_command.command("unmask")
@click.argument("folder", type=FOLDER, metavar="DIR")
def unmask_command(folder: Path) -> int:
    """Take back what `faces mask` baked.

    A mask that somebody else made stays, and one that was replaced comes back.
    """
    done = with_problems("unmask", [str(folder.absolute())], _("unmasking"))
    taken = counted("{n} mask", "{n} masks", done["taken"])
    click.echo(taken + _(" taken out of {folder}").format(folder=printable(str(folder))))
    return ExitCode.PROBLEMS if done["problems"] else ExitCode.OK


def with_problems(job: str, arguments: list[str], what: str) -> dict[str, Any]:
    """Do a job; name each file that cannot be used on standard error. Its summary."""
    done: dict[str, Any] = {}
    for record in records(job, arguments, what):
        if "problem" in record:
            click.echo(told_problem(record["problem"]["name"], record["problem"]["reason"]), err=True)
        done = record.get("summary", done)
    return done


NAME = click.option("--name", default="faceset", show_default=True, metavar="NAME",
                    help="Name of the packed file, without its ending.")
ZIP = click.option("--zip", "is_zip", is_flag=True, help="A .zip, as DeepFaceLab-MVE reads, instead of a .pak.")


@add_everywhere_options
@faces_command.command("pack")
@click.argument("folder", type=FOLDER, metavar="DIR")
@NAME
@ZIP
@click.option("--people", is_flag=True, help="Take the subfolders only, each as a person of its name.")
@click.option("--remove", is_flag=True, help="Remove the loose files once the packed one is written and checked.")
def pack_command(folder: Path, name: str, is_zip: bool, people: bool, remove: bool) -> int:
    """Write the faces of a folder into one file, faceset.pak, that DeepFaceLab reads too.

    One file is read and copied faster. While it is there, loose files beside it are not used.
    """
    words = [*(["--people"] if people else []), *(["--remove"] if remove else [])]
    return packed("pack", folder, name + (".zip" if is_zip else ".pak"), words)


@add_everywhere_options
@faces_command.command("unpack")
@click.argument("folder", type=FOLDER, metavar="DIR")
@NAME
@ZIP
@click.option("--remove", is_flag=True, help="Remove the packed file once every face is out.")
def unpack_command(folder: Path, name: str, is_zip: bool, remove: bool) -> int:
    """Write the faces of a packed file as loose files beside it.

    No file is overwritten. Faces of persons go into folders of their names.
    """
    return packed("unpack", folder, name + (".zip" if is_zip else ".pak"), ["--remove"] if remove else [])


def packed(what: str, folder: Path, name: str, words: list[str]) -> int:
    """Have the job pack or unpack, and tell what it did; the exit code."""
    is_packing = what == "pack"
    found = summary("pack", [what, str(folder.absolute()), name, *words],
                    _("packing faces") if is_packing else _("unpacking faces"))
    faces = counted("{n} face is", "{n} faces are", found["faces"])
    told = _("{faces} in {path}") if is_packing else _("{faces} taken out of {path}")
    click.echo(told.format(faces=faces, path=printable(found["path"])))
    for problem in found["problems"]:
        click.echo("  " + _("skipped: {what}").format(what=told_problem(problem["name"], problem["reason"])))
    return ExitCode.PROBLEMS if found["problems"] else ExitCode.OK


def told_problem(name: str, reason: str) -> str:
    """A file and why it is skipped; most reasons begin with the name and say it once."""
    return reason if reason.startswith(name) else f"{name}: {reason}"


def told_faces(found: dict[str, Any]) -> list[str]:
    """The job's summary in lines, problems last, the reasons counted before them."""
    problems = found["problems"]
    lines = [counted("{n} usable face", "{n} usable faces", found["faces"])
             + _(" in {path}, {n} with a mask of their own").format(path=printable(found["path"]),
                                                                    n=f"{found['with_mask']:,}")]
    facts = {title: ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
             for title, counts in ((_("types"), found["types"]), (_("sizes"), found["sizes"]))}
    facts[_("key")] = found["key"]
    lines += columns(list(facts.items()))
    if problems:
        kinds = Counter(str(problem["kind"]) for problem in problems if "kind" in problem)
        lines.append(counted("{n} file is skipped", "{n} files are skipped", len(problems))
                     + (": " if kinds else "") + ", ".join(f"{n:,} {kind}" for kind, n in kinds.items()))
        lines += ["  " + told_problem(problem["name"], problem["reason"]) for problem in problems]
    return lines
