"""The learning rate of an iteration (facts/losses.md 10.3): a function of settings and iteration, without state."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.events.event import Block
from core.settings.kind import Value


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate of an update, and what single blocks have instead.

    factors: by block, on the rate. warmup: by block, the updates of its own in which its rate rises to full height.
    """

    base: float
    factors: Mapping[str, float] = field(default_factory=dict)
    warmup: Mapping[str, int] = field(default_factory=dict)

    def of(self, block: str, updates: int) -> float:
        """The rate of a block that has had so many updates."""
        rate = self.base * self.factors.get(block, 1.0)
        length = self.warmup.get(block, 0)
        return rate * min((updates + 1) / length, 1.0) if length else rate


def rate(settings: Mapping[str, Value], iteration: int) -> float:
    """The rate of the step that follows `iteration` completed ones."""
    lr, period = float(settings["lr"]), int(settings["lr_cos"])
    return cosine_rate(lr, period, iteration) if settings["lr_dropout"] == "y" and period else lr


def rates(settings: Mapping[str, Value], iteration: int, blocks: Sequence[Block]) -> Rates:
    """The rates of the step that follows `iteration` completed ones. Blocks that came by growth warm up, for the first
    step of a fresh pair of moments is 3.5 times as long as those that follow; what is older than the last growth moves
    less."""
    base, last = rate(settings, iteration), max((block.born for block in blocks), default=0)
    if not last:
        return Rates(base)
    old, warmup = float(settings["growth_old_rate"]), int(settings["growth_warmup"])
    return Rates(base, {block.name: old for block in blocks if block.born < last},
                 {block.name: warmup for block in blocks if block.born})


def cosine_rate(lr: float, period: int, iteration: int) -> float:
    """From `lr` down to 0 and back, once every `period` iterations."""
    return lr * (math.cos(iteration * 2 * math.pi / period) + 1) / 2
