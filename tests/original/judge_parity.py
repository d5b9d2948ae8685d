"""The discriminators and XSeg of the original program against ours: a case for each recorded network.

Widths are read off the weights, patch size and code size off the file, so that any folder of this format will do.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from core.nets.dfl_keys import load_original
from core.nets.discriminator import CodeDiscriminator, PatchDiscriminator, patch_layers
from core.nets.layer import Threshold
from core.nets.xseg import XsegNetwork, make_xseg
from tests.original.digest import Digest, digest_of, gaps
from tests.original.network_files import Weights, weights_as_original, weights_from_zips

LOGIT = 1e-5
XSEG_LOGIT, XSEG_GRADIENT = 2e-4, 1e-2     # the second of a tensor's largest
XSEG_LOSS = 1e-6
TIE = 1e-5          # how near to a threshold a value's side is chance
MOST_TIES = 30      # so many are tried
SAMPLES = 128

Case = tuple[str, dict[str, float | str], bool]
Recorded = Mapping[str, np.ndarray]
Place = tuple[str, int]     # a threshold's name, flat place in its map


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
    faces, target = picture(recorded["x"]), picture(recorded["target"])
    with torch.no_grad():
        logits, pretrained = network(faces), network.pretrain(faces)
        loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean((1, 2, 3))
    found, is_within = within({
        "logits": (logits[:, :, ::2, ::2], recorded["logits_s2"]),
        "logits_top": (logits[:, :, :4], recorded["logits_top4"]),
        "logits_left": (logits[..., :4], recorded["logits_left4"]),
        "pretrain": (pretrained[:, :, ::4, ::4], recorded["pretrain_pred_s4"])}, XSEG_LOGIT)
    found["loss"] = float(np.abs(loss.numpy() - recorded["loss"]).max())
    digest = digest_of(recorded, "grad", [str(key) for key in recorded["names"]])
    found |= nearest_gradient(digest, network, faces, target)
    return found, is_within and found["loss"] <= XSEG_LOSS and found["gradient"] <= XSEG_GRADIENT


def nearest_gradient(digest: Digest, network: XsegNetwork, faces: torch.Tensor,
                     target: torch.Tensor) -> dict[str, float]:
    """The gradient's deviation, and how many values were put on the other side of their threshold for it.

    Where a value stands on a threshold, float rounding decides whether its gradient passes, and kernels differ. So
    those that are near enough are tried on their other side: each time the one that comes nearest to the record.
    """
    flips: list[Place] = []
    least = gradient_deviation(digest, network, faces, target, flips)
    places = near_places(network, faces) if least > XSEG_GRADIENT else []
    while least > XSEG_GRADIENT and places:
        tried = [(gradient_deviation(digest, network, faces, target, [*flips, place]), place) for place in places]
        deviation, place = min(tried)
        if deviation >= least:
            break
        least, flips = deviation, [*flips, place]
        places.remove(place)
    return {"gradient": least, "flipped": float(len(flips))}


def near_places(network: XsegNetwork, faces: torch.Tensor) -> list[Place]:
    """Where a value is within TIE of its threshold, the nearest first."""
    found: list[tuple[float, Place]] = []

    def look(name: str, tlu: Threshold, x: torch.Tensor) -> None:
        gap = (x - tlu.tau[:, None, None]).abs().flatten()
        found.extend((float(gap[place]), (name, int(place))) for place in torch.nonzero(gap < TIE))

    hooks = [tlu.register_forward_hook(lambda tlu, inputs, _, name=name: look(name, tlu, inputs[0]))
             for name, tlu in thresholds(network)]
    with torch.no_grad():
        network(faces)
    for hook in hooks:
        hook.remove()
    return [place for _, place in sorted(found)][:MOST_TIES]


def gradient_deviation(digest: Digest, network: XsegNetwork, faces: torch.Tensor, target: torch.Tensor,
                       flips: list[Place]) -> float:
    """Largest deviation of a gradient at the samples, of its tensor's largest; `flips` are on their other side."""
    def flipped(name: str, tlu: Threshold, x: torch.Tensor) -> torch.Tensor:
        tau = tlu.tau[:, None, None].expand_as(x)
        is_above = (x > tau).flatten()
        for _, place in (flip for flip in flips if flip[0] == name):
            is_above[place] = ~is_above[place]
        return torch.where(is_above.view_as(x), x, tau)

    concerned = {name for name, _ in flips}
    hooks = [tlu.register_forward_hook(lambda tlu, inputs, _, name=name: flipped(name, tlu, inputs[0]))
             for name, tlu in thresholds(network) if name in concerned]
    network.zero_grad()
    F.binary_cross_entropy_with_logits(network(faces), target, reduction="none").mean((1, 2, 3)).sum().backward()
    for hook in hooks:
        hook.remove()
    ours = weights_as_original(network, gradients=True)
    return max(float(gap.max()) / max(digest.largest(place), 1e-30)
               for place, gap in enumerate(gaps(digest, ours, SAMPLES)))


def thresholds(network: XsegNetwork) -> list[tuple[str, Threshold]]:
    """Every threshold with its name."""
    return [(name, module) for name, module in network.named_modules() if isinstance(module, Threshold)]


def picture(recorded: np.ndarray) -> torch.Tensor:
    """Bytes as float32, 0..1."""
    return torch.from_numpy(recorded.astype(np.float32) / 255)


def within(pairs: Mapping[str, tuple[torch.Tensor, np.ndarray]], tolerance: float) -> tuple[dict[str, float], bool]:
    """Largest deviation of each of ours from the recorded; another shape is infinitely far."""
    found = {key: float(np.abs(ours.detach().numpy() - recorded).max()) if tuple(ours.shape) == recorded.shape
             else float("inf") for key, (ours, recorded) in pairs.items()}
    return found, all(value <= tolerance for value in found.values())   # NaN is not

