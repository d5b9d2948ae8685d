"""The course of one loss: its blocks and its three detectors, fed with iterations in any portions."""

import math
from collections.abc import Sequence

from msgspec import Struct

from core.events.reading import Verdict
from core.watch import divergence, plateau, spike
from core.watch.divergence import Divergence
from core.watch.pace import Pace
from core.watch.plateau import Plateau
from core.watch.robust import trimmed_mean
from core.watch.spike import Spike


class Course(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of one loss. began: the plateau's blocks count from here (after a blanking); changed: the
    divergence's do from here, at once, for a collapse may follow on a change. block, chunk: logarithms of the
    iterations of their blocks that are not full. level: of the plateau's last full block."""

    began: int = 0
    changed: int = 0
    block: list[float] = []
    chunk: list[float] = []
    level: float | None = None
    plateau: Plateau = Plateau()
    spike: Spike = Spike()
    divergence: Divergence = Divergence()


def advance(state: Course, last: int, logs: Sequence[float | None], pace: Pace) -> Course:
    """Take the logarithms of the iterations that end with `last`; None where a step was not applied."""
    size, block, chunk, level = pace.loss.block, list(state.block), list(state.chunk), state.level
    flat, away = state.plateau, state.divergence
    for iteration, value in enumerate(logs, last - len(logs) + 1):
        if value is not None:
            chunk.append(value)
            if iteration > state.began:
                block.append(value)
        if block and (iteration - state.began) % size == 0:
            level = trimmed_mean(block)
            flat = plateau.advance(flat, iteration, level, pace.loss, spacing=size)
            block = []
        if chunk and (iteration - state.changed) % divergence.BLOCK == 0:
            away = divergence.advance(away, iteration, trimmed_mean(chunk))
            chunk = []
    return Course(state.began, state.changed, block, chunk, level, flat,
                  spike.advance(state.spike, last, logs, pace.window), away)


def restarted(state: Course, changed: int, began: int) -> Course:
    """Begin anew after a change; plateaus only after `began`. The level stays known until there is another."""
    return Course(began=began, changed=changed, level=state.level)


def value(state: Course) -> float | None:
    """The loss of the last full block."""
    return None if state.level is None else math.exp(state.level)


def verdicts(state: Course, of: str, pace: Pace) -> list[Verdict]:
    """All that its detectors find."""
    return [plateau.verdict(state.plateau, of, pace.loss), *spike.verdicts(state.spike, of),
            divergence.verdict(state.divergence, of)]
