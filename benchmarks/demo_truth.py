"""How near the demo comes to the truth: error(swap, truth) / error(dst, truth) inside the mask, after CPU minutes.

    python -m benchmarks.demo_truth --seed 1 --minutes 3 28 [--set KEY=VALUE]... [--png FOLDER]

Trains the recipe `demo` in this process, with the product's own samples, networks and step, on the packaged faces.
The truth is a second drawing of 12 dst frames with the other person in them, pixel for pixel in dst's frame; the mask
is where both people's faces are. One JSON line a reading: 1.0 is "no swap", 0.0 perfect. Minutes are CPU time of this
process without the readings themselves.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from core.events.act import SetValues
from core.faces.cache import FaceCache
from core.faces.demo import demo_folder
from core.faces.face_type import face_type_of
from core.faces.faceset import FaceSet, open_faceset
from core.faces.picture import crop_image, crop_plane, read_image
from core.nets.family import make_network
from core.nets.initial import initialise
from core.nets.network import FaceNetwork
from core.nets.picture import swapped
from core.recipes.language import load
from core.samples.source import SampleSource
from core.settings.registry import defaults, parse_all
from core.train.device import prepare
from core.train.lrd import LrdStream
from core.train.optim import make_optimizer
from core.train.sample_options import sample_options
from core.train.step import Step
from core.train.train_batch import to_train_batch

Floats = NDArray[np.float32]
CACHE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Truth:
    """The 12 frames at the model's side: dst, truth (n, R, R, 3) BGR and the mask of both faces (n, R, R), 0..1."""

    dst: Floats
    truth: Floats
    mask: Floats


def truth_at(side_px: int, face_type_name: str) -> Truth:
    """Crops of the truth frames, all through the dst face's own alignment."""
    folder = demo_folder()
    face_type = face_type_of(face_type_name)
    of_dst = {face.name: face for face in open_faceset(folder / "dst").faces}
    dst, truth, mask = [], [], []
    for face in open_faceset(folder / "truth").faces:
        own = of_dst[face.name]
        both = cv2.imread(str(folder / "truth" / "masks" / f"{Path(face.name).stem}.png"))[:, :, 0] / 255.0
        dst.append(crop_image(read_image(own), own, face_type, side_px))
        truth.append(crop_image(read_image(face), own, face_type, side_px))
        mask.append(crop_plane(both.astype(np.float32), own, face_type, side_px))
    return Truth(np.stack(dst).astype(np.float32) / 255, np.stack(truth).astype(np.float32) / 255, np.stack(mask))


def errors(picture: Floats, against: Truth) -> NDArray[np.float64]:
    """L1, L1 after matching the mean colour, DSSIM of `picture` to the truth inside the mask; means over the faces."""
    found = []
    for a, b, mask in zip(picture, against.truth, against.mask, strict=True):
        inside = mask > 0.5
        difference = (a - b)[inside]  # (pixels, 3)
        matched = difference - difference.mean(0)
        found.append((np.abs(difference).mean(), np.abs(matched).mean(), dissimilarity(a, b)[inside].mean()))
    return np.mean(found, 0, dtype=np.float64)


def dissimilarity(a: Floats, b: Floats) -> Floats:
    """(1 - SSIM) / 2 at each pixel and channel, with the usual Gaussian window of 11 pixels and sigma 1.5."""
    def blur(x: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(x, (11, 11), 1.5), np.float32)

    ma, mb = blur(a), blur(b)
    va, vb, cross = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    ssim = (2 * ma * mb + 1e-4) * (2 * cross + 9e-4) / ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4))
    return np.asarray((1 - ssim) / 2, np.float32)


def reading(network: FaceNetwork, against: Truth) -> tuple[list[float], Floats]:
    """The three ratios, and the swapped faces."""
    dst = torch.from_numpy(against.dst).permute(0, 3, 1, 2).contiguous()
    swap = swapped(network, dst).swap.permute(0, 2, 3, 1).numpy()
    return (errors(swap, against) / errors(against.dst, against)).round(3).tolist(), swap


def train(recipe_name: str, seed: int, minutes: list[float], assignments: list[str], pictures: Path | None) -> None:
    """One run of the recipe; prints a line at each of `minutes`."""
    recipe = load(recipe_name)
    settings = defaults() | recipe.settings | {"seed": seed} | parse_all(assignments)
    waiting = [(at, act) for at, act in recipe.waiting if isinstance(act, SetValues)]
    prepare(torch.device("cpu"), 1)
    network = make_network(settings)
    initialise(network, seed)
    step = Step(network, make_optimizer(str(settings["optimizer"]), network))
    against = truth_at(int(settings["resolution"]), str(settings["face_type"]))
    left = sorted(minutes)
    with TemporaryDirectory() as folder, source_of(settings, Path(folder), seed) as source:
        iteration, drawn, not_counted = 0, 0, time.process_time()
        losses: list[torch.Tensor] = []
        while left:
            while waiting and waiting[0][0] == iteration:
                settings = settings | waiting.pop(0)[1].values
            batch = source.batch(life=0, iteration=iteration, drawn_src=drawn, drawn_dst=drawn,
                                 options=sample_options(settings))
            losses.append(step(to_train_batch(batch, torch.device("cpu")), settings, iteration=iteration,
                               stream=LrdStream(seed, 0)).numbers)
            iteration, drawn = iteration + 1, drawn + int(settings["batch_size"])
            spent = time.process_time() - not_counted
            if spent >= left[0] * 60:
                began = time.process_time()
                ratios, swap = reading(network, against)
                src, dst = torch.stack(losses[-200:]).mean(0)[:2].tolist()
                print(json.dumps({"seed": seed, "cpu_minutes": left.pop(0), "iteration": iteration, "l1": ratios[0],
                                  "l1_matched": ratios[1], "dssim": ratios[2], "src_loss": round(src, 3),
                                  "dst_loss": round(dst, 3), "set": assignments}), flush=True)
                if pictures:
                    sheet(pictures / f"demo-{seed}-{iteration}.png", against, swap)
                not_counted += time.process_time() - began


def source_of(settings: dict[str, bool | int | float | str], folder: Path, seed: int) -> SampleSource:
    """Samples of the packaged faces, made in this process so that their CPU time counts."""
    face_type = face_type_of(str(settings["face_type"]))

    def cache(faceset: FaceSet) -> FaceCache:
        return FaceCache(faceset, side_px=int(settings["resolution"]), face_type=face_type, folder=folder,
                         limit_bytes=CACHE_BYTES)

    return SampleSource(cache(open_faceset(demo_folder() / "src")), cache(open_faceset(demo_folder() / "dst")),
                        seed=seed, workers=0)


def sheet(path: Path, against: Truth, swap: Floats) -> None:
    """Rows of dst, swap, truth."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [np.concatenate(list(row), 1) for row in (against.dst, swap, against.truth)]
    cv2.imwrite(str(path), (np.concatenate(rows).clip(0, 1) * 255).astype(np.uint8))


def main(arguments: list[str]) -> None:
    """The benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--minutes", type=float, nargs="+", default=[3.0, 28.0])
    parser.add_argument("--set", dest="assignments", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--recipe", default="demo", help="a recipe by name or file")
    parser.add_argument("--png", type=Path, help="folder for sheets of dst, swap, truth")
    options = parser.parse_args(arguments)
    for seed in options.seed:
        train(options.recipe, seed, options.minutes, options.assignments, options.png)


if __name__ == "__main__":
    main(sys.argv[1:])
