"""How long a large face set takes to open, and what it costs in memory: `python -m benchmarks.faces`.

Makes a set of hard links to the demo's faces at 512 px with masks (or a pak of them), opens it for src and for dst as a
trainer does, and draws a batch. One JSON line: seconds, and MiB of trainer and workers (private: shared with nobody).
"""

import contextlib
import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import click
import cv2
import numpy as np
import psutil

from benchmarks.samples import CACHE_BYTES, OPTIONS, enlarged_demo
from core.faces.cache import FaceCache
from core.faces.face_type import FaceType
from core.faces.faceset import FaceSet, open_faceset
from core.faces.pack import pack
from core.faces.write_metadata import bake_mask
from core.samples.source import SampleSource

SIDE_PX = 128
MASK_PX = 256               # as the original bakes them
DIFFERENT = 40
MIB = 1 << 20


@click.command()
@click.option("--count", default=60_000, show_default=True, help="Faces of the set.")
@click.option("--workers", default=2, show_default=True)
@click.option("--pak", "is_pak", is_flag=True, help="Pack them first, and open the pak.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where the set is made; one that is there is used.")
def main(count: int, workers: int, is_pak: bool, folder: Path | None) -> None:
    """Print one JSON line."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        faces = folder or Path(scratch) / "faces"
        if not faces.is_dir():
            many(faces, count)
        if is_pak and not (faces / "faceset.pak").exists():
            pack(faces, "faceset.pak", removes=True)
        print(json.dumps(measured(faces, Path(scratch), workers)), flush=True)


def many(folder: Path, count: int) -> None:
    """`count` faces: hard links to a few, so that only their metadata and names take room."""
    folder.mkdir(parents=True)
    made = folder.with_name(folder.name + "-made")
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, made)
        originals = sorted(enlarged_demo(made, DIFFERENT).glob("*.jpg"))
        grain = np.random.default_rng(1).random((MASK_PX, MASK_PX))
        for number, path in enumerate(originals):
            bake_mask(path, (grain < 0.03 + 0.0005 * number).astype(np.float32))      # about 4 kB, as real ones
        for number in range(count):
            (folder / f"{number:06}_0.jpg").hardlink_to(originals[number % len(originals)])


def measured(folder: Path, scratch: Path, workers: int) -> dict[str, object]:
    """Open, draw, look."""
    before = psutil.Process().memory_info().rss
    began, cpu = time.monotonic(), time.process_time()
    src = open_faceset(folder, shown)
    sys.stderr.write("\n")
    open_s, open_cpu_s = time.monotonic() - began, time.process_time() - cpu
    after, peak = psutil.Process().memory_info().rss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    dst = open_faceset(folder)
    caches = [opened(faceset, scratch / side) for faceset, side in ((src, "src"), (dst, "dst"))]
    with SampleSource(*caches, seed=1, workers=workers) as source:
        began = time.monotonic()
        source.batch(life=0, iteration=0, drawn_src=0, drawn_dst=0, options=OPTIONS)
        first_batch_s = time.monotonic() - began
        found = [memory(psutil.Process(pid)) for pid in source.process_ids]
        return {"benchmark": "faces", "faces": len(src.faces), "masks": src.with_mask(), "open_s": round(open_s, 1),
                "open_cpu_s": round(open_cpu_s, 1), "first_batch_s": round(first_batch_s, 2),
                "before_mib": round(before / MIB), "peak_while_opening_mib": round(peak),
                "after_one_set_mib": round(after / MIB), "trainer": memory(psutil.Process()), "workers": found}


def memory(process: psutil.Process) -> dict[str, int]:
    """Of a process, in MiB."""
    info = process.memory_full_info()
    return {"rss_mib": round(info.rss / MIB), "private_mib": round(info.uss / MIB)}


def opened(faceset: FaceSet, cache: Path) -> FaceCache:
    return FaceCache(faceset, side_px=SIDE_PX, face_type=FaceType.whole_face, folder=cache, limit_bytes=CACHE_BYTES)


def shown(done: int, total: int) -> None:
    """A line that says how far it is."""
    sys.stderr.write(f"\r{done:,} of {total:,}")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
