"""The discriminators and XSeg of the original program against ours: a case for each recorded network.

Widths are read off the weights, patch size and code size off the file, so that any folder of this format will do.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from core.nets.block import BlockNetwork
from core.nets.dfl_keys import load_original
from core.nets.discriminator import CodeDiscriminator, PatchDiscriminator, patch_layers
from core.nets.xseg import make_xseg
from tests.original.digest import Digest, digest_of, gaps
from tests.original.network_files import Weights, weights_as_original, weights_from_zips

LOGIT = 1e-5
XSEG_LOGIT, XSEG_GRADIENT = 2e-4, 1e-2     # the second of a tensor's largest
XSEG_LOSS = 1e-6
SAMPLES = 128

Case = tuple[str, dict[str, float | str], bool]
Recorded = Mapping[str, np.ndarray]


def judges_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name and file of every recorded judge in a folder."""
    for pattern in ("disc_patch*.npz", "codedisc_*.npz", "xseg_*.npz", "disc_archi_table.json"):
        for path in sorted(folder.glob(pattern)):
            yield path.stem, path


def check_judge(name: str, path: Path) -> Case:
    """One of them."""
    if path.suffix == ".json":
        return name, *check_table(json.loads(path.read_text()))
    recorded, weights = np.load(path), weights_from_zips([path.with_suffix(".zip")])
    check = {"disc": check_patch, "codedisc": check_code, "xseg": check_xseg}[name.partition("_")[0]]
    deviations, is_within = check(name, recorded, weights)
    return name, deviations, is_within


def check_table(recorded: Mapping) -> tuple[dict[str, float], bool]:
    """The layers of every patch size."""
    differ = sum(layers != [[3, stride] for stride in patch_layers(int(patch))]
                 for patch, layers in recorded["table"].items())
    return {"sizes": float(len(recorded["table"])), "differ": float(differ)}, differ == 0 and bool(recorded["table"])


def check_patch(name: str, recorded: Recorded, weights: Weights) -> tuple[dict[str, float], bool]:
    """Both maps of logits of the picture's judge."""
    judge = PatchDiscriminator(int(name.removeprefix("disc_patch")), weights["GAN"]["in_conv/weight:0"].shape[-1])
    load_original(judge, weights)
    with torch.no_grad():
        patches, pixels = judge(picture(recorded["x"]))
    return within({"center_out": (patches, recorded["center_out"]), "out": (pixels, recorded["out"])}, LOGIT)


def check_code(_: str, recorded: Recorded, weights: Weights) -> tuple[dict[str, float], bool]:
    """The logits of the code's judge."""
    _, channels, side, _ = recorded["x"].shape
    base = weights["code_discriminator"]["convs_0/weight:0"].shape[-1]
    judge = CodeDiscriminator(channels, side, base=base)
    load_original(judge, weights)
    with torch.no_grad():
        logits = judge(torch.from_numpy(recorded["x"]))
    return within({"out": (logits, recorded["out"])}, LOGIT)


def check_xseg(_: str, recorded: Recorded, weights: Weights) -> tuple[dict[str, float], bool]:
    """Logits, what pretraining sees, loss and gradients of the mask network."""
    network = make_xseg(weights["XSeg_256"]["conv01/conv/weight:0"].shape[-1])
    load_original(network, weights)
    faces = picture(recorded["x"])
    logits = network(faces)
    loss = F.binary_cross_entropy_with_logits(logits, picture(recorded["target"]), reduction="none").mean((1, 2, 3))
    loss.sum().backward()
    with torch.no_grad():
        pretrained = network.pretrain(faces)
    found, is_within = within({
        "logits": (logits[:, :, ::2, ::2], recorded["logits_s2"]),
        "logits_top": (logits[:, :, :4], recorded["logits_top4"]),
        "logits_left": (logits[..., :4], recorded["logits_left4"]),
        "pretrain": (pretrained[:, :, ::4, ::4], recorded["pretrain_pred_s4"])}, XSEG_LOGIT)
    found["loss"] = float(np.abs(loss.detach().numpy() - recorded["loss"]).max())
    digest = digest_of(recorded, "grad", [str(key) for key in recorded["names"]])
    found["gradient"] = gradient_deviation(digest, network)
    return found, is_within and found["loss"] <= XSEG_LOSS and found["gradient"] <= XSEG_GRADIENT


def gradient_deviation(digest: Digest, network: BlockNetwork) -> float:
    """Largest deviation of a gradient at the samples, of its tensor's largest."""
    ours = weights_as_original(network, gradients=True)
    return max(float(gap.max()) / max(digest.largest(place), 1e-30)
               for place, gap in enumerate(gaps(digest, ours, SAMPLES)))


def picture(recorded: np.ndarray) -> torch.Tensor:
    """Bytes as float32, 0..1."""
    return torch.from_numpy(recorded.astype(np.float32) / 255)


def within(pairs: Mapping[str, tuple[torch.Tensor, np.ndarray]], tolerance: float) -> tuple[dict[str, float], bool]:
    """Largest deviation of each of ours from the recorded; another shape is infinitely far."""
    found = {key: float(np.abs(ours.detach().numpy() - recorded).max()) if tuple(ours.shape) == recorded.shape
             else float("inf") for key, (ours, recorded) in pairs.items()}
    return found, max(found.values()) <= tolerance

