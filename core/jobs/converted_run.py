"""Makes the folder of a converted run, whole or not at all: journal, a metric row, first save."""

import time
from typing import Any, NamedTuple

import numpy as np

from core.events.event import Block, Born
from core.jobs.whole_run import COLUMNS, make_whole, write_beginning
from core.store.folder import RunFolder
from core.store.generation import BlockContent, Generations, NewGeneration
from core.store.manifest import MetricPosition
from core.store.metric import MetricWriter
from core.train.machine import choose_machine, identity

AUTHOR = "convert"


class New(NamedTuple):
    """What the new run's first save holds."""

    blocks: dict[str, BlockContent]
    table: list[Block]
    extra: dict[str, Any]


def make(final: RunFolder, born: Born, new: New, iteration: int, author: str = AUTHOR) -> None:
    """Make the run's folder, and give it its name last. author: who asked for it, as an event says it.
    Raises StoreError or RefusedError; then nothing is left."""
    make_whole(final, "converting", lambda draft: fill(draft, born, new, iteration, author))


def fill(run: RunFolder, born: Born, new: New, iteration: int, author: str) -> None:
    """Journal, one metric row, the first generation."""
    count = write_beginning(run, born, new.table, author=author, job=AUTHOR)
    extra = {**identity(born.settings, choose_machine(born.settings, ())), **new.extra}
    Generations(run).save(NewGeneration(iteration, 0, count, first_row(run, iteration), new.blocks, time.time(),
                                        "", extra))


def first_row(run: RunFolder, iteration: int) -> MetricPosition:
    """A row without losses at the iteration that the run begins with, so that it is known how far it is."""
    writer = MetricWriter(run.metrics, COLUMNS)
    if iteration:
        writer.append(np.array([[iteration, 0, np.nan, np.nan]]))
    position = writer.sync()
    writer.close()
    return position
