"""One recorded case as ours: network with its weights, batch, step. And where its first layer stands on the kink."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from core.nets.dfl_keys import load_original, original_tensors
from core.nets.family import make_network
from core.nets.network import FaceNetwork
from core.settings.kind import Value
from core.train.optim import make_optimizer
from core.train.step import Step
from core.train.train_batch import TrainBatch, TrainSide
from tests.original.network_files import Weights, weights_from_recipe, weights_from_zips

Recorded = Mapping[str, np.ndarray]

FIRST_LAYER = "encoder/down1"
WEIGHT_UNIT, PIXEL_UNIT = 512, 255      # made-up weights are multiples of 1/512, pixels of 1/255


@dataclass(frozen=True)
class Case:
    """A network and the step that trains it."""

    network: FaceNetwork
    step: Step
    settings: dict[str, Value]


def weights_of_case(folder: Path, entry: Mapping, settings: Mapping[str, Value]) -> Weights:
    """What cases.json says about the weights: zips, or the seed of the recipe."""
    if entry.get("weights"):
        return weights_from_zips(folder / name for name in entry["weights"])
    return weights_from_recipe(original_tensors(make_network(settings)), entry["weights_recipe_seed"])


def case_of(settings: dict[str, Value], weights: Weights) -> Case:
    """A case with these weights, its optimizer fresh."""
    network = make_network(settings)
    load_original(network, weights)
    return Case(network, Step(network, make_optimizer(str(settings["optimizer"]), network)), settings)


def picture_of(recorded: Recorded, name: str) -> torch.Tensor:
    """Bytes (b, c, R, R) as float32, 0..1."""
    picture = torch.from_numpy(recorded[name].astype(np.float32) / PIXEL_UNIT)
    return picture.contiguous(memory_format=torch.channels_last)


def batch_of(recorded: Recorded, settings: Mapping[str, Value]) -> TrainBatch:
    """The recorded batch; the mask of eyes and mouth where the settings want it."""
    def side(name: str) -> TrainSide:
        is_wanted = settings["eyes_prio"] or settings["mouth_prio"]
        return TrainSide(picture_of(recorded, f"warped_{name}"), picture_of(recorded, f"target_{name}"),
                         picture_of(recorded, f"target_{name}m"),
                         picture_of(recorded, f"target_{name}m_em") if is_wanted else None)

    return TrainBatch(side("src"), side("dst"))


def tied_prefix(case: Case, recorded: Recorded) -> str:
    """The first layer's name if one of its outputs is exactly 0 in exact arithmetic, else "".

    Weights and pixels are multiples of known units, so the sum is one of whole numbers, which float64 holds exactly.
    """
    if case.network.shape.archi.is_cosine:
        return ""
    conv = case.network.encoder.down1.conv
    weight, bias = (p.detach().double() * WEIGHT_UNIT for p in (conv.weight, conv.bias))
    if not torch.equal(weight, weight.round()):
        return ""
    pixels = torch.from_numpy(np.concatenate([recorded["warped_src"], recorded["warped_dst"]])).double()
    return FIRST_LAYER if (F.conv2d(pixels, weight, bias * PIXEL_UNIT, stride=2, padding=2) == 0).any() else ""
