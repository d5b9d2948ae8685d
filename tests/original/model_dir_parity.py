"""Model folders that the original program saved: what is read from them, what they predict, how they train on."""

from pathlib import Path
from typing import Any

import numpy as np

from core.exchange.model_folder import find_model
from core.exchange.part import gan_prefix_of, judge_part, judged_with, network_part
from core.exchange.taking import Model, read_model, read_weights
from core.exchange.tensors import moments_for, weights_for
from core.nets.block_state import load_weights, weights_of
from core.nets.family import make_network
from core.settings.kind import Value
from core.settings.registry import birth_settings
from core.store.generation import BlockContent
from core.train.optim import make_optimizer
from core.train.step import Step
from tests.original.digest import (
    Digest,
    digest_of,
    loss_deviation,
    state_deviations,
    weight_deviations,
)
from tests.original.network_files import config_of
from tests.original.options import missing_of
from tests.original.recorded_case import Case, Recorded, batch_of, ties_of
from tests.original.step_parity import PREDICTION, Deviations, Outcome, mix_of, prediction_deviations

NEXT_LOSS = 1e-5
SAMPLES = 64
EXPECTED = "_expected.npz"


def model_name(expected: Path) -> str:
    """The case's name."""
    return f"model_dirs/{expected.name.removesuffix(EXPECTED)}"


def check_model_dir(expected: Path) -> Outcome:
    """The saved model that has its expectations in this file beside it."""
    return check_model(expected.with_name(expected.name.removesuffix(EXPECTED)), np.load(expected))


def check_model(folder: Path, recorded: Recorded) -> Outcome:
    """One saved model, imported: its data, predictions, the next step's losses, what an export holds after it."""
    config = config_of(recorded)
    model = read_model(find_model(folder))
    if missing := missing_of(config["kind"], model.data.options):
        return {"missing": missing}, False
    return train_on(model, recorded, model.data.losses.tolist() == config["loss_history"])


def imported(model: Model, settings: dict[str, Value]) -> Case:
    """The model as a run takes it over: weights, moments, judges."""
    network = make_network(settings)
    step = Step(network, make_optimizer(str(settings["optimizer"]), network))
    weights = read_weights(model, settings)
    step.restore(weights.step, settings)
    for learner in step.learners:
        for block in learner.blocks:
            load_weights(learner.module, block.name, dict(weights.blocks[block.name].weights))
            learner.optimizer.load_state(block.name, weights.blocks[block.name].moments)
    return Case(network, step, settings)


def train_on(model: Model, recorded: Recorded, is_data_right: bool) -> Outcome:
    """Predict and train one step further."""
    settings = birth_settings(model.taken.settings)
    case = imported(model, settings)
    found: Deviations = {"predictions": float(np.max(list(prediction_deviations(case, recorded).values())))}
    ties = ties_of(case, recorded)
    result = case.step(batch_of(recorded, settings), settings, iteration=model.data.iteration, mix=mix_of(recorded),
                       locked=case.locked).read()
    found["next_loss"] = loss_deviation(np.array([result.src, result.dst]), recorded["next_loss"])
    is_within = is_data_right and found["predictions"] <= PREDICTION and found["next_loss"] <= NEXT_LOSS

    digest = digest_of(recorded, "after_next", [str(name) for name in recorded["names"]])
    kept, moved = parted(digest, lambda name: name.partition("|")[0].endswith("_opt.npy"))
    ours = exported(case, model.folder.kind)
    weight_found, are_weights = weight_deviations(moved, ours, SAMPLES, 1)
    state_found, is_state = state_deviations(kept, ours, SAMPLES, 1, ties)
    return found | weight_found | state_found, is_within and are_weights and is_state


def exported(case: Case, kind: str) -> dict[str, np.ndarray]:
    """Everything that the case's files would hold, by `file|key`."""
    blocks = {block.name: BlockContent(weights_of(learner.module, block.name), learner.optimizer.state_of(block.name))
              for learner in case.step.learners for block in learner.blocks}
    parts = [network_part(case.settings), *(judge_part(judge, settings, gan_prefix_of(kind, ()))
                                            for judge, settings in judged_with(case.step.state(), case.settings))]
    found: dict[str, np.ndarray] = {}
    for part in parts:
        files = weights_for(part.tensors, blocks) | {
            part.moments: moments_for(part.tensors, blocks, str(case.settings["optimizer"]))}
        found |= {f"{file}.npy|{key}": array for file, arrays in files.items() for key, array in arrays.items()}
    return found


def parted(digest: Digest, belongs: Any) -> tuple[Digest, Digest]:
    """The tensors whose name belongs, and the others."""
    def those(wanted: bool) -> Digest:
        places = [i for i, name in enumerate(digest.names) if belongs(name) == wanted]
        return Digest([digest.names[i] for i in places], [digest.samples[i] for i in places], digest.stats[places])

    return those(True), those(False)
