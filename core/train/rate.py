"""The learning rate of an iteration (facts/losses.md 10.3): a function of settings and iteration, without state."""

import math
from collections.abc import Mapping

from core.settings.kind import Value


def rate(settings: Mapping[str, Value], iteration: int) -> float:
    """The rate of the step that follows `iteration` completed ones."""
    lr, period = float(settings["lr"]), int(settings["lr_cos"])
    return cosine_rate(lr, period, iteration) if settings["lr_dropout"] == "y" and period else lr


def cosine_rate(lr: float, period: int, iteration: int) -> float:
    """From `lr` down to 0 and back, once every `period` iterations."""
    return lr * (math.cos(iteration * 2 * math.pi / period) + 1) / 2
