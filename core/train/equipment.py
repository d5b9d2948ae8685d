"""The network and the threads that work beside the loop, made from what training stands on."""

from contextlib import ExitStack

from core.nets.family import make_network
from core.nets.initial import initialise
from core.store.preview import PreviewStore
from core.train.batches import Batches
from core.train.copies import Copies
from core.train.ground import Ground
from core.train.leader import Leader
from core.train.likeness_reader import LikenessReader, readings_folder
from core.train.listeners import listeners
from core.train.loop import Tools
from core.train.machine import identity
from core.train.optim import make_optimizer
from core.train.pipe import Pipe
from core.train.preview import Preview
from core.train.prober import Prober
from core.train.publisher import Publisher
from core.train.reading_rows import ReadingRows
from core.train.resume import load
from core.train.snapshot import Snapshot
from core.train.start import cut_metrics
from core.train.step import Step
from core.train.training_faces import SIDES, TrainingFaces
from core.train.watching import Watching
from core.train.world import World
from core.train.writer import Writer
from core.wire.trainer_record import Phase

PREVIEW_PATIENCE_S = 2.0    # at the end, for a preview that is being written


def make_step(ground: Ground, world: World) -> Step:
    """Network and optimizer on the device, new or as saved; the other ranks are given theirs later."""
    start, settings = ground.start, ground.start.course.network
    generation = start.generation
    ground.progress.phase("starting", "makes a new network" if generation is None else
                          f"loads generation {generation.number} of iteration {start.iteration:,}")
    network = make_network(settings)
    if generation is None:
        initialise(network, int(settings["seed"]))
    network.to(ground.machine.device)
    step = Step(network, make_optimizer(str(settings["optimizer"]), network), world=world)
    load(start, ground.generations, step)
    return step


def make_tools(pipe: Pipe, ground: Ground, faces: TrainingFaces, step: Step, stack: ExitStack, *,
               cache: str) -> Tools:
    """The threads that work beside the loop. `stack` ends them."""
    course, folder, notices = ground.start.course, ground.folder, ground.notices
    cut_metrics(folder, ground.start)
    # Ended after the publisher, so that they see its last rows.
    stack.callback(Copies(folder, lambda: course.settings, notices.warn).close)
    rows = ReadingRows(readings_folder(folder), course.life)
    publisher = Publisher(folder.metrics, course.life, listeners(pipe, notices), replaying_to=course.state.iteration,
                          beside=rows)
    stack.callback(publisher.close)
    writer = Writer(ground.generations, Snapshot(lambda: step.optimizers), born_s=course.events[0].at,
                    sync_metrics=publisher.sync, say=pipe.say, warn=notices.warn)
    stack.callback(writer.close)
    if ground.start.generation is not None:
        writer.continue_from(ground.start.generation)
    preview = Preview(step.network, faces.caches, PreviewStore(folder), say=pipe.say, warn=notices.warn)
    stack.callback(preview.close, PREVIEW_PATIENCE_S)
    batches = Batches(faces, course, ground.start.kept, notices=notices, device=ground.machine.device,
                      world=step.world)
    reader = LikenessReader(step.network, faces.caches, folder, warn=notices.warn)
    kept = ground.start.generation.extra.get("watch") if ground.start.generation else None
    watching = Watching(course, reader, rows, publisher, notices, kept=kept)
    keys = {side: faces.sets[side].key for side in SIDES}
    prober = Prober(step, course, ground.boundary, ground.machine.name, lambda doing: pipe.say(Phase("trial", doing)))
    leader = Leader(step, course, drawn=batches.state, keys=keys, cache=cache)
    return Tools(pipe, ground.boundary, course, faces, batches, step, writer, preview, publisher, notices,
                 identity(course.state.settings, ground.machine, ranks=step.world.size), leader, watching, prober)
