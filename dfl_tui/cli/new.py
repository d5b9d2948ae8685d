"""`dfl-tui new`: a run from two face sets, with the record of consent that every run begins with."""

from collections.abc import Mapping
from pathlib import Path

import click

from core.events.event import Consent, FaceSetNote
from core.run.start import NewRun, Place, Waiting, create_run
from core.settings.kind import Value
from core.settings.registry import parse_all
from dfl_tui.cli.call import Call, add_everywhere_options
from dfl_tui.cli.consent import consent_options
from dfl_tui.cli.job import summary
from dfl_tui.cli.person import author
from dfl_tui.cli.precision import allow_option, refuse_what_does_not_pay
from dfl_tui.cli.start_option import device_option
from dfl_tui.language import _, counted

FOLDER = click.Path(exists=True, path_type=Path)


@add_everywhere_options
@click.command("new")
@click.argument("name", metavar="NAME")
@click.option("--src", type=FOLDER, required=True, metavar="DIR", help="Aligned faces of the person to show.")
@click.option("--dst", type=FOLDER, required=True, metavar="DIR", help="Aligned faces of the person to replace.")
@click.option("--recipe", default="", metavar="R", help="A built-in recipe, or a TOML file.")
@device_option
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A setting; see dfl-tui config.")
@allow_option
@consent_options
@click.pass_obj
def new_command(call: Call, name: str, src: Path, dst: Path, recipe: str, assignments: tuple[str, ...],
                consents: tuple[Consent, Consent]) -> None:
    """Make a run from two face sets.

    The run begins with who is shown in each face set, on what ground the pictures may be used (own face, written
    consent, licence, synthetic) and who said so. That record stays with the run and with everything made from it.
    """
    place = make_run(call.home_folder(), name, folders=(src, dst), recipe=recipe, settings=parse_all(assignments),
                     consents=consents)
    click.echo(_("{name} is made in {folder}; dfl-tui train {name} starts it").format(name=place.name,
                                                                                    folder=place.folder))


def make_run(home: Path, name: str, *, folders: tuple[Path, Path], consents: tuple[Consent, Consent],
             recipe: str, settings: Mapping[str, Value]) -> Place:
    """Read both face sets and make the run; folders and consents are of src and dst. `settings` win over the recipe's.

    Recipe and settings are checked first: reading 10,000 faces takes half a minute.
    """
    waiting: tuple[Waiting, ...] = ()
    if recipe:
        from core.recipes.language import load  # late: only runs with a recipe need it

        plan = load(recipe)
        recipe, settings = plan.name, plan.birth(settings)
        waiting = tuple(Waiting(act, at, plan.author) for at, act in plan.waiting)
    refuse_what_does_not_pay(settings)
    src, dst = (note(side, folder) for side, folder in zip(("src", "dst"), folders, strict=True))
    return create_run(home, NewRun(name, settings, src, dst, *consents, recipe=recipe, waiting=waiting,
                                   author=author()))


def note(side: str, folder: Path) -> FaceSetNote:
    """Read a face set once, for its count and key; says how many files are skipped."""
    found = summary("faces", [str(folder.absolute())], _("reading {side}").format(side=side))
    if found["problems"]:
        skipped = counted("{n} file is skipped", "{n} files are skipped", len(found["problems"]))
        click.echo(_("{side}: {skipped}; dfl-tui faces check {folder} names them").format(
            side=side, skipped=skipped, folder=folder), err=True)
    return FaceSetNote(found["path"], found["faces"], found["key"])
