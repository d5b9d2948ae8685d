"""Samples a CPU second of one process, from a cold and from a warm cache: `python -m benchmarks.samples`.

Every sample has all four outputs of a SAEHD step (input, target, mask, eyes and mouth) from a 512 px JPEG. With
`--reference original` the original's path runs in turn with ours: read and decoded at each use, floats, masks drawn at
full size, geometry made four times, two interpolations (facts/samples.md 5). One JSON line for each path and side.
"""

import itertools
import json
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import cv2
import numpy as np

from core.faces.cache import FaceCache
from core.faces.demo import demo_folder
from core.faces.face import Face
from core.faces.face_type import FaceType
from core.faces.faceset import FaceSet, open_faceset
from core.faces.picture import encoded_mask, read_image
from core.samples.request import SampleOptions
from core.samples.source import SampleSource
from tests.original.process import process

SIDE_OF_FILES = 512
BATCH = 8
CACHE_BYTES = 2 * 1024**3
OPTIONS = SampleOptions(batch_size=BATCH, random_warp=True, src_flip=True, dst_flip=True, uniform_yaw=False, eyes=True,
                        mouth=True)


@click.command()
@click.option("--faces", "folder", type=click.Path(path_type=Path), default=Path("../shared/faces/src512"),
              show_default=True, help="Aligned faces; without such a folder the demo's, enlarged to 512 px.")
@click.option("--side", "sides", type=int, multiple=True, default=(128, 256), show_default=True)
@click.option("--rounds", default=5, show_default=True, help="The median of so many is printed.")
@click.option("--reference", type=click.Choice(["original"]), help="Time that path too, in turn with ours.")
def main(folder: Path, sides: tuple[int, ...], rounds: int, reference: str | None) -> None:
    """Print one JSON line for each path and side."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        faceset = open_faceset(folder if folder.is_dir() else enlarged_demo(Path(scratch) / "faces"))
        for side_px in sides:
            for line in measured(faceset, side_px, Path(scratch), rounds, has_reference=reference is not None):
                print(json.dumps(line), flush=True)


def measured(faceset: FaceSet, side_px: int, scratch: Path, rounds: int, *, has_reference: bool) -> Iterator[dict]:
    """Time the paths in turn, `rounds` times, one epoch of both people each."""
    warm = scratch / f"warm-{side_px}"
    ours(faceset, side_px, warm)
    fresh = (scratch / f"cold-{side_px}-{number}" for number in itertools.count())
    paths: dict[str, Callable[[], None]] = {
        "warm": lambda: ours(faceset, side_px, warm), "cold": lambda: ours(faceset, side_px, next(fresh))}
    if has_reference:
        paths["original"] = lambda: original(faceset, side_px)
    seconds: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(rounds):
        for name, path in paths.items():
            began = time.process_time()
            path()
            seconds[name].append(time.process_time() - began)
    samples = 2 * (len(faceset.faces) // BATCH) * BATCH
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in middle.items():
        line = {"benchmark": "samples", "path": name, "side_px": side_px, "file_px": faceset.faces[0].width,
                "samples": samples, "cpu_ms_a_sample": round(1000 * value / samples, 3),
                "samples_a_cpu_second": round(samples / value, 1)}
        if has_reference:
            line["times_original"] = round(middle["original"] / value, 2)
        yield line


def ours(faceset: FaceSet, side_px: int, cache: Path) -> None:
    """One epoch of both people, here the same faces; cold if the cache folder is empty."""
    opened = [FaceCache(faceset, side_px=side_px, face_type=FaceType.whole_face, folder=cache / side,
                        limit_bytes=CACHE_BYTES) for side in ("src", "dst")]
    with SampleSource(*opened, seed=1, workers=0) as source:
        for iteration in range(len(faceset.faces) // BATCH):
            drawn = iteration * BATCH
            source.batch(life=0, iteration=iteration, drawn_src=drawn, drawn_dst=drawn, options=OPTIONS)
    for one in opened:
        one.close()


def original(faceset: FaceSet, side_px: int) -> None:
    """The same number of samples on the original's path."""
    faces = faceset.faces[:len(faceset.faces) // BATCH * BATCH]
    for side in range(2):
        for number, face in enumerate(faces):
            process(face, FaceType.whole_face, side_px, seed=2 * number + side, flip=True)


def enlarged_demo(folder: Path, count: int = 40) -> Path:
    """Demo faces drawn at 512 px, with their metadata."""
    folder.mkdir()
    for face in open_faceset(demo_folder() / "src").faces[:count]:
        (folder / face.name).write_bytes(_enlarged(face))
    return folder


def _enlarged(face: Face) -> bytes:
    share = SIDE_OF_FILES / face.width
    picture = cv2.resize(read_image(face), (SIDE_OF_FILES, SIDE_OF_FILES), interpolation=cv2.INTER_CUBIC)
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
    metadata = {"face_type": face.face_type.name, "landmarks": (face.landmarks * share).tolist(),
                "source_filename": face.source_filename}
    mask = encoded_mask(face)
    if mask is not None:
        metadata["xseg_mask"] = np.frombuffer(mask, np.uint8)
    payload = pickle.dumps(metadata, protocol=3)
    after_app0 = 4 + int.from_bytes(jpeg[4:6], "big")
    return (jpeg[:after_app0] + b"\xff\xef" + (len(payload) + 2).to_bytes(2, "big") + payload + jpeg[after_app0:])


if __name__ == "__main__":
    main()
