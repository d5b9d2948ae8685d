"""Makes the folder of an imported run, whole or not at all: journal, metric rows, first save, preview."""

import time

import numpy as np

from core.events.event import Born
from core.exchange.layout import write_layout
from core.exchange.taking import Model, Weights
from core.jobs.first_preview import draw_first_preview
from core.jobs.whole_run import COLUMNS, make_whole, write_beginning
from core.store.folder import RunFolder
from core.store.generation import Generations, NewGeneration
from core.store.manifest import MetricPosition
from core.store.metric import MetricWriter
from core.train.machine import choose_machine, identity

AUTHOR = "import"
ROWS = 100_000          # written at a time


def make(final: RunFolder, born: Born, model: Model, weights: Weights, author: str = AUTHOR) -> None:
    """Make the run's folder, and give it its name last. author: who asked for it, as an event says it.
    Raises StoreError or RefusedError; then nothing is left."""
    make_whole(final, "importing", lambda draft: fill(draft, born, model, weights, author))


def fill(run: RunFolder, born: Born, model: Model, weights: Weights, author: str) -> None:
    """Journal, metric rows, the first generation, what an export needs, a preview."""
    count = write_beginning(run, born, weights.table, author=author, job=AUTHOR)
    write_layout(run.path / "origin", weights.layout, model.data.samples, weights.kept)
    machine = choose_machine(born.settings, ())
    extra = {**identity(born.settings, machine), "drawn": {"src": 0, "dst": 0}, "step": weights.step}
    Generations(run).save(NewGeneration(model.data.iteration, 0, count, write_losses(run, model), weights.blocks,
                                        time.time(), "", extra))
    draw_first_preview(run, born.settings, weights.blocks, model.data)


def write_losses(run: RunFolder, model: Model) -> MetricPosition:
    """The loss history as metric rows; its last row is that of the model's last iteration, which always has one."""
    losses, last = model.data.losses, model.data.iteration
    if not len(losses):
        losses = np.full((1, 2), np.nan)
    writer = MetricWriter(run.metrics, COLUMNS)
    first = last - len(losses) + 1
    for start in range(0, len(losses), ROWS):
        part = losses[start:start + ROWS]
        iterations = np.arange(first + start, first + start + len(part), dtype=np.float64)
        writer.append(np.column_stack([iterations, np.zeros(len(part)), part]))
    position = writer.sync()
    writer.close()
    return position
