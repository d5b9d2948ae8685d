"""What watching costs the training thread at its default cadence: CPU time of a step, of a likeness reading, of a look.

    OMP_NUM_THREADS=1 python -m benchmarks.watching [--archi df-ud] [--steps 3]

df-ud, 128, ae 256, e/d 64, batch 4 by default; one thread, so that the thread's CPU time is all of it. Prints one JSON
line: milliseconds, and per cent of training at `likeness_every` = 500 and with the normal pace.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from core.faces.cache import FaceCache
from core.faces.demo import demo_folder
from core.faces.face_type import FaceType
from core.faces.faceset import open_faceset
from core.nets.family import make_network
from core.nets.initial import initialise
from core.settings.registry import defaults
from core.settings.watching_settings import EVERY
from core.store.folder import RunFolder
from core.train.likeness_reader import LikenessReader, readings_folder
from core.train.optim import make_optimizer
from core.train.step import Step
from core.train.train_batch import TrainBatch, TrainSide
from core.watch import watch
from core.watch.pace import NORMAL
from core.watch.watch import Row, Watch

LOOKS = 80


def thread_ms(work: Callable[[], object], times: int) -> float:
    """The median CPU time of the thread."""
    taken = []
    for _ in range(times):
        began = time.thread_time()
        work()
        taken.append((time.thread_time() - began) * 1000)
    return median(taken)


def side(batch: int, px: int) -> TrainSide:
    """Made-up samples."""
    return TrainSide(torch.rand(batch, 3, px, px), torch.rand(batch, 3, px, px), torch.ones(batch, 1, px, px), None)


def look_ms() -> float:
    """A look of all detectors, once their windows are full."""
    rng, state, last = np.random.default_rng(0), Watch(), 0
    taken = []
    for _ in range(LOOKS):
        rows = [Row(a, b, c, True, float("nan"), float("nan")) for a, b, c in rng.lognormal(0, 0.1, (NORMAL.look, 3))]
        last += NORMAL.look
        began = time.thread_time()
        state = watch.look(state, last, rows, NORMAL)
        watch.readings(state, last, 0, NORMAL, measured={})
        taken.append((time.thread_time() - began) * 1000)
    return median(taken[LOOKS // 2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archi", default="df-ud")
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = defaults() | {"archi": options.archi, "resolution": options.resolution, "batch_size": options.batch}
    network = make_network(settings)
    initialise(network, 1)
    step = Step(network, make_optimizer("adabelief", network))
    batch = TrainBatch(side(options.batch, options.resolution), side(options.batch, options.resolution))
    step(batch, settings, iteration=0)
    step_ms = thread_ms(lambda: step(batch, settings, iteration=1), options.steps)
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder))
        readings_folder(run)
        caches = {name: FaceCache(open_faceset(demo_folder() / name), side_px=options.resolution,
                                  face_type=FaceType.whole_face, folder=Path(folder), limit_bytes=10**9)
                  for name in ("src", "dst")}
        reader = LikenessReader(network, caches, run, warn=lambda about, sentence: print(about, sentence))
        began = time.thread_time()
        scale = reader.prepare(settings)
        prepare_ms = (time.thread_time() - began) * 1000
        reading_ms = thread_ms(lambda: reader.read(1, settings), 2)
    looks_ms = look_ms()
    likeness, looks = reading_ms / (EVERY * step_ms), looks_ms / (NORMAL.look * step_ms)
    print(json.dumps({"step_ms": step_ms, "reading_ms": reading_ms, "probes": len(scale.probes), "look_ms": looks_ms,
                      "first_preparation_ms": prepare_ms, "likeness_percent": 100 * likeness,
                      "looks_percent": 100 * looks, "all_percent": 100 * (likeness + looks)}))


if __name__ == "__main__":
    main()
