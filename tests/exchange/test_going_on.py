"""A model that went to the original's files and back trains on as if nothing had been."""

import numpy as np
import pytest

from core.exchange.dfl_folder import Content, write_folder
from core.exchange.model_folder import find_model
from core.exchange.taking import read_model, read_weights
from core.nets.block_state import load_weights, weights_of
from core.nets.family import make_network
from core.nets.initial import initialise
from core.settings.registry import birth_settings
from core.store.generation import BlockContent
from core.train.optim import make_optimizer
from core.train.step import Step
from core.train.train_batch import to_train_batch
from core.train.training_faces import open_faces
from tests.exchange.test_round_trip import LINEAGE
from tests.train.directing import SMALL, small_faces

BEFORE, AFTER = 12, 6
SETTINGS = birth_settings(SMALL)


class Training:
    """Steps of one network on given faces; the losses of src and dst together."""

    def __init__(self, faces):
        self.network = make_network(SETTINGS)
        initialise(self.network, 1)
        self.optimizer = make_optimizer("adabelief", self.network)
        self.step = Step(self.network, self.optimizer)
        self.faces = faces

    def run(self, first, count):
        losses = []
        for iteration in range(first, first + count):
            drawn = dict.fromkeys(("src", "dst"), iteration * int(SETTINGS["batch_size"]))
            samples = self.faces.batch(life=0, iteration=iteration, drawn=drawn, settings=SETTINGS)
            result = self.step(to_train_batch(samples, self.optimizer.device), SETTINGS, iteration=iteration).read()
            losses.append((result.src, result.dst))
        return np.array(losses)

    def blocks(self):
        return {b.name: BlockContent(weights_of(self.network, b.name), self.optimizer.state_of(b.name))
                for b in self.network.blocks}

    def load(self, blocks):
        for name, content in blocks.items():
            load_weights(self.network, name, dict(content.weights))
            self.optimizer.load_state(name, content.moments)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Faces, a training of BEFORE iterations, its losses, and what came back of it from the original's files."""
    folder = tmp_path_factory.mktemp("going-on")
    small_faces(folder / "faces")
    faces = open_faces((folder / "faces" / "src", folder / "faces" / "dst"), SETTINGS, folder / "cache", workers=0,
                       say=lambda _: None)
    training = Training(faces)
    losses = training.run(0, BEFORE)
    write_folder(folder / "model", "alpha", Content(training.blocks(), SETTINGS, BEFORE, losses, LINEAGE))
    yield training, losses, folder / "model"
    faces.close()


@pytest.mark.slow
def test_a_model_goes_on_as_if_it_had_never_left(trained):
    training, _, folder = trained
    model = read_model(find_model(folder))
    again, fresh = Training(training.faces), Training(training.faces)
    again.load(read_weights(model, birth_settings(model.taken.settings)).blocks)
    straight = training.run(BEFORE, AFTER)
    assert np.array_equal(again.run(BEFORE, AFTER), straight)       # to the last bit: weights, moments, counters
    new = fresh.run(BEFORE, AFTER)
    assert new.mean() > straight.mean()     # new weights would not


@pytest.mark.slow
def test_the_losses_of_the_model_are_its_own(trained):
    _, losses, folder = trained
    model = read_model(find_model(folder))
    assert np.array_equal(model.data.losses, losses)
    assert model.data.iteration == BEFORE
