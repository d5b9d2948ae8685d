"""Weights, moments and counters of a saved generation put back into the network and its judges."""

import logging

from core.nets.block_state import load_weights
from core.settings.error import NetworkError
from core.store.generation import Generations
from core.train.start import Start
from core.train.step import Step

log = logging.getLogger(__name__)


def load(start: Start, generations: Generations, step: Step) -> None:
    """Set all weights, moments and counters to those of the start's generation, judges included.

    Raises StoreError or NetworkError.
    """
    if start.generation is None:
        return
    if "step" in start.generation.extra:    # a run that is older than the judges has none
        step.restore(start.generation.extra["step"], start.course.settings)
    owners = {block.name: learner for learner in step.learners for block in learner.blocks}
    for block, content in generations.load(start.generation.number).items():
        if block not in owners:
            raise NetworkError(f"generation {start.generation.number} holds block {block}, which this network lacks",
                               hint="roll back to another one")
        load_weights(owners[block].module, block, dict(content.weights))
        owners[block].optimizer.load_state(block, content.moments)
    log.info("generation=%d iteration=%d loaded", start.generation.number, start.iteration)
