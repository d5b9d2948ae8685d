"""Whether the demo, trained, handed to the original's files and taken back, goes on where it stood.

    python -m benchmarks.going_on [--iterations 1500] [--set KEY=VALUE]...

Trains the recipe `demo`, with a narrower network, in this process; writes the model as files of the original, reads
them again with the options in them, and trains 50 iterations more: their mean loss must lie within two standard errors
of the 50 before. A network with new weights must fail the same test. One JSON line; ends with 1 where either is not so.
A model that still learns fast fails for that reason: give it iterations. `--whole` takes the demo's own widths, nine
times the work.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.training import Losses, Training
from core.events.event import Consent, FaceSetNote
from core.exchange.dfl_folder import Content, write_folder
from core.exchange.lineage import Lineage
from core.exchange.model_folder import find_model
from core.exchange.taking import read_model, read_weights
from core.faces.demo import demo_folder
from core.recipes.language import load
from core.settings.kind import Value
from core.settings.registry import birth_settings, parse_all
from core.train.device import prepare
from core.train.training_faces import open_faces

WINDOW = 50
NOBODY = Consent("synthetic", "synthetic", "dfl-tui")
NARROW: Mapping[str, Value] = {"e_dims": 8, "d_dims": 8, "d_mask_dims": 4, "ae_dims": 32}


def measure(settings: Mapping[str, Value], iterations: int, folder: Path) -> dict[str, float | bool]:
    """Train, hand over, take back, train on; the numbers of the line."""
    sides = demo_folder() / "src", demo_folder() / "dst"
    faces = open_faces(sides, settings, folder / "cache", workers=0, say=lambda _: None)
    training = Training(settings, faces)
    losses = training.run(iterations)
    notes = [FaceSetNote(str(side), len(faces.sets[side.name].faces), faces.sets[side.name].key) for side in sides]
    lineage = Lineage("demo", iterations, 1, 0, "demo", "benchmark", notes[0], notes[1], NOBODY, NOBODY, None)
    write_folder(folder / "model", "demo", Content(training.blocks(), settings, iterations, losses, lineage))
    model = read_model(find_model(folder / "model"))
    continued, fresh = Training({**settings, **model.taken.settings}, faces), Training(settings, faces)
    continued.take(read_weights(model, birth_settings(model.taken.settings)).blocks, iterations)
    fresh.take({}, iterations)      # the same samples, so that nothing but the weights differs
    before = losses[-WINDOW:].sum(1)
    after, new = (each.run(WINDOW).sum(1) for each in (continued, fresh))
    faces.close()
    return {"iterations": iterations, "cpu_s": time.process_time(),
            "before": before.mean(), "after": after.mean(), "fresh": new.mean(),
            "errors_after": errors_apart(before, after), "errors_fresh": errors_apart(before, new),
            "ok": bool(errors_apart(before, after) <= 2 < errors_apart(before, new))}


def errors_apart(a: Losses, b: Losses) -> float:
    """How many standard errors the means lie apart."""
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return float(abs(a.mean() - b.mean()) / error)


def main(words: Sequence[str] | None = None) -> int:
    """Print the line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.going_on", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=1500)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--whole", action="store_true", help="the demo's own widths")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args(words)
    prepare_cpu(asked.threads)
    widths = {} if asked.whole else NARROW
    settings = birth_settings({**load("demo").settings, **widths, **parse_all(asked.set)})
    with TemporaryDirectory() as folder:
        found = measure(settings, asked.iterations, Path(folder))
    print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in found.items()}))
    return 0 if found["ok"] else 1


def prepare_cpu(threads: int) -> None:
    """The CPU as the trainer sets it up."""
    import torch

    prepare(torch.device("cpu"), threads)


if __name__ == "__main__":
    sys.exit(main())
