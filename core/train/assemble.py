"""From a run folder to a loop that trains: choices, face sets, network, saved state; each phase says what it does.

What a trial decides here is written into the journal before the first iteration, and a resume finds it there.
"""

import logging
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from core.events.event import Chose, NetworkMade, Started
from core.nets.family import make_network
from core.nets.initial import initialise
from core.samples.source import worker_count
from core.settings.error import RefusedError
from core.settings.registry import SETTINGS
from core.store.folder import RunFolder
from core.store.generation import Generations
from core.store.journal import read_journal
from core.store.preview import PreviewStore
from core.train.boundary import Boundary, EndTraining
from core.train.choice import standing
from core.train.loop import Loop, Tools
from core.train.machine import Machine, choose_machine
from core.train.notices import Notices
from core.train.optim import make_optimizer
from core.train.pipe import Ending, Pipe
from core.train.preview import Preview
from core.train.publisher import Listeners, Publisher
from core.train.resume import Start, cut_metrics, find_start, load
from core.train.snapshot import Snapshot
from core.train.soundness import Soundness
from core.train.step import Step
from core.train.training_faces import SIDES, TrainingFaces, open_faces, told_problems
from core.train.trial import choose_shared_pass, try_step
from core.train.writer import Writer
from core.wire.trainer_record import Begin, Phase

SAY_S = 0.2                 # a phase is renewed at most so often
PREVIEW_PATIENCE_S = 2.0    # at the end, for a preview that is being written
SAME_BITS = ("torch", "cpu", "threads")     # what must be equal for a resume to be exact to the bit

log = logging.getLogger(__name__)


class Progress:
    """Says what is done before training begins, and lets an end of training through."""

    def __init__(self, pipe: Pipe, boundary: Boundary) -> None:
        self._pipe = pipe
        self._boundary = boundary
        self._last_s = 0.0

    def phase(self, name: str, sentence: str) -> None:
        """A phase begins. Raises EndTraining."""
        log.info("phase=%s detail=%r", name, sentence)
        self._pipe.say(Phase(name, sentence))
        self._boundary.hear()

    def renew(self, sentence: str, name: str = "starting") -> None:
        """The phase goes on: a sign of life. Raises EndTraining."""
        if time.monotonic() - self._last_s > SAY_S:
            self._last_s = time.monotonic()
            self._pipe.say(Phase(name, sentence))
            self._boundary.hear()


@dataclass(frozen=True, slots=True)
class Ground:
    """What training stands on: the saved state, the way to the supervisor, the machine."""

    folder: RunFolder
    generations: Generations
    start: Start
    boundary: Boundary
    notices: Notices
    progress: Progress
    machine: Machine


class Trainer:
    """One life of a trainer on one run. `iteration` says how far it is, for its last words."""

    def __init__(self, pipe: Pipe, begin: Begin) -> None:
        self._pipe = pipe
        self._begin = begin
        self._loop: Loop | None = None

    @property
    def iteration(self) -> int:
        """Completed iterations."""
        return self._loop.iteration if self._loop else 0

    def run(self) -> Ending | None:
        """Train until something ends it: what, None for the target. Raises DflTuiError and what torch raises."""
        with ExitStack() as stack:
            try:
                ground = self._prepare()
                faces = self._open_faces(ground)
                stack.callback(faces.close)
                step = make_step(ground)
                tools = self._equip(ground, faces, step, stack)
                self._loop = loop = Loop(tools, ground.start.iteration, ground.start.drawn)
                introduce(ground, tools, loop)
            except EndTraining as end:
                return end.ending   # nothing was trained
            return loop.run()

    def _prepare(self) -> Ground:
        """Find the saved state and settle the machine."""
        self._pipe.say(Phase("starting", "reads the journal and checks the saves"))
        folder = RunFolder(Path(self._begin.folder))
        generations = Generations(folder)
        start = find_start(generations, read_journal(folder.journal)[:self._begin.journal])
        boundary = Boundary(self._pipe, start.course)
        notices = Notices(start.course.events)
        for note in start.notes:
            notices.warn("generation", note)
        machine = choose_machine(start.course.state.settings, start.course.events)
        return Ground(folder, generations, start, boundary, notices, Progress(self._pipe, boundary), machine)

    def _open_faces(self, ground: Ground) -> TrainingFaces:
        state = ground.start.course.state
        if not (state.src.path and state.dst.path):
            raise RefusedError("the run has no face sets: it was imported to be exported",
                               hint="import the model again with --src and --dst")
        faces = open_faces((Path(state.src.path), Path(state.dst.path)), state.settings, Path(self._begin.cache),
                           workers=worker_count(int(state.settings["workers"])), say=ground.progress.renew)
        for side in SIDES:
            if sentence := told_problems(side, faces.sets[side]):
                ground.notices.warn("faces", sentence)
        return faces

    def _equip(self, ground: Ground, faces: TrainingFaces, step: Step, stack: ExitStack) -> Tools:
        """The threads that work beside the loop. `stack` ends them."""
        course, folder, notices = ground.start.course, ground.folder, ground.notices
        cut_metrics(folder, ground.start)
        publisher = Publisher(folder.metrics, course.life, listeners(self._pipe, notices),
                              replaying_to=course.state.iteration)
        stack.callback(publisher.close)
        writer = Writer(ground.generations, Snapshot(step.optimizer), born_s=course.events[0].at,
                        sync_metrics=publisher.sync, say=self._pipe.say, warn=notices.warn)
        stack.callback(writer.close)
        if ground.start.generation is not None:
            writer.continue_from(ground.start.generation)
        preview = Preview(step.network, faces.caches, PreviewStore(folder), say=self._pipe.say, warn=notices.warn)
        stack.callback(preview.close, PREVIEW_PATIENCE_S)
        return Tools(self._pipe, ground.boundary, course, faces, step, writer, preview, publisher, notices,
                     identity(course.state.settings, ground.machine))


def make_step(ground: Ground) -> Step:
    """Network and optimizer on the device, new or as saved."""
    start, settings = ground.start, ground.start.course.state.settings
    generation = start.generation
    ground.progress.phase("starting", "makes a new network" if generation is None else
                          f"loads generation {generation.number} of iteration {start.iteration:,}")
    network = make_network(settings)
    if generation is None:
        initialise(network, int(settings["seed"]))
    network.to(ground.machine.device)
    step = Step(network, make_optimizer(str(settings["optimizer"]), network))
    load(start, ground.generations, network, step.optimizer)
    return step


def introduce(ground: Ground, tools: Tools, loop: Loop) -> None:
    """Have written down what the journal does not know yet, and try a step before the first one. Raises EndTraining."""
    boundary, course, step, generation = tools.boundary, tools.course, tools.step, ground.start.generation
    for chose in ground.machine.news:
        boundary.propose(chose, loop.iteration)
    if course.state.blocks != step.blocks:
        boundary.propose(NetworkMade(step.blocks), loop.iteration)
    loop.serve()    # what waits for a trainer comes into force before the trial
    decide_by_trial(ground, tools, loop)
    if generation is None:
        tools.preview.want()
    else:
        warn_of_another_machine(generation.extra, tools)
    boundary.propose(Started(ground.machine.name, generation.number if generation else None), loop.iteration)


def decide_by_trial(ground: Ground, tools: Tools, loop: Loop) -> None:
    """A trial step, and the shared pass by measurement, unless the journal has both."""
    step, course = tools.step, tools.course
    is_tried = standing(course.events, "trial", since="device") is not None
    shared = standing(course.events, "shared_pass", since="device")
    if not is_tried or shared is None:
        doing = "tries a step: memory and time"
        ground.progress.phase("trial", doing)
        batch, settings = loop.next_batch(), course.settings
        trial = try_step(step, batch, settings, passed=lambda: ground.progress.renew(doing, "trial"))
        if not is_tried:
            tools.boundary.propose(Chose("trial", trial.sentence, "tried before the first iteration"), loop.iteration)
        if shared is None:
            comparing = f"{trial.sentence}; tries whether one pass for both people is faster"
            ground.progress.phase("trial", comparing)
            shared, reason = choose_shared_pass(step, batch, settings, pass_s=trial.seconds,
                                                passed=lambda: ground.progress.renew(comparing, "trial"))
            tools.boundary.propose(Chose("shared_pass", shared, reason), loop.iteration)
    step.shared_pass = bool(shared)


def listeners(pipe: Pipe, notices: Notices) -> Listeners:
    """Where the publisher's news go."""
    soundness = Soundness()

    def outcome(iteration: int, applied: bool) -> None:
        if sentence := soundness.step(iteration, applied=applied):
            notices.warn("losses", sentence)

    return Listeners(pipe.say, outcome, lambda sentence: notices.warn("metrics", sentence))


def identity(settings: Mapping[str, Any], machine: Machine) -> dict[str, Any]:
    """What a generation says about network and machine."""
    network = {s.key: settings[s.key] for s in SETTINGS if s.when == "birth"}
    return {"network": network, "torch": str(torch.__version__), "cpu": torch.backends.cpu.get_cpu_capability(),
            "threads": machine.threads, "device": machine.name}


def warn_of_another_machine(saved: Mapping[str, Any], tools: Tools) -> None:
    """Say so when numbers may come out other in the last bit than they would have where the save was made."""
    differ = [f"{key} was {saved.get(key)} and is {tools.extra[key]}" for key in SAME_BITS
              if saved.get(key) != tools.extra[key]]
    if differ:
        tools.notices.warn("machine", f"{'; '.join(differ)}: training goes on, not equal to the last bit")
