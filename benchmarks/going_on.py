"""Whether the demo, trained, handed to the original's files and taken back, goes on where it stood.

    python -m benchmarks.going_on [--iterations 1500] [--set KEY=VALUE]...

Trains the recipe `demo` in this process, writes the model as files of the original, reads them again, and trains 50
iterations more: their mean loss must lie within two standard errors of the 50 before. A network with new weights must
fail the same test. One JSON line; ends with 1 where either is not so. A model that still learns fast fails for that
reason: give it iterations.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from core.events.event import Consent, FaceSetNote
from core.exchange.dfl_folder import Content, write_folder
from core.exchange.lineage import Lineage
from core.exchange.model_folder import find_model
from core.exchange.taking import read_model, read_weights
from core.faces.demo import demo_folder
from core.nets.block_state import load_weights, weights_of
from core.nets.family import make_network
from core.nets.initial import initialise
from core.recipes.language import load
from core.settings.kind import Value
from core.settings.registry import birth_settings, parse_all
from core.store.generation import BlockContent
from core.train.device import prepare
from core.train.lrd import LrdStream
from core.train.optim import make_optimizer
from core.train.step import Step
from core.train.train_batch import to_train_batch
from core.train.training_faces import TrainingFaces, open_faces

WINDOW = 50
NOBODY = Consent("synthetic", "synthetic", "dfl-tui")

Losses = NDArray[np.float64]        # (iterations, 2): src, dst


class Training:
    """A network in training on the demo's faces."""

    def __init__(self, settings: Mapping[str, Value], faces: TrainingFaces) -> None:
        self.settings = settings
        self.faces = faces
        self.network = make_network(settings)
        initialise(self.network, int(settings["seed"]))
        self.optimizer = make_optimizer(str(settings["optimizer"]), self.network)
        self.step = Step(self.network, self.optimizer)

    def run(self, first: int, count: int) -> Losses:
        """Train iterations first..first+count."""
        losses = []
        for iteration in range(first, first + count):
            drawn = dict.fromkeys(("src", "dst"), iteration * int(self.settings["batch_size"]))
            samples = self.faces.batch(life=0, iteration=iteration, drawn=drawn, settings=self.settings)
            numbers = self.step(to_train_batch(samples, self.optimizer.device), self.settings, iteration=iteration,
                                stream=LrdStream(0, 0)).read()
            losses.append((numbers.src, numbers.dst))
        return np.array(losses)

    def blocks(self) -> dict[str, BlockContent]:
        """Weights, moments and counters."""
        return {b.name: BlockContent(weights_of(self.network, b.name), self.optimizer.state_of(b.name))
                for b in self.network.blocks}

    def take(self, blocks: Mapping[str, BlockContent]) -> None:
        """Set them."""
        for name, content in blocks.items():
            load_weights(self.network, name, dict(content.weights))
            self.optimizer.load_state(name, dict(content.moments))


def measure(settings: Mapping[str, Value], iterations: int, folder: Path) -> dict[str, float | bool]:
    """Train, hand over, take back, train on; the numbers of the line."""
    sides = demo_folder() / "src", demo_folder() / "dst"
    faces = open_faces(sides, settings, folder / "cache", workers=0, say=lambda _: None)
    training = Training(settings, faces)
    losses = training.run(0, iterations)
    notes = [FaceSetNote(str(side), len(faces.sets[side.name].faces), faces.sets[side.name].key) for side in sides]
    lineage = Lineage("demo", iterations, 1, 0, "demo", "benchmark", notes[0], notes[1], NOBODY, NOBODY, None)
    write_folder(folder / "model", "demo", Content(training.blocks(), settings, iterations, losses, lineage))
    model = read_model(find_model(folder / "model"))
    continued, fresh = Training(settings, faces), Training(settings, faces)
    continued.take(read_weights(model, birth_settings(model.taken.settings)).blocks)
    before = losses[-WINDOW:].sum(1)
    after, new = (each.run(iterations, WINDOW).sum(1) for each in (continued, fresh))
    faces.close()
    return {"iterations": iterations, "before": before.mean(), "after": after.mean(), "fresh": new.mean(),
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
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args(words)
    prepare_cpu(asked.threads)
    settings = birth_settings({**load("demo").settings, **parse_all(asked.set)})
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
