"""data.dat: iterations, options, loss history and preview samples of a model (facts/files.md 8.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.exchange.dictionary import BACKUP, Array, read_dictionary
from core.settings.error import ExchangeError

MOST_ITERATIONS = 1_000_000_000
MOST_OPTIONS = 500
DEPTH = 4                       # of lists and dictionaries in an option: the fork's shadow lists have two
PLAIN = (bool, int, float, str, type(None))

Samples = list[list[Array]]


@dataclass(frozen=True, slots=True)
class ModelData:
    """What data.dat says. losses: (rows, 1 or 2), the newest row last. samples: batches by generator, or None."""

    iteration: int
    options: Mapping[str, object]
    losses: NDArray[np.float64]
    samples: Samples | None


def read_data(path: Path, *, losses: int = 2) -> ModelData:
    """Read and check data.dat; `losses` numbers belong to an iteration. Raises ExchangeError."""
    data = read_dictionary(path)
    iteration = iteration_of(path.name, data.get("iter"))
    options = data.get("options")
    if not isinstance(options, dict) or not options:
        raise ExchangeError(f"{path.name} has no options", hint=BACKUP)
    if len(options) > MOST_OPTIONS:
        raise ExchangeError(f"{path.name} has {len(options)} options, at most {MOST_OPTIONS} are read")
    for key, value in options.items():
        if not isinstance(key, str) or not is_plain(value, DEPTH):
            raise ExchangeError(f"{path.name}: option {key!r:.60} is of a kind that options never have", hint=BACKUP)
    history = losses_of(path.name, data.get("loss_history"), losses)[-iteration:]
    return ModelData(iteration, options, history, samples_of(data.get("sample_for_preview")))


def iteration_of(file: str, value: object) -> int:
    """How far the model was trained."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_ITERATIONS:
        raise ExchangeError(f"{file}: iter is {value!r:.40}, which is no number of iterations", hint=BACKUP)
    if value == 0:
        raise ExchangeError(f"{file}: iter is 0, so nothing in its files was trained and the original would begin anew",
                            hint="make a new run instead")
    return value


def is_plain(value: object, depth: int) -> bool:
    """Whether an option is a plain value, or lists and dictionaries of such, not too deep."""
    if isinstance(value, list | tuple | dict) and (depth == 0 or len(value) > MOST_OPTIONS):
        return False
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(held, depth - 1) for key, held in value.items())
    if isinstance(value, list | tuple):
        return all(is_plain(held, depth - 1) for held in value)
    return isinstance(value, PLAIN)


def losses_of(file: str, value: object, count: int) -> NDArray[np.float64]:
    """The loss history, (rows, count): NaN stays, for a collapse is part of it."""
    if value is None:
        return np.empty((0, count))
    if not isinstance(value, list):
        raise ExchangeError(f"{file}: loss_history is no list", hint=BACKUP)
    for number, row in enumerate(value):
        if not isinstance(row, list | tuple) or len(row) != count or not all(type(x) in (int, float) for x in row):
            raise ExchangeError(f"{file}: loss_history has in row {number:,} no {count} numbers", hint=BACKUP)
    return np.array(value, np.float64).reshape(-1, count)


def samples_of(value: object) -> Samples | None:
    """The fixed preview batches; None where they are not as they should be, which the original accepts as well."""
    if not isinstance(value, list | tuple) or not 0 < len(value) <= 2:
        return None
    found: Samples = []
    for batches in value:
        if not isinstance(batches, list | tuple) or not 0 < len(batches) <= 4:
            return None
        if not all(isinstance(batch, np.ndarray) and batch.ndim == 4 and batch.dtype.kind in "fu" for batch in batches):
            return None
        found.append(list(batches))
    return found
