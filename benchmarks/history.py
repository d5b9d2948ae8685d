"""A long history for a real run: metric rows and the events of weeks, without having trained for weeks."""

import numpy as np
import numpy.typing as npt

from benchmarks.live_run import LiveRun
from core.store.metric import MetricWriter
from core.train.publisher import COLUMNS

AT_ONCE = 50_000
LOSSES = (2.0, 0.15)        # at the beginning and after long
PACE_S = 0.2                # 5 it/s


def give_history(run: LiveRun, iterations: int) -> None:
    """Rows 1..iterations of life 0, as the trainer writes them: losses that fall and scatter."""
    writer = MetricWriter(run.folder.metrics, COLUMNS)
    random = np.random.default_rng(0)
    for first in range(1, iterations + 1, AT_ONCE):
        writer.append(rows(np.arange(first, min(first + AT_ONCE, iterations + 1)), random))
    writer.close()


def rows(iteration: npt.NDArray[np.int64], random: np.random.Generator) -> npt.NDArray[np.float64]:
    """One row an iteration, (n, columns)."""
    begin, end = LOSSES
    src = end + (begin - end) / (1 + iteration / 2000) + random.normal(0, 0.02, len(iteration))
    known: dict[str, npt.ArrayLike] = {
        "iteration": iteration, "src": src, "dst": src * 0.9, "masks": src * 0.1, "lr": 5e-5,
        "data_ms": 8.0, "compute_ms": 190.0, "total_ms": 200.0, "time": 1.7e9 + PACE_S * iteration}
    return np.stack([np.broadcast_to(known.get(c.name, 0.0), len(iteration)) for c in COLUMNS], axis=1)
