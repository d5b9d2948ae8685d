"""A network in training in this process, without supervisor and run folder: what benchmarks of learning share.

Batches, steps and judges are the product's own. The whole state can be kept in a file and taken up again, so that a
long benchmark survives its end.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.nets.block_state import load_weights, weights_of
from core.nets.family import make_network
from core.nets.initial import initialise
from core.settings.kind import Value
from core.store.generation import BlockContent
from core.train.lrd import LrdStream
from core.train.optim import make_optimizer
from core.train.step import Step, StepNumbers
from core.train.train_batch import TrainBatch, to_train_batch
from core.train.training_faces import TrainingFaces

Losses = NDArray[np.float64]        # (iterations, 2): src, dst


class Training:
    """A network, its judges, and the faces that they learn. `iteration`: completed ones."""

    def __init__(self, settings: Mapping[str, Value], faces: TrainingFaces) -> None:
        self.settings = settings
        self.faces = faces
        self.iteration = 0
        self.network = make_network(settings)
        initialise(self.network, int(settings["seed"]))
        self.optimizer = make_optimizer(str(settings["optimizer"]), self.network)
        self.step = Step(self.network, self.optimizer)

    def batch(self) -> TrainBatch:
        """The samples of the next step."""
        drawn = dict.fromkeys(("src", "dst"), self.iteration * int(self.settings["batch_size"]))
        samples = self.faces.batch(life=0, iteration=self.iteration, drawn=drawn, settings=self.settings)
        return to_train_batch(samples, self.optimizer.device)

    def advance(self) -> StepNumbers:
        """Train one iteration."""
        numbers = self.step(self.batch(), self.settings, iteration=self.iteration,
                            stream=LrdStream(int(self.settings["seed"]), 0)).read()
        self.iteration += 1
        return numbers

    def run(self, count: int) -> Losses:
        """Train `count` iterations; their losses."""
        steps = [self.advance() for _ in range(count)]
        return np.array([(step.src, step.dst) for step in steps])

    # --- state --------------------------------------------------------------------------------------------------------
    def blocks(self) -> dict[str, BlockContent]:
        """Weights, moments and counters, the judges' too."""
        return {block.name: BlockContent(weights_of(learner.module, block.name), learner.optimizer.state_of(block.name))
                for learner in self.step.learners for block in learner.blocks}

    def take(self, blocks: Mapping[str, BlockContent], iteration: int) -> None:
        """Go on from there."""
        owners = {block.name: learner for learner in self.step.learners for block in learner.blocks}
        for name, content in blocks.items():
            load_weights(owners[name].module, name, dict(content.weights))
            owners[name].optimizer.load_state(name, dict(content.moments))
        self.iteration = iteration

    def keep(self, path: Path, notes: object = None) -> None:
        """Write the whole state, and `notes`, whole or not at all."""
        arrays = {f"{block}/{kind}/{name}": array for block, content in self.blocks().items()
                  for kind, tensors in (("weights", content.weights), ("moments", content.moments))
                  for name, array in tensors.items()}
        head = json.dumps({"iteration": self.iteration, "step": self.step.state(), "notes": notes})
        half = path.with_suffix(".half")
        with half.open("wb") as file:
            np.savez(file, **{"": np.array(head)}, **arrays)
        half.replace(path)

    def take_up(self, path: Path) -> Any:
        """Be as `keep` wrote it; its notes."""
        blocks: dict[str, BlockContent] = {}
        with np.load(path) as file:
            head = json.loads(str(file[""]))
            for key in file.files:
                if key:
                    block, kind, name = key.split("/", 2)
                    content = blocks.setdefault(block, BlockContent({}, {}))
                    getattr(content, kind)[name] = file[key]
        self.step.restore(head["step"], self.settings)
        self.take(blocks, head["iteration"])
        return head["notes"]
