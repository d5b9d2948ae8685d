"""Makes a run from a model of DeepFaceLab: weights, moments, counters, options, losses, preview samples.

    python -P -m core.jobs.import_model FOLDER --home DIR --name NAME --src NOTE --dst NOTE
        --src-consent CONSENT --dst-consent CONSENT [--model TITLE] [--port PORT] [--set KEY=VALUE]... [--author WHO]

Notes and consents are JSON (core/events/event.py). Records: phase, tensor (a line of the report each), left (what was
not taken), summary; or error. The run appears whole or not at all: it is made under another name beside the runs.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.events.event import Consent, FaceSetNote
from core.exchange.model_folder import ModelFolder, find_model
from core.exchange.port_file import PORTS
from core.exchange.taking import Model, origin_of, read_model, read_weights
from core.jobs.imported_run import AUTHOR, make
from core.jobs.record import tell, told
from core.run.birth import NewRun, checked
from core.settings.error import RefusedError
from core.settings.registry import parse_all
from core.store.folder import RunFolder


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.import_model")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--name", default="")
    parser.add_argument("--model", default="")
    parser.add_argument("--port", choices=PORTS, default="")
    for side in ("src", "dst"):
        parser.add_argument(f"--{side}", required=True)
        parser.add_argument(f"--{side}-consent", required=True)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="assignments")
    parser.add_argument("--author", default=AUTHOR)
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
    weights = read_weights(model, born.settings, words.port)
    for note in weights.notes:
        tell({"tensor": {"file": note.file, "key": note.key, "what": note.what, "shape": list(note.shape),
                         "dtype": note.dtype}})
    tell({"phase": "writes the run"})
    make(final, born, model, weights, words.author)
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
