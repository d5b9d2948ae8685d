"""What a GAN and true face change: one trained network goes on without, with the one and with the other.

    python -m benchmarks.rivals --folder FOLDER [--trunk 600] [--iterations 300] [--png FILE]

Trains the recipe `demo` on five of six packaged faces, then each arm from that state, all with random warp off, as at
the end of a training. Shown as JSON lines: what reaches a judge from drawn examples (its gradient's length), how wrong
the judge is about them at first and at last (its fake term, which must fall by a tenth), and how near the network comes
to faces that it never saw (DSSIM, which must not rise by more than a twentieth over the arm without). Ends with 1 where
one is not so. The state is kept in FOLDER every 25 iterations: the same command goes on. `--arm` does one arm only.
"""

import argparse
import json
import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.training import Training
from core.events.act import SetValues
from core.faces.cache import FaceCache
from core.faces.demo import demo_folder
from core.nets.picture import Pictures, pictures
from core.recipes.language import load
from core.settings.kind import Value
from core.settings.registry import birth_settings, parse_all
from core.train.device import prepare
from core.train.learner import Learner
from core.train.loss_judge import entropy
from core.train.loss_ssim import dissimilarity, windows_for
from core.train.objective import terms_of
from core.train.optim import gradient_of
from core.train.ramp import full_powers
from core.train.rivals import Examples, heads_of, module_of
from core.train.train_batch import to_tensor
from core.train.training_faces import TrainingFaces, open_faces

NO_JUDGES: Mapping[str, Value] = {"gan_power": 0.0, "true_face_power": 0.0}     # the recipe has one of its own
ARMS: Mapping[str, Mapping[str, Value]] = {
    "without": {}, "gan": {"gan_power": 0.1}, "true_face": {"true_face_power": 0.01}}
FALL, RISE = 0.10, 0.05     # of a fake term at least, of the dissimilarity at most
HELD_OUT = 6                # every sixth face is never trained on
KEEP_EVERY = 25
PROBE_EVERY = 10
LAST = 5                    # probes of the end: 50 iterations

Levels = NDArray[np.uint8]
Probe = tuple[int, float, float]    # iteration, fake term, length of its gradient


# --- faces ------------------------------------------------------------------------------------------------------------
def split(folder: Path) -> None:
    """Lay the packaged faces apart: those that are trained on, and those that are held out."""
    for side in ("src", "dst"):
        for number, path in enumerate(sorted((demo_folder() / side).glob("*.jpg"))):
            place = folder / ("held" if number % HELD_OUT == 0 else "trained") / side
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place / path.name)


def opened(folder: Path, which: str, settings: Mapping[str, Value]) -> TrainingFaces:
    """The faces of one part."""
    return open_faces((folder / which / "src", folder / which / "dst"), settings, folder / "cache", workers=0,
                      say=lambda _: None)


class Held:
    """The held-out faces of both people, (n, 3, R, R), and their masks, (n, 1, R, R)."""

    def __init__(self, faces: TrainingFaces) -> None:
        self.src, self.src_mask = whole(faces.caches["src"])
        self.dst, self.dst_mask = whole(faces.caches["dst"])

    def dissimilarity(self, drawn: Pictures) -> float:
        """(1 - SSIM) / 2 of the faces drawn as themselves, inside their masks; mean of both people."""
        sides = ((self.src, drawn.src, self.src_mask), (self.dst, drawn.dst, self.dst_mask))
        found = [dissimilarity(target * mask, picture * mask, windows_for(target.shape[-1]))[0].mean()
                 for target, picture, mask in sides]
        return float(sum(found)) / len(found)


def whole(cache: FaceCache) -> tuple[Tensor, Tensor]:
    """All pictures and masks of a set."""
    device = torch.device("cpu")
    images = to_tensor(np.stack([cache.image(i) for i in range(len(cache))]), device)
    return images, to_tensor(np.stack([cache.mask(i) for i in range(len(cache))])[..., None], device)


# --- training ---------------------------------------------------------------------------------------------------------
def trunk(folder: Path, settings: dict[str, Value], iterations: int) -> Path:
    """The state that all arms begin with: the recipe, with its stages."""
    path, faces = folder / "trunk.npz", opened(folder, "trained", settings)
    training = Training(settings, faces)
    if path.exists():
        training.take_up(path)
    waiting = [(at, act) for at, act in load("demo").waiting if isinstance(act, SetValues)]
    while training.iteration < iterations:
        for at, act in waiting:
            if at <= training.iteration:
                training.settings = {**training.settings, **act.values}
        numbers = training.advance()
        if training.iteration % KEEP_EVERY == 0 or training.iteration == iterations:
            training.keep(path)
            tell({"arm": "trunk", "iteration": training.iteration, "src": numbers.src, "dst": numbers.dst})
    faces.close()
    return path


def train_arm(folder: Path, name: str, settings: dict[str, Value], start: Path, iterations: int) -> Path:
    """One arm; its probes are the notes of what is kept."""
    path, faces = folder / f"{name}.npz", opened(folder, "trained", settings)
    training, probes = Training({**settings, **ARMS[name]}, faces), list[Probe]()
    if path.exists():
        probes = training.take_up(path)
    else:
        training.take_up(start)
        training.step.equip(training.settings)      # a judge that has learnt nothing yet
        probes += [probe_of(training)] if ARMS[name] else []
    end = json_head(start) + iterations
    while training.iteration < end:
        numbers = training.advance()
        if ARMS[name] and training.iteration % PROBE_EVERY == 0:
            probes.append(probe_of(training))
        if training.iteration % KEEP_EVERY == 0 or training.iteration == end:
            training.keep(path, probes)
            tell({"arm": name, "iteration": training.iteration, "src": numbers.src, "dst": numbers.dst,
                  "probe": probes[-1:]})
    faces.close()
    return path


def json_head(path: Path) -> int:
    """The iteration of a kept state."""
    with np.load(path) as file:
        return int(json.loads(str(file[""]))["iteration"])


def probe_of(training: Training) -> Probe:
    """How wrong the judge is about what the network draws now, and how much of that reaches its weights."""
    settings, rivals = training.settings, training.step.rivals
    terms = terms_of(settings, full_powers(settings))
    codes, drawn = rivals.examples(training.batch(), terms, mix=None, has_codes=rivals.code is not None,
                                   has_pictures=rivals.gan is not None)
    term, length = fake_term(rivals.gan, drawn) if rivals.gan is not None else fake_term(rivals.code, codes)
    return training.iteration, term, length


def fake_term(judge: Learner | None, examples: Examples | None) -> tuple[float, float]:
    """The judge's loss about the drawn examples alone, and the length of its gradient. Changes nothing."""
    if judge is None or examples is None:
        raise ValueError("there is no judge to be looked at")
    names = judge.open_blocks(frozenset())
    loss = torch.stack([entropy(0.0, logits) for logits in heads_of(module_of(judge)(examples.fake))]).sum(0).mean()
    loss.backward()
    found = [gradient_of(p).norm() for name in names for p in judge.optimizer.parameters[name].values()]
    judge.module.zero_grad(set_to_none=True)
    return float(loss.detach()), float(torch.stack(found).norm())


# --- what came out ----------------------------------------------------------------------------------------------------
def report(folder: Path, settings: dict[str, Value], arms: Mapping[str, Path], png: Path | None) -> bool:
    """Print a line for each arm; whether all is as it must be."""
    faces = opened(folder, "held", settings)
    held, drawn, good = Held(faces), dict[str, Pictures](), True
    for name, path in arms.items():
        training = Training({**settings, **ARMS[name]}, faces)
        probes = training.take_up(path)
        drawn[name] = pictures(training.network, held.src, held.dst)
        line: dict[str, object] = {"arm": name, "iteration": training.iteration,
                                   "held_out_dssim": held.dissimilarity(drawn[name])}
        if probes:
            control = held.dissimilarity(drawn["without"])
            line |= judged(probes, held.dissimilarity(drawn[name]) / control)
            good = good and bool(line["ok"])
        tell(line)
    if png is not None:
        sheet(png, held, drawn)
    faces.close()
    return good


def judged(probes: Sequence[Probe], of_control: float) -> dict[str, object]:
    """The figures of an arm with a judge."""
    first, last = probes[0][1], float(np.mean([term for _, term, _ in probes[-LAST:]]))
    lengths = [length for _, _, length in probes]
    is_learning = min(lengths) > 0 and all(math.isfinite(length) for length in lengths)
    return {"fake_term_first": first, "fake_term_last": last, "fallen": 1 - last / first,
            "gradient_least": min(lengths), "gradient_most": max(lengths), "dssim_of_control": of_control,
            "ok": is_learning and last <= first * (1 - FALL) and of_control <= 1 + RISE}


def sheet(path: Path, held: Held, drawn: Mapping[str, Pictures]) -> None:
    """Rows of held-out faces: src and dst, drawn as themselves and swapped, by each arm."""
    rows = [len(held.dst) * part // 8 for part in (1, 3, 5, 7)]
    columns = [("src", held.src), *((f"src' {name}", p.src) for name, p in drawn.items()), ("dst", held.dst),
               *((f"swap {name}", p.swap) for name, p in drawn.items())]
    strips = [np.concatenate([title(name), *(tile(faces[row]) for row in rows)]) for name, faces in columns]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.concatenate(strips, 1))


TILE_PX = 128


def tile(face: Tensor) -> Levels:
    """A face as a tile, BGR."""
    image = (face.permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    return np.asarray(cv2.resize(image, (TILE_PX, TILE_PX), interpolation=cv2.INTER_NEAREST), np.uint8)


def title(text: str) -> Levels:
    """The name over a column."""
    image = np.full((20, TILE_PX, 3), 255, np.uint8)
    cv2.putText(image, text, (3, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (40, 40, 40), 1, cv2.LINE_AA)
    return image


def tell(line: Mapping[str, object]) -> None:
    """A JSON line with short numbers."""
    print(json.dumps({k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in line.items()}), flush=True)


def main(words: Sequence[str] | None = None) -> int:
    """Train what is missing, then report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rivals", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--trunk", type=int, default=600)
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--arm", action="append", choices=list(ARMS), help="only this one, and no report")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--png", type=Path)
    asked = parser.parse_args(words)
    prepare(torch.device("cpu"), 1)
    split(asked.folder)
    born = birth_settings({**load("demo").settings, **parse_all(asked.set)})
    start = trunk(asked.folder, born, asked.trunk)
    late: dict[str, Value] = {key: value for _, act in load("demo").waiting if isinstance(act, SetValues)
                              for key, value in act.values.items()}
    settings = {**born, **late, **NO_JUDGES, "random_warp": False}
    arms = {name: train_arm(asked.folder, name, settings, start, asked.iterations) for name in asked.arm or ARMS}
    return 0 if asked.arm or report(asked.folder, settings, arms, asked.png) else 1


if __name__ == "__main__":
    sys.exit(main())
