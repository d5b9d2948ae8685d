"""One recorded case as ours: network with its weights, batch, step. And where its first layer stands on the kink."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from core.nets.dfl_keys import OriginalTensor, load_original, original_tensors
from core.nets.discriminator import make_code_discriminator, make_patch_discriminator
from core.nets.family import make_network
from core.nets.network import Blocked, FaceNetwork
from core.settings.kind import Value
from core.train.optim import make_optimizer
from core.train.step import Step
from core.train.train_batch import TrainBatch, TrainSide
from tests.original.digest import JUDGE_TIE, LARGE, LARGE_TIE, TIE, USUAL, Ties
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

    @property
    def locked(self) -> frozenset[str]:
        """What the original does not train: AMP's inters keep their first weights."""
        return frozenset(b.name for b in self.network.blocks if self.settings["model"] == "amp" and
                         b.part.startswith("inter"))

    @property
    def gan_prefix(self) -> str:
        """How the original begins the names of the GAN's variables."""
        return "GAN" if self.settings["model"] == "amp" else "D_src"


def weights_of_case(folder: Path, entry: Mapping, settings: Mapping[str, Value]) -> Weights:
    """What cases.json says about the weights: zips, or the seed of the recipe."""
    if entry.get("weights"):
        return weights_from_zips(folder / name for name in entry["weights"])
    return weights_from_recipe(tensors_of(settings), entry["weights_recipe_seed"])


def tensors_of(settings: Mapping[str, Value]) -> list[OriginalTensor]:
    """The tensors of a case's network and judges, in the order of the original's files."""
    judges: list[Blocked] = []
    if settings["true_face_power"]:
        judges.append(make_code_discriminator(settings))
    if settings["gan_power"]:
        judges.append(make_patch_discriminator(settings))
    return [tensor for network in (make_network(settings), *judges) for tensor in original_tensors(network)]


def case_of(settings: dict[str, Value], weights: Weights) -> Case:
    """A case with these weights, its optimizers fresh."""
    network = make_network(settings)
    load_original(network, weights)
    step = Step(network, make_optimizer(str(settings["optimizer"]), network))
    step.equip(settings)
    for judge in step.rivals.learners:
        load_original(judge.module, weights)
    return Case(network, step, settings)


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


def ties_of(case: Case, recorded: Recorded) -> Ties:
    """How far gradients may be off: more in a layer one of whose outputs is exactly 0 in exact arithmetic.

    Float rounding decides there on which side of the kink of leaky ReLU it falls. Weights and pixels are multiples of
    known units, so the sum is one of whole numbers, which float64 holds exactly.
    """
    is_large = case.settings["model"] == "quick96"
    ties = {"": LARGE if is_large else USUAL}
    warped = np.concatenate([recorded["warped_src"], recorded["warped_dst"]])
    if not case.network.shape.archi.is_cosine and has_tie(case.network.encoder.down1.conv, warped):
        ties[FIRST_LAYER] = LARGE_TIE if is_large else TIE
    if (gan := case.step.rivals.gan) is not None:
        # the GAN sees what is inside the mask only; a tie outside of it moves the bias alone, and counts here too
        sides = ("src", "dst") if case.settings["model"] == "amp" else ("src",)
        targets = np.concatenate([recorded[f"target_{side}"] for side in sides])
        if has_tie(gan.module.get_submodule("in"), targets):
            ties[f"{case.gan_prefix}/in_conv"] = JUDGE_TIE
    return ties


def has_tie(conv: torch.nn.Conv2d, pixels: np.ndarray) -> bool:
    """Whether an output of a layer of made-up weights is 0 for these bytes, (b, c, h, w)."""
    weight, bias = (p.detach().double() * WEIGHT_UNIT for p in (conv.weight, conv.bias))
    if not torch.equal(weight, weight.round()):
        return False
    sums = F.conv2d(torch.from_numpy(pixels).double(), weight, bias * PIXEL_UNIT, conv.stride, conv.padding)
    return bool((sums == 0).any())
