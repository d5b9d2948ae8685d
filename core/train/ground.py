"""What training stands on: the saved state, the way to the supervisor, the machine, the faces."""

from dataclasses import dataclass
from pathlib import Path

from core.samples.source import worker_count
from core.store.folder import RunFolder
from core.store.generation import Generations
from core.store.journal import read_journal
from core.train.boundary import Boundary
from core.train.machine import Machine, choose_machine
from core.train.notices import Notices
from core.train.pipe import Pipe
from core.train.progress import Progress
from core.train.start import Start, find_start
from core.train.training_faces import SIDES, TrainingFaces, open_faces, told_problems
from core.wire.trainer_record import Begin, Phase


@dataclass(frozen=True, slots=True)
class Ground:
    """The saved state, the way to the supervisor, the machine."""

    folder: RunFolder
    generations: Generations
    start: Start
    boundary: Boundary
    notices: Notices
    progress: Progress
    machine: Machine


def find_ground(pipe: Pipe, begin: Begin) -> Ground:
    """Find the saved state and settle the machine. Raises StoreError, JournalError, RefusedError, EndTraining."""
    pipe.say(Phase("starting", "reads the journal and checks the saves"))
    folder = RunFolder(Path(begin.folder))
    generations = Generations(folder)
    start = find_start(generations, read_journal(folder.journal)[:begin.journal])
    boundary = Boundary(pipe, start.course)
    notices = Notices(start.course.events)
    for note in start.notes:
        notices.warn("generation", note)
    machine = choose_machine(start.course.state.settings, start.course.events)
    return Ground(folder, generations, start, boundary, notices, Progress(pipe, boundary), machine)


def share_of_workers(setting: int, ranks: int) -> int:
    """Sample workers of each of so many ranks of a machine; a number that a person gave is each rank's."""
    return worker_count(setting) if setting >= 0 or ranks == 1 else max(1, worker_count(setting) // ranks)


def find_faces(ground: Ground, cache: Path) -> TrainingFaces:
    """Open both face sets, and warn of what is skipped. Raises FaceFileError, EndTraining."""
    state = ground.start.course.state
    faces = open_faces((Path(state.src.path), Path(state.dst.path)), ground.start.course.network, cache,
                       workers=share_of_workers(int(state.settings["workers"]), len(ground.machine.devices)),
                       say=ground.progress.renew)
    for side in SIDES:
        if sentence := told_problems(side, faces.sets[side]):
            ground.notices.warn("faces", sentence)
    return faces
