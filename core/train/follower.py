"""A rank other than 0: `python -P -m core.train.follower`, started by torch's elastic agent (core/train/ranks.py).

It holds no lock, writes nothing into the run, and does what rank 0 says. It ends when rank 0 is gone, whatever happens.
"""

import argparse
import ctypes
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import torch
from torch.distributed import Store  # type: ignore[attr-defined]

from core.nets.family import make_network
from core.settings.error import DflTuiError, FaceFileError
from core.train.batches import Batches
from core.train.course import Course
from core.train.device import is_out_of_memory, name_of, prepare
from core.train.elastic import LOST_CODE, host_name
from core.train.ground import share_of_workers
from core.train.leader import set_counters, tensors_of
from core.train.lrd import LrdStream
from core.train.meeting import Meeting, join
from core.train.muster import End, Go, Keep, Muster, understood
from core.train.notices import Notices
from core.train.optim import make_optimizer
from core.train.step import Step
from core.train.training_faces import SIDES, open_faces
from core.train.world import RankLostError, World

PR_SET_PDEATHSIG = 1
WATCH_S = 1.0
BEAT_S = 10.0       # a store on a disk only grows: 30 bytes each time

log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """The whole life of a rank; its exit code."""
    parser = argparse.ArgumentParser(prog="core.train.follower")
    for name in ("endpoint", "interface", "devices", "cache", "src", "dst"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--parent", type=int, required=True)
    words = parser.parse_args(arguments)
    rank, size = int(os.environ["RANK"]) + 1, int(os.environ["WORLD_SIZE"]) + 1     # rank 0 is no child of the agent
    if not die_with_parent(words.parent):
        return LOST_CODE
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s rank={rank} %(levelname)s %(name)s %(message)s")
    device = torch.device(words.devices.split(",")[int(os.environ["LOCAL_RANK"])])
    threads = prepare(device, words.threads)
    store = Meeting(words.endpoint, words.interface).store()
    try:
        pulse = Beats(store, rank, words.parent)
        store.set("size", str(size))
        store.set(f"here/{rank}", json.dumps({"pid": os.getpid(), "node": os.environ["GROUP_RANK"], "host": host_name(),
                                              "device": str(device), "name": name_of(device, threads)}))
        log.info("device=%s size=%d", device, size)
        follow(join(store, rank, size, device), Place(device, words.cache, (words.src, words.dst)), pulse)
    except RankLostError as error:
        log.error("lost error=%s", error)
        return LOST_CODE
    except Exception as error:  # a worker's main: rank 0 tells it
        log.exception("failed")
        sentence = str(error) if isinstance(error, DflTuiError) else f"{type(error).__name__}: {error}"[:300]
        with suppress(RuntimeError):
            store.set(f"failed/{rank}", json.dumps({"sentence": sentence, "memory": is_out_of_memory(error)}))
        return 1
    return 0


def die_with_parent(parent: int) -> bool:
    """Have the kernel end us when the process that started us ends, also by kill -9: there is never a writer without
    its ranks, nor ranks that hold a GPU without a writer. False where it has ended already.

    It may have while we loaded torch: asked for its id only now, we would take who adopted us for it, live on, and meet
    the ranks of the next trainer in its store, which has the same path.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent


class Beats:
    """A thread that leaves a sign of life in the store, and ends this process without its parent (where the kernel
    does not)."""

    def __init__(self, store: Store, rank: int, parent: int) -> None:
        self.iteration = 0
        self._store = store
        self._rank = rank
        self._parent = parent
        threading.Thread(target=self._run, name="beats", daemon=True).start()

    def _run(self) -> None:
        told, told_s = 0, time.monotonic()
        while os.getppid() == self._parent:
            time.sleep(WATCH_S)
            now_s = time.monotonic()
            if now_s - told_s >= BEAT_S:
                it_s = (self.iteration - told) / (now_s - told_s)
                told, told_s = self.iteration, now_s
                with suppress(RuntimeError):    # rank 0 is gone with its store: then we are about to end
                    self._store.set(f"beat/{self._rank}", f"{now_s:.0f} {it_s:.3f}")
        os._exit(LOST_CODE)


class Place:
    """What this rank has of its own: its device, and where a node keeps faces, "" for where rank 0 has them."""

    def __init__(self, device: torch.device, cache: str, folders: tuple[str, str]) -> None:
        self.device = device
        self.cache = cache
        self.folders = folders


def follow(world: World, place: Place, pulse: Beats) -> None:
    """Do what rank 0 says until it lets us go. Raises RankLostError, DflTuiError and what torch raises."""
    comrade: Comrade | None = None
    while True:
        match understood(world.tell()):
            case Muster() as muster:
                comrade = Comrade(world, place, muster)
            case Go() as go if comrade is not None:
                comrade.train(go)
                pulse.iteration = go.iteration + 1
            case End():
                return
            case Keep() | Go():
                pass


class Comrade:
    """Network, faces and journal as rank 0 has them."""

    def __init__(self, world: World, place: Place, muster: Muster) -> None:
        self._course = course = Course(muster.events, muster.position)
        course.advance(muster.iteration)
        state = course.state
        network = make_network(course.network)
        network.to(place.device)
        self._step = step = Step(network, make_optimizer(str(state.settings["optimizer"]), network), world=world)
        step.restore(muster.step, course.settings)
        step.shared_pass = muster.shared_pass
        set_counters(step, muster.counters)
        world.copy_(tensors_of(step))
        paths = tuple(Path(own or note.path) for own, note in zip(place.folders, (state.src, state.dst), strict=True))
        local = int(os.environ["LOCAL_WORLD_SIZE"]) + 1
        self._faces = faces = open_faces((paths[0], paths[1]), course.network, Path(place.cache or muster.cache),
                                         workers=share_of_workers(int(state.settings["workers"]), local), say=log.info)
        faces.share = world.share
        for side in SIDES:
            if faces.sets[side].key != muster.keys[side]:
                raise FaceFileError(f"the {side} faces in {paths[SIDES.index(side)]} are not those that rank 0 has",
                                    hint="copy the face set to this node again")
        self._notices = Notices(course.events)
        self._batches = Batches(faces, course, muster.drawn, notices=self._notices, device=place.device, world=world)

    def train(self, go: Go) -> None:
        """One step, as core/train/loop.py takes it."""
        course = self._course
        for event in go.events:
            course.add(event)
        course.advance(go.iteration)
        self._step.equip(course.settings, course.locked)
        self._faces.fit(course.settings)
        result = self._step(self._batches.next(go.iteration), course.settings, iteration=go.iteration,
                            locked=course.locked, stream=LrdStream(int(course.settings["seed"]), course.life))
        self._batches.trained(result)
        for warning in self._notices.taken():
            log.warning("%s: %s", warning.about, warning.sentence)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    logging.shutdown()
    os._exit(code)      # as the trainer does: to take torch apart takes seconds
