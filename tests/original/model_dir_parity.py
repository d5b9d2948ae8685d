"""Model folders that the original program saved: what is read from them, what they predict, how they train on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.settings.kind import Value
from tests.original.digest import (
    Digest,
    digest_of,
    loss_deviation,
    state_deviations,
    weight_deviations,
)
from tests.original.network_files import (
    Weights,
    config_of,
    put_state,
    read_dictionary,
    state_as_original,
    weights_as_original,
)
from tests.original.options import missing_of, settings_of
from tests.original.recorded_case import Recorded, batch_of, case_of, ties_of
from tests.original.step_parity import PREDICTION, Deviations, Outcome, mix_of, prediction_deviations

NEXT_LOSS = 1e-5
SAMPLES = 64
OPTIMIZER_FILE = "src_dst_opt"

Files = dict[str, dict[str, Any]]       # bare file name -> its dictionary


def check_model_dirs(folder: Path) -> Iterator[tuple[str, Deviations, bool]]:
    """A case for each saved model that has its expectations beside it."""
    for expected in sorted(folder.glob("*_expected.npz")):
        name = expected.name.removesuffix("_expected.npz")
        deviations, is_within = check_model(folder / name, np.load(expected))
        yield f"model_dirs/{name}", deviations, is_within


def check_model(folder: Path, recorded: Recorded) -> Outcome:
    """One saved model: its data, predictions, the next step's losses, weights and state after it."""
    config = config_of(recorded)
    prefix = next(folder.glob("*_data.dat")).name.removesuffix("data.dat")
    data = read_dictionary((folder / f"{prefix}data.dat").read_bytes())
    if missing := missing_of(config["kind"], data["options"]):
        return {"missing": missing}, False
    files: Files = {p.name.removeprefix(prefix).removesuffix(".npy"): read_dictionary(p.read_bytes())
                    for p in folder.glob(f"{prefix}*.npy")}
    settings = settings_of(data["options"], config["kind"])
    return train_on(files, data, settings, recorded, data["loss_history"] == config["loss_history"])


def train_on(files: Files, data: dict[str, Any], settings: dict[str, Value], recorded: Recorded,
             is_data_right: bool) -> Outcome:
    """Predict and train one step further."""
    state = files.pop(OPTIMIZER_FILE)
    weights: Weights = files
    case = case_of(settings, weights)
    put_state(case.network, case.step.optimizer, state)
    found: Deviations = {"predictions": max(prediction_deviations(case, recorded).values())}
    ties = ties_of(case, recorded)
    result = case.step(batch_of(recorded, settings), settings, iteration=data["iter"], mix=mix_of(recorded),
                       locked=case.locked).read()
    found["next_loss"] = loss_deviation(np.array([result.src, result.dst]), recorded["next_loss"])
    is_within = is_data_right and found["predictions"] <= PREDICTION and found["next_loss"] <= NEXT_LOSS

    digest = digest_of(recorded, "after_next", [str(name) for name in recorded["names"]])
    kept, moved = parted(digest, lambda name: name.startswith(OPTIMIZER_FILE))
    ours = {variable.replace("/", ".npy|", 1): v for variable, v in weights_as_original(case.network).items()}
    weight_found, are_weights = weight_deviations(moved, ours, SAMPLES, 1)
    ours = {f"{OPTIMIZER_FILE}.npy|{k}": v for k, v in state_as_original(case.network, case.step.optimizer).items()}
    state_found, is_state = state_deviations(kept, ours, SAMPLES, 1, ties)
    return found | weight_found | state_found, is_within and are_weights and is_state


def parted(digest: Digest, belongs: Any) -> tuple[Digest, Digest]:
    """The tensors whose name belongs, and the others."""
    def those(wanted: bool) -> Digest:
        places = [i for i, name in enumerate(digest.names) if belongs(name) == wanted]
        return Digest([digest.names[i] for i in places], [digest.samples[i] for i in places], digest.stats[places])

    return those(True), those(False)
