"""Making a run from a filled-in form: reading the faces, trying one step, writing the run. Blocking; for a thread.

Each job is a process of its own; progress goes to `told`, one sentence at a time.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.events.event import FaceSetNote
from core.run.start import JobError, NewRun, Place, Waiting, create_run, run_job
from core.settings.kind import Value
from dfl_tui.cli.person import author
from dfl_tui.draft import NO_RECIPE, SIDES, Draft, consent, settings
from dfl_tui.draw.number import size
from dfl_tui.language import _
from dfl_tui.telling import shown

Told = Callable[[str], None]


def result(module: str, words: list[str], key: str, told: Callable[[Mapping[str, Any]], None]) -> Mapping[str, Any]:
    """Run a job to its end and return the record `key`; other records go to `told`. Raises JobError."""
    for record in run_job(module, words):
        if key in record:
            found: Mapping[str, Any] = record[key]
            return found
        told(record)
    raise JobError(_("the job {module} ended without a result").format(module=module),
                   hint=_("dfl-tui doctor checks the machine"))


def read_faces(draft: Draft, side: str, told: Told) -> Mapping[str, Any]:
    """The summary of a side's faces. Raises JobError where there are none to be used."""
    def progress(record: Mapping[str, Any]) -> None:
        if "progress" in record:
            told(_("reading {side}: {n} of {total}").format(side=side, n=f"{record['progress']:,}",
                                                             total=f"{record.get('total', 0):,}"))

    if not draft.get(f"{side}.folder"):
        raise JobError(_("{side} has no folder of faces").format(side=side), hint=_("fill it in"))
    folder = Path(draft.get(f"{side}.folder")).expanduser().absolute()
    return result("faces", [str(folder)], "summary", progress)


def faces_sentence(side: str, summary: Mapping[str, Any]) -> str:
    """What was found in a folder."""
    problems = len(summary["problems"])
    types = ", ".join(f"{n:,} {name}" for name, n in summary["types"].items())
    skipped = _("; {n} files are skipped, the first: {name}: {reason}").format(
        n=f"{problems:,}", **summary["problems"][0]) if problems else ""
    return _("{side}: {n} faces ({types}), {masks} with a mask{skipped}").format(
        side=side, n=f"{summary['faces']:,}", types=types, masks=f"{summary['with_mask']:,}", skipped=skipped)


def try_step(draft: Draft, home: Path, told: Told) -> str:
    """One trial step: memory and seconds an iteration, as a sentence. Raises JobError."""
    words = [draft.get(f"{side}.folder") for side in SIDES]
    words = [str(Path(word).expanduser().absolute()) for word in words]
    values: dict[str, Value] = all_settings(draft)
    trial = result("trial", [*words, str(home / "cache"), *(f"{k}={shown(v)}" for k, v in values.items())], "trial",
                   lambda record: told(str(record.get("phase", ""))))
    return _("{seconds:.2f} s an iteration, {memory} of memory, {parameters} parameters, on {device}").format(
        device=trial["device"], seconds=trial["seconds_iteration"], memory=size(trial["memory_bytes"]),
        parameters=f"{trial['parameters']:,}")


def all_settings(draft: Draft) -> dict[str, Value]:
    """The recipe's first settings, and those that were filled in over them."""
    name = draft.get("recipe")
    if name in ("", NO_RECIPE):
        return settings(draft)
    from core.recipes.language import load  # late: only runs with a recipe need it

    return load(name).birth(settings(draft))


def make(draft: Draft, home: Path, told: Told) -> Place:
    """Make the run. Raises DflTuiError with what is wrong; nothing is left then."""
    recipe = draft.get("recipe")
    waiting: tuple[Waiting, ...] = ()
    if recipe in ("", NO_RECIPE):
        recipe = ""
    else:
        from core.recipes.language import load  # late: only runs with a recipe need it

        plan = load(recipe)
        waiting = tuple(Waiting(act, at, plan.author) for at, act in plan.waiting)
    # Read again although the form may have: faces can have been added since, and the key must be of now.
    notes = []
    for side in SIDES:
        summary = read_faces(draft, side, told)
        notes.append(FaceSetNote(summary["path"], summary["faces"], summary["key"]))
    return create_run(home, NewRun(draft.get("name"), all_settings(draft), notes[0], notes[1], consent(draft, "src"),
                                   consent(draft, "dst"), recipe, waiting, author=author()))
