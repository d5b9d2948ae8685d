"""Samples a CPU second of whole processes, ours and the original's in turn: `python -m benchmarks.data`.

Input: 512 px JPEGs; output: all that a SAEHD step takes. Each line: warm or cold cache, eyes and mouth on or off, one
process (in the trainer) or two workers, and the options of colour if asked. CPU is that of all processes together,
after the first batch, so that starting them does not count. benchmarks.samples times one process only, and finer.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import cv2
import psutil

from benchmarks.samples import BATCH, CACHE_BYTES, OPTIONS, enlarged_demo, original
from core.faces.cache import FaceCache
from core.faces.face_type import FaceType
from core.faces.faceset import FaceSet, open_faceset
from core.samples.degrade import Degradation
from core.samples.paint import AUGMENTS, TRANSFERS, Paint
from core.samples.request import SampleOptions
from core.samples.source import SampleSource

EPOCHS = 6              # of a warm run with workers; a cold one is cold in the first epoch only, and has no other
PAINTS = {
    "": Paint(), **{mode: Paint(mode) for mode in (*TRANSFERS, *AUGMENTS)},
    "hsv": Paint(hsv=0.1), "tint": Paint(tint_degrees=20),
    "degraded": Paint(degradation=Degradation(0.5, 0.5, 0.5, 0.5)), "shadow": Paint(shades_src=True, shades_dst=True),
}


@click.command()
@click.option("--faces", "folder", type=click.Path(path_type=Path), default=Path("../shared/faces/src512"),
              show_default=True, help="Aligned faces; without such a folder the demo's, enlarged to 512 px.")
@click.option("--count", default=64, show_default=True, help="So many of them.")
@click.option("--side", "sides", type=int, multiple=True, default=(128, 256), show_default=True)
@click.option("--rounds", default=3, show_default=True, help="The best of so many is printed: the least disturbed one.")
@click.option("--reference", type=click.Choice(["original"]), help="Time that path too, in turn with ours.")
@click.option("--paints", is_flag=True, help="Also each option of colour, warm, in one process.")
def main(folder: Path, count: int, sides: tuple[int, ...], rounds: int, reference: str | None, paints: bool) -> None:
    """Print one JSON line for each."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        faces = Path(scratch) / "faces"
        if folder.is_dir():
            faces.mkdir()
            for path in sorted(folder.glob("*.jpg"))[:count]:
                shutil.copy(path, faces)
        else:
            enlarged_demo(faces, count)
        faceset = open_faceset(faces)
        for side_px in sides:
            for line in lines(faceset, side_px, Path(scratch), rounds, paints, has_reference=reference is not None):
                print(json.dumps(line), flush=True)


def lines(faceset: FaceSet, side_px: int, scratch: Path, rounds: int, paints: bool,
          *, has_reference: bool) -> Iterator[dict[str, object]]:
    """Every path in turn, `rounds` times; then a line for each."""
    paths = [(is_warm, has_eyes, workers, "") for workers in (0, 2) for has_eyes in (True, False)
             for is_warm in (True, False)]
    paths += [(True, True, 0, name) for name in PAINTS if name] if paints else []
    best: dict[object, float] = {}
    for number in range(rounds):
        for path in paths:
            is_warm, has_eyes, workers, paint = path
            options = replace(OPTIONS, eyes=has_eyes, mouth=has_eyes, paint=PAINTS[paint])
            cache = scratch / (f"warm-{side_px}" if is_warm else f"cold-{side_px}-{number}-{workers}-{has_eyes}")
            if is_warm and not cache.exists():
                cpu_s(faceset, side_px, cache, options)
            found = cpu_s(faceset, side_px, cache, options, workers=workers,
                          epochs=EPOCHS if workers and is_warm else 1)
            best[path] = min(best.get(path, 1e9), found)
        if has_reference:
            began = time.process_time()
            original(faceset, side_px)
            samples = 2 * (len(faceset.faces) // BATCH) * BATCH
            best["original"] = min(best.get("original", 1e9), (time.process_time() - began) / samples)
    for path, seconds in best.items():
        words = {"path": "original", "workers": 0} if path == "original" else {
            "path": "warm" if path[0] else "cold", "eyes_mouth": path[1], "workers": path[2], "paint": path[3]}
        line = {"benchmark": "data", **words, "side_px": side_px, "file_px": faceset.faces[0].width,
                "cpu_ms_a_sample": round(1000 * seconds, 3), "samples_a_cpu_second": round(1 / seconds, 1)}
        yield line | ({"times_original": round(best["original"] / seconds, 2)} if has_reference else {})


def cpu_s(faceset: FaceSet, side_px: int, cache: Path, options: SampleOptions, *, workers: int = 0,
          epochs: int = 1) -> float:
    """CPU seconds of a sample, of all processes: epochs of both people but for the first batch."""
    caches = [FaceCache(faceset, side_px=side_px, face_type=FaceType.whole_face, folder=cache / side,
                        limit_bytes=CACHE_BYTES) for side in ("src", "dst")]
    # Workers are three batches ahead at the end, which counts against us: a longer run makes that little, and a cold
    # one cannot be longer than its faces (--count).
    batches = len(faceset.faces) // BATCH * epochs
    with SampleSource(*caches, seed=1, workers=workers) as source:
        began = 0.0
        for number in range(batches):
            source.batch(life=0, iteration=number, drawn_src=number * BATCH, drawn_dst=number * BATCH, options=options)
            if number == 0:
                began = used_s(source)
        ended = used_s(source)
    for one in caches:
        one.close()
    return (ended - began) / ((batches - 1) * 2 * BATCH)


def used_s(source: SampleSource) -> float:
    """CPU seconds of this process and the workers so far."""
    times = [psutil.Process(pid).cpu_times() for pid in source.process_ids]
    return time.process_time() + sum(one.user + one.system for one in times)


if __name__ == "__main__":
    main()
