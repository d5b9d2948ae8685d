"""Acceptance of likeness, blur and mask checks on rendered faces with exact truth: one JSON line a check.

    OMP_NUM_THREADS=1 python -m benchmarks.likeness FACES [--golden FOLDER] [--only PREFIX]

FACES: src, dst, truth, and where there are any impostor_c, impostor_d, blur. CPU, one thread. Exit code 1 when a check
fails.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import torch

from core.faces.faceset import FaceSet, open_faceset
from core.faces.picture import face_mask, read_image
from core.watch import blur, sample_quality
from core.watch.bootstrap import RESAMPLES, change, level, picks_of
from core.watch.chip import masked_chip, soft_mask, whole_face_matrix
from core.watch.embedder import Embedder
from core.watch.likeness import choose_references, described, own_chip
from core.watch.scale import Faces, block_of, distances, make_scale, scores

Line = tuple[str, bool, dict[str, Any]]
ALPHAS = np.linspace(0, 1, 11)


def auc(near: np.ndarray, far: np.ndarray) -> float:
    """The share of pairs in which `far` is larger."""
    both = np.concatenate([near, far])
    order = both.argsort(kind="stable").argsort(kind="stable")
    return float((order[len(near):].sum() - len(far) * (len(far) - 1) / 2) / (len(near) * len(far)))


def spearman(values: np.ndarray) -> float:
    """The rank correlation with the order that they come in."""
    ranks = values.argsort(kind="stable").argsort(kind="stable")
    return float(np.corrcoef(ranks, np.arange(len(values)))[0, 1])


class Bench:
    """Faces, embedder and scale, made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.embedder = Embedder.load()
        self.sets: dict[str, FaceSet] = {name: open_faceset(folder / name)
                                         for name in ("src", "dst", "truth", "impostor_c", "impostor_d", "blur")
                                         if (folder / name).is_dir()}
        by_name = {face.name: place for place, face in enumerate(self.sets["dst"].faces)}
        self.truths = [t for t in self.sets["truth"].faces if t.name in by_name]
        self.pairs = np.array([by_name[t.name] for t in self.truths])
        draws = np.random.default_rng(0).random(4096)
        self.references = described(self.sets["src"], choose_references(self.sets["src"], draws), self.embedder,
                                    as_references=True)
        self.scale = make_scale(self.references, self.probes_at(self.pairs), "bench")

    def probes_at(self, places: np.ndarray) -> Faces:
        """These dst faces."""
        return described(self.sets["dst"], places, self.embedder, as_references=False)

    def blended(self, alpha: float, altered: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda p, _: p
                ) -> np.ndarray:
        """Features of truth laid into dst inside dst's mask with weight alpha, the laid picture altered before."""
        chips = []
        for place, truth in zip(self.pairs, self.truths, strict=True):
            face = self.sets["dst"].faces[place]
            under, over = read_image(face).astype(np.float64), read_image(truth)
            mask = face_mask(face)
            over = altered(over, mask).astype(np.float64)
            weight = alpha * mask[:, :, None]
            picture = np.round(under * (1 - weight) + over * weight).clip(0, 255).astype(np.uint8)
            soft = soft_mask(np.round(mask * 255).astype(np.uint8))
            chips.append(masked_chip(picture, soft, whole_face_matrix(face.width))[..., ::-1])
        return self.embedder.embed(np.stack(chips))

    def points(self, features: np.ndarray) -> np.ndarray:
        return scores(self.scale, distances(self.scale, features))


def golden(bench: Bench, folder: Path) -> Iterator[Line]:
    z, g = np.load(folder / "golden.npz"), np.load(folder / "golden_faces.npz")
    off = float(np.abs(bench.embedder.embed(z["images"]) - z["embeddings"]).max())
    stages = bench.embedder.stages(z["images"][3:4])
    shapes = [list(s.shape[1:]) for s in stages] == z["stage_shapes"].tolist()
    yield "1 golden embeddings", off <= 2e-3 and shapes, {"off": off, "stages": shapes}
    matrix = whole_face_matrix(192)
    chips = np.stack([masked_chip(p, (m / 255).astype(np.float32), matrix)
                      for p, m in zip(g["whole_face"], g["mask"], strict=True)])
    same = float((np.abs(chips.astype(int) - g["chip_masked"]) <= 1).mean())
    off = float(np.abs(bench.embedder.embed(chips) - g["embedding_masked"]).max())
    yield "1 golden faces", same >= 0.99 and off <= 2e-2, {"chips": same, "off": off}
    off = max(float(np.abs(whole_face_matrix(s) - g[f"matrix_{s}"]).max()) for s in (64, 192, 256, 512))
    yield "2 matrices", off <= 1e-4, {"off": off}
    off = max(float(np.abs(blur.profile(np.ascontiguousarray(p[..., ::-1])) - q).max())
              for p, q in zip(g["whole_face"], g["blur_profile"], strict=True))
    yield "10 golden blur profiles", off <= 2e-2, {"off": off}


def apart(bench: Bench) -> Iterator[Line]:
    src, dst = bench.references, bench.probes_at(np.arange(0, len(bench.sets["dst"].faces), 3))
    a, b = src.features.astype(np.float64), dst.features.astype(np.float64)
    inner = np.linalg.norm(a[:, None] - a[None], axis=2)
    cross = np.linalg.norm(a[:, None] - b[None], axis=2)
    upper = np.triu(np.ones_like(inner, bool), 1)
    whole = auc(inner[upper], cross.ravel())
    bands = {}
    ya, yb = np.abs(np.degrees(src.pose[:, 1])), np.abs(np.degrees(dst.pose[:, 1]))
    for low, high in ((0, 20), (20, 40), (40, 90)):
        ia, ib = (ya >= low) & (ya < high), (yb >= low) & (yb < high)
        if ia.sum() > 3 and ib.sum() > 3:
            bands[f"{low}+"] = round(auc(inner[ia][:, ia][upper[ia][:, ia]], cross[ia][:, ib].ravel()), 4)
    gap = bench.scale.gap
    yield "3 apart", whole >= 0.99 and min(bands.values()) >= 0.98 and gap >= 0.25, {
        "auc": whole, "bands": bands, "gap": gap, "floor": float(bench.scale.floor.mean()),
        "ceiling": bench.scale.ceiling, "references": len(src.names), "probes": len(bench.scale.probes)}


def scored(bench: Bench) -> Iterator[Line]:
    whole = bench.embedder.embed(np.stack([chip_under(bench, t) for t in range(len(bench.truths))]))
    truth = float(bench.points(whole).mean())
    own = bench.embedder.embed(np.stack([own_chip(t) for t in bench.truths]))
    same = float(bench.points(bench.probes_at(bench.pairs).features).mean())
    strangers = {}
    for name in ("impostor_c", "impostor_d"):
        if name in bench.sets:
            faces = described(bench.sets[name], np.arange(len(bench.sets[name].faces)), bench.embedder,
                              as_references=False)
            probes = Faces(faces.names, faces.features, faces.pose, block_of(range(len(faces.names)), len(faces.names)))
            far = make_scale(bench.references, probes, "").floor.mean()
            strangers[name] = float(100 * (bench.scale.floor.mean() - far) / bench.scale.gap)
    yield "4 scores", 90 <= truth <= 110 and same == 0 and all(s <= 45 for s in strangers.values()), {
        "truth": truth, "truth, own mask": float(bench.points(own).mean()), "dst": same, **strangers}


def chip_under(bench: Bench, number: int) -> np.ndarray:
    """The truth as a whole picture under dst's mask."""
    face, truth = bench.sets["dst"].faces[bench.pairs[number]], bench.truths[number]
    soft = soft_mask(np.round(face_mask(face) * 255).astype(np.uint8))
    return masked_chip(read_image(truth), soft, whole_face_matrix(face.width))[..., ::-1]


def curve(bench: Bench) -> Iterator[Line]:
    points = np.stack([bench.points(bench.blended(a)) for a in ALPHAS])
    mean = points.mean(axis=1)
    per_face = float(np.mean([spearman(column) for column in points.T]))
    rises = bool(np.all(np.diff(mean[:10]) > 0))
    yield "5 alpha curve", rises and spearman(mean) >= 0.99 and per_face >= 0.98, {
        "curve": [round(x, 1) for x in mean.tolist()], "of the mean": spearman(mean), "of the faces": per_face}
    count = min(64, points.shape[1])
    picks = picks_of(np.random.default_rng(3).random(RESAMPLES * count), count)
    step = change(points[7, :count], points[8, :count], picks)
    none = change(points[7, :count], points[7, :count], picks)
    again = change(points[7, :count], points[8, :count],
                   picks_of(np.random.default_rng(3).random(RESAMPLES * count), count))
    half = (step.high - step.low) / 2
    at = level(points[8, :count], picks)
    yield "7 paired bootstrap", step.low > 0 and half <= (2 if count == 64 else 4) and none == (0, 0, 0) and (
        again == step), {"probes": count, "change": step, "half": half, "level half": (at.high - at.low) / 2}


def altered(bench: Bench) -> Iterator[Line]:
    usual = float(bench.points(bench.blended(1.0)).mean())

    def after(alter: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> float:
        return float(bench.points(bench.blended(1.0, alter)).mean())

    side = bench.truths[0].width
    softer = usual - after(lambda p, _: cv2.GaussianBlur(p, (0, 0), 2 * side / 192))
    light = {name: after(lambda p, _, f=factor: (p * np.array(f)).clip(0, 255)) - usual
             for name, factor in (("x0.8", (0.8, 0.8, 0.8)), ("x1.2", (1.2, 1.2, 1.2)), ("warm", (0.85, 1.0, 1.15)),
                                  ("cold", (1.15, 1.0, 0.85)))}
    mean = np.mean([colour(read_image(f), face_mask(f)) for f in list(bench.sets["src"].faces)[::8]], axis=0)
    chips = []
    for place in bench.pairs:
        face = bench.sets["dst"].faces[place]
        mask, picture = face_mask(face), read_image(face)
        shifted = (picture + (mean - colour(picture, mask))).clip(0, 255).astype(np.uint8)
        chips.append(masked_chip(shifted, soft_mask(np.round(mask * 255).astype(np.uint8)),
                                 whole_face_matrix(face.width))[..., ::-1])
    recoloured = float(bench.points(bench.embedder.embed(np.stack(chips))).mean())
    yield "6 alterations", 3 <= softer <= 25 and max(abs(v) for v in light.values()) < 5 and recoloured < 15, {
        "alpha 1": usual, "blur costs": softer, "dst recoloured": recoloured, **light}


def colour(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mean colour inside the mask."""
    return (picture * mask[:, :, None]).sum(axis=(0, 1)) / max(float(mask.sum()), 1.0)


def cost(bench: Bench) -> Iterator[Line]:
    chips = np.repeat(own_chip(bench.truths[0])[None], 64, axis=0)
    bench.embedder.embed(chips[:32])
    began = time.process_time()
    bench.embedder.embed(chips)
    milliseconds = (time.process_time() - began) / 64 * 1000
    yield "9 cost", milliseconds <= 25, {"ms a face": milliseconds}
    three = described(bench.sets["src"], np.arange(3), bench.embedder, as_references=True)
    few = make_scale(three, bench.probes_at(bench.pairs), "").trouble
    self_set = described(bench.sets["src"], np.arange(1, len(bench.sets["src"].faces), 5), bench.embedder,
                         as_references=False)
    alike = make_scale(bench.references, self_set, "").trouble
    yield "9 sentences", bool(few) and bool(alike), {"three faces": few, "source = destination": alike}


def motion_kernel(length: float, degrees: float) -> np.ndarray:
    """A straight line of that length, antialiased, sum 1."""
    size = int(np.ceil(length)) | 1
    size += 2
    kernel = np.zeros((size * 8, size * 8), np.uint8)
    centre, reach = size * 4, length * 4
    dx, dy = np.cos(np.radians(degrees)) * reach, np.sin(np.radians(degrees)) * reach
    cv2.line(kernel, (round(centre - dx), round(centre - dy)), (round(centre + dx), round(centre + dy)), 255, 8)
    small = cv2.resize(kernel.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    return small / small.sum()


def blurred(bench: Bench) -> Iterator[Line]:
    faces = list(bench.sets["src"].faces)[::8]
    small = [cv2.resize(read_image(f), (192, 192), interpolation=cv2.INTER_AREA) for f in faces]
    began = time.process_time()
    sharp = [blur.measure(p) for p in small]
    milliseconds = (time.process_time() - began) / len(small) * 1000
    angles = [(i * 37) % 180 for i in range(len(small))]
    moved = [blur.measure(cv2.filter2D(p, -1, motion_kernel(8, a), borderType=cv2.BORDER_REPLICATE))
             for p, a in zip(small, angles, strict=True)]
    soft = [blur.measure(cv2.GaussianBlur(p, (0, 0), 2.5 * 192 / 256)) for p in small]
    motion = np.array([m.motion for m in moved])
    # The angle of the blurred direction: edges across the motion are soft.
    off = [abs((m.angle - a + 90) % 180 - 90) for m, a in zip(moved, angles, strict=True)]
    false = sum(s.kind == "motion" for s in sharp) / len(sharp)
    against_sharp = auc(np.array([s.motion for s in sharp]), motion)
    against_soft = auc(np.array([s.motion for s in soft]), motion)
    level_auc = auc(np.array([s.blur for s in sharp]), np.array([m.blur for m in moved]))
    yield "10 motion", (min(against_sharp, against_soft, level_auc) >= 0.98 and np.median(off) <= 8 and false <= 0.02
                        and milliseconds <= 2), {
        "against sharp": against_sharp, "against defocus": against_soft, "blur": level_auc,
        "angle off (median)": float(np.median(off)), "false on sharp": false,
        "found": sum(m.kind == "motion" for m in moved) / len(moved), "ms a face": milliseconds}
    if "blur" in bench.sets:
        index = {entry.get("file", entry.get("name")): entry for entry in
                 json.loads((bench.folder / "blur" / "index.json").read_text())["faces"]}
        told = [(blur.measure(read_image(f)), index[f.name]["blur"]) for f in bench.sets["blur"].faces]
        value = auc(np.array([b.motion for b, truth in told if not truth]),
                    np.array([b.motion for b, truth in told if truth]))
        yield "10 the blur set", True, {
            "motion auc": value, "found": sum(b.kind == "motion" for b, t in told if t) / sum(bool(t) for _, t in told),
            "false": sum(b.kind == "motion" for b, t in told if not t) / sum(not t for _, t in told)}


def wobbled(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A prediction of the mask: its edge moved smoothly by 0.5 to 2 px of 192, and soft."""
    side = mask.shape[0]
    field = cv2.resize(rng.standard_normal((6, 6, 2)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    x, y = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))
    reach = rng.uniform(0.5, 2.0)
    moved = cv2.remap(mask, x + reach * field[..., 0], y + reach * field[..., 1], cv2.INTER_LINEAR)
    return cv2.GaussianBlur(moved, (0, 0), 0.8)


def masks(bench: Bench) -> Iterator[Line]:
    rng = np.random.default_rng(5)
    faces = list(bench.sets["src"].faces)[::4]
    small = [cv2.resize(face_mask(f), (192, 192), interpolation=cv2.INTER_AREA) for f in faces]
    drawn = [wobbled(m, rng) for m in small]
    began = time.process_time()
    sound = [sample_quality.disagreement(m, p) for m, p in zip(small, drawn, strict=True)]
    milliseconds = (time.process_time() - began) / len(small) * 1000
    holed = [sample_quality.disagreement(hole(m, 0.05, rng), p).score for m, p in zip(small, drawn, strict=True)]
    moved = [sample_quality.disagreement(np.roll(m, 5, axis=int(rng.integers(2))), p).score
             for m, p in zip(small, drawn, strict=True)]
    usual = np.array([s.score for s in sound])
    a, b = auc(usual, np.array(holed)), auc(usual, np.array(moved))
    yield "11 masks", a >= 0.97 and b >= 0.97 and milliseconds <= 3, {
        "hole of 5 %": a, "shift of 5 px": b, "median iou": float(np.median([s.iou for s in sound])),
        "ms a face": milliseconds}


def hole(mask: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """The mask with a round hole of that share of its area."""
    ys, xs = np.nonzero(cv2.erode((mask > 0.5).astype(np.uint8), np.ones((25, 25), np.uint8)))
    at = int(rng.integers(len(ys)))
    holed = mask.copy()
    cv2.circle(holed, (int(xs[at]), int(ys[at])), round(float(np.sqrt(share * mask.sum() / np.pi))), 0.0, -1)
    return holed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faces", type=Path)
    parser.add_argument("--golden", type=Path)
    parser.add_argument("--only", default="", metavar="PREFIX", help="checks whose name begins so")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    bench = Bench(arguments.faces)
    checks: list[Callable[[], Iterator[Line]]] = [
        lambda: golden(bench, arguments.golden) if arguments.golden else iter(()), lambda: apart(bench),
        lambda: scored(bench), lambda: curve(bench), lambda: altered(bench), lambda: cost(bench),
        lambda: blurred(bench), lambda: masks(bench)]
    failed = 0
    for check in checks:
        for name, holds, numbers in check():
            if name.startswith(arguments.only):
                print(json.dumps({"check": name, "holds": bool(holds), **numbers}, default=float), flush=True)
                failed += not holds
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
