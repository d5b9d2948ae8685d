"""Makes a run from a model of DeepFaceLab: weights, moments, counters, options, losses, preview samples.

    python -P -m core.jobs.import_model FOLDER --home DIR --name NAME --src NOTE --dst NOTE
        --src-consent CONSENT --dst-consent CONSENT [--model TITLE] [KEY=VALUE]...

Notes and consents are JSON (core/events/event.py). Records: phase, tensor (a line of the report each), left (what was
not taken), summary; or error. The run appears whole or not at all: it is made under another name beside the runs.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from core.events.event import Asked, Body, Born, Consent, FaceSetNote, NetworkMade
from core.exchange.layout import write_layout
from core.exchange.model_folder import ModelFolder, find_model
from core.exchange.taking import Model, Weights, origin_of, read_model, read_weights
from core.jobs.first_preview import draw_first_preview
from core.jobs.record import tell, told
from core.run.birth import PERSON, NewRun, checked, family_acts, write
from core.settings.error import DflTuiError, RefusedError, StoreError
from core.settings.registry import parse_all
from core.store.disk import RealDisk, sync_folder
from core.store.folder import RunFolder
from core.store.generation import Generations, NewGeneration
from core.store.manifest import MetricPosition
from core.store.metric import MetricWriter
from core.store.segment import ITERATION, LIFE, Column
from core.train.assemble import identity
from core.train.machine import choose_machine

AUTHOR = "import"
COLUMNS = (ITERATION, LIFE, Column("src"), Column("dst"))
ROWS = 100_000          # written at a time


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.import_model")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--name", default="")
    parser.add_argument("--model", default="")
    for side in ("src", "dst"):
        parser.add_argument(f"--{side}", required=True)
        parser.add_argument(f"--{side}-consent", required=True)
    parser.add_argument("assignments", nargs="*", metavar="KEY=VALUE")
    words = parser.parse_args(arguments)
    return told(lambda: import_model(words))


def import_model(words: argparse.Namespace) -> None:
    """Read everything, then make the run. Raises DflTuiError, and then there is no run."""
    tell({"phase": "reads the model's options and losses"})
    model = read_model(find_model(words.folder, words.model))
    new = asked(words, model)
    born = checked(new)
    final = RunFolder(words.home / "runs" / born.name)
    if final.path.exists():
        raise RefusedError(f"there is a run {born.name!r} already", hint="choose another with --name")
    tell({"phase": "reads weights and moments"})
    weights = read_weights(model, born.settings)
    for note in weights.notes:
        tell({"tensor": {"file": note.file, "key": note.key, "what": note.what, "shape": list(note.shape),
                         "dtype": note.dtype}})
    tell({"phase": "writes the run"})
    make(final, born, model, weights)
    for sentence in weights.left:
        tell({"left": sentence})
    tell({"summary": {"name": born.name, "folder": str(final.path), "iteration": model.data.iteration,
                      "kind": model.folder.kind, "model": model.folder.title, "blocks": len(weights.table),
                      "parameters": sum(block.parameters for block in weights.table),
                      "losses": len(model.data.losses), "faces": [new.src.faces, new.dst.faces]}})


def asked(words: argparse.Namespace, model: Model) -> NewRun:
    """The run that was asked for. Raises RefusedError or SettingError."""
    settings = model.taken.settings | parse_all(words.assignments)
    src, dst = (msgspec.json.decode(text, type=FaceSetNote) for text in (words.src, words.dst))
    src_consent, dst_consent = (msgspec.json.decode(text, type=Consent) for text in (words.src_consent,
                                                                                     words.dst_consent))
    return NewRun(words.name or run_name(model.folder), settings, src, dst, src_consent, dst_consent,
                  origin=origin_of(model))


def run_name(folder: ModelFolder) -> str:
    """A run's name like the model's: what may not stand in one becomes a dash."""
    name = folder.name or folder.kind.lower()
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name).lstrip(".") or "model"


def make(final: RunFolder, born: Born, model: Model, weights: Weights) -> None:
    """Make the run's folder, and give it its name last. Raises StoreError or RefusedError; then nothing is left."""
    draft = RunFolder(final.path.parent / f".importing-{final.name}")
    if draft.path.exists():     # left by an import that was killed, or at work
        with draft.lock_run():
            shutil.rmtree(draft.path)
    draft.create()
    try:
        with draft.lock_run():
            fill(draft, born, model, weights)
            try:
                draft.path.rename(final.path)
            except OSError as error:
                raise StoreError(f"cannot name the run {final.path} ({error.strerror})",
                                 hint="is there one already?") from error
        sync_folder(RealDisk(), final.path.parent)
    except DflTuiError:
        shutil.rmtree(draft.path, ignore_errors=True)
        raise


def fill(run: RunFolder, born: Born, model: Model, weights: Weights) -> None:
    """Journal, metric rows, the first generation, what an export needs, a preview."""
    events: list[tuple[Body, str]] = [(born, PERSON), (NetworkMade(weights.table), AUTHOR)]
    events += [(Asked(act.act, act.at), act.author) for act in family_acts(str(born.settings["model"]))]
    write(run, events)
    write_layout(run.path / "origin", weights.layout, model.data.samples, weights.kept)
    machine = choose_machine(born.settings, ())
    extra = {**identity(born.settings, machine), "drawn": {"src": 0, "dst": 0}}
    Generations(run).save(NewGeneration(model.data.iteration, 0, len(events), write_losses(run, model), weights.blocks,
                                        time.time(), "", extra))
    draw_first_preview(run, born.settings, weights.blocks, model.data)


def write_losses(run: RunFolder, model: Model) -> MetricPosition:
    """The loss history as metric rows; its last row is that of the model's last iteration, which always has one."""
    losses, last = model.data.losses, model.data.iteration
    if not len(losses):
        losses = np.full((1, 2), np.nan)
    writer = MetricWriter(run.metrics, COLUMNS)
    first = last - len(losses) + 1
    for start in range(0, len(losses), ROWS):
        part = losses[start:start + ROWS]
        iterations = np.arange(first + start, first + start + len(part), dtype=np.float64)
        writer.append(np.column_stack([iterations, np.zeros(len(part)), part]))
    position = writer.sync()
    writer.close()
    return position


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
