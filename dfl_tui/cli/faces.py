"""`dfl-tui faces check`: what is in a folder of aligned faces, and what is wrong with the rest."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from dfl_tui.cli.call import add_everywhere_options
from dfl_tui.cli.exit_code import ExitCode
from dfl_tui.cli.job import summary
from dfl_tui.language import counted

FOLDER = click.Path(exists=True, path_type=Path)


@add_everywhere_options
@click.group("faces")
def faces_command() -> None:
    """Check folders of aligned faces."""


@add_everywhere_options
@faces_command.command("check")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--json", "wants_json", is_flag=True, help="One JSON object.")
def check_command(folder: Path, wants_json: bool) -> int:
    """Count the faces of a folder, and name every file that cannot be used.

    DIR holds aligned JPEGs of DeepFaceLab or a faceset.pak. Ends with code 7 where a file was skipped.
    """
    found = summary("faces", [str(folder.absolute())], "reading faces")
    click.echo(json.dumps(found) if wants_json else "\n".join(told_faces(found)))
    return ExitCode.PROBLEMS if found["problems"] else ExitCode.OK


def told_problem(name: str, reason: str) -> str:
    """A file and why it is skipped; most reasons begin with the name and say it once."""
    return reason if reason.startswith(name) else f"{name}: {reason}"


def told_faces(found: dict[str, Any]) -> list[str]:
    """The job's summary in lines, problems last, the reasons counted before them."""
    problems = found["problems"]
    lines = [counted("{n} usable face", "{n} usable faces", found["faces"])
             + f" in {found['path']}, {found['with_mask']:,} with a mask of their own"]
    for title in ("types", "sizes"):
        counts = sorted(found[title].items(), key=lambda item: -item[1])
        lines.append(f"{title:<6} " + ", ".join(f"{name} {count:,}" for name, count in counts))
    lines.append(f"key    {found['key']}")
    if problems:
        kinds = Counter(str(problem["kind"]) for problem in problems if "kind" in problem)
        lines.append(counted("{n} file is skipped", "{n} files are skipped", len(problems))
                     + (": " if kinds else "") + ", ".join(f"{n:,} {kind}" for kind, n in kinds.items()))
        lines += ["  " + told_problem(problem["name"], problem["reason"]) for problem in problems]
    return lines
