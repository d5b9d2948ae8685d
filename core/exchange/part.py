"""The networks of a run as the original divides them: the face network, and the judges that a power calls for."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch

from core.events.event import Block
from core.nets.block import BlockNetwork
from core.nets.dfl_keys import OriginalTensor, original_tensors
from core.nets.discriminator import make_code_discriminator, make_patch_discriminator
from core.nets.family import outline
from core.settings.error import ExchangeError, NetworkError
from core.settings.kind import Value

OPTIMIZER = "src_dst_opt"
GAN_PREFIXES = ("GAN", "D_src")     # how the GAN's variables begin: AMP's, all others' (facts/files.md 8.4)

Settings = Mapping[str, Value]


class Part(NamedTuple):
    """Networks with one optimizer: their blocks, their tensors in the original's order, its file without .npy."""

    blocks: list[Block]
    tensors: list[OriginalTensor]
    moments: str


class Judge(NamedTuple):
    """A discriminator of the original: its file, its optimizer's, the option that switches it on."""

    file: str
    moments: str
    power: str
    make: Callable[[Settings], BlockNetwork]


JUDGES = (Judge("code_discriminator", "D_code_opt", "true_face_power", make_code_discriminator),
          Judge("GAN", "GAN_opt", "gan_power", make_patch_discriminator))


def network_part(settings: Settings) -> Part:
    """The face network of these settings; costs no memory. Raises ExchangeError."""
    return Part(*expected(settings), OPTIMIZER)


def expected(settings: Settings) -> tuple[list[Block], list[OriginalTensor]]:
    """Its blocks, and its tensors in the original's order."""
    try:
        with torch.device("meta"):
            network = outline(settings)
        return network.blocks, original_tensors(network)
    except NetworkError as error:
        raise ExchangeError(f"the options build no network: {error.message}", hint=error.hint) from error


def judge_part(judge: Judge, settings: Settings, gan_prefix: str) -> Part:
    """A judge of these settings; costs no memory. Raises ExchangeError."""
    try:
        with torch.device("meta"):
            network = judge.make(settings)
    except NetworkError as error:
        raise ExchangeError(f"the options build no {judge.file}: {error.message}", hint=error.hint) from error
    return Part(network.blocks, original_tensors(network, gan_prefix=gan_prefix), judge.moments)


def gan_prefix_of(kind: str, keys: Iterable[str]) -> str:
    """How the variables of a GAN begin: as the keys of its optimizer's file say, else as this class has it."""
    keys = list(keys)
    for prefix in GAN_PREFIXES:
        if any(f"_{prefix}/" in key for key in keys):
            return prefix
    return "GAN" if kind in ("AMP", "AMPLegacy") else "D_src"


def judged_with(step: Mapping[str, Any], settings: Settings) -> list[tuple[Judge, Settings]]:
    """The judges that a generation holds, each with the settings that it was built from (core/train/step.py, state)."""
    there = step.get("rivals", {"gan": None, "code": False})
    found: list[tuple[Judge, Settings]] = []
    if there["code"]:
        found.append((JUDGES[0], settings))
    if there["gan"] is not None:
        patch, dims = there["gan"]
        found.append((JUDGES[1], {**settings, "gan_patch_size": int(patch), "gan_dims": int(dims)}))
    return found


def step_of(judges: Iterable[Judge], settings: Settings) -> dict[str, Any]:
    """What a generation says of judges that were imported: powers stand at their height."""
    files = {judge.file for judge in judges}
    size = [int(settings["gan_patch_size"]) or int(settings["resolution"]) // 8, int(settings["gan_dims"])]
    return {"rivals": {"gan": size if "GAN" in files else None, "code": "code_discriminator" in files},
            "ramps": {judge.power: [0.0, float(settings[judge.power]), 0, 0] for judge in JUDGES
                      if judge.file in files},
            "pretraining": settings["pretrain"] != "n"}
