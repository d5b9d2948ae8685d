"""Likeness is read while a run trains, at fixed iterations; killed and resumed gives every reading and verdict."""

import numpy as np
import pytest

from core.events.act import LockBlocks, SaveNow
from core.store.generation import Generations
from core.store.metric_reader import MetricReader
from core.watch.scale_file import kept
from core.wire.trainer_record import Beat, Saved
from tests.train.directing import Director, make_run, small_faces

LAST = 24
SETTINGS = {"likeness_every": 8, "watch_pace": "short", "target_iter": LAST}
LOCK = ((LockBlocks("encoder.*"), 12),)
READ = [8, 13, 16, 24]      # in turn, and after the first step with the lock


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_run_reads_and_concludes_what_a_straight_one_does(tmp_path):
    faces = small_faces(tmp_path / "faces", src=24, dst=18, every=4)
    straight = make_run(tmp_path / "straight", faces, waiting=LOCK, **SETTINGS)
    with Director(straight) as trainer:
        assert trainer.wait() == 0, trainer.log
        told = [beat.watch for beat in trainer.of(Beat) if beat.watch and beat.watch.likeness]
    killed = make_run(tmp_path / "killed", faces, waiting=LOCK, **SETTINGS)
    with Director(killed) as trainer:
        trainer.ask(SaveNow(), at=12)       # the lock of this iteration is in the save, and its reading is not
        trainer.hold(at=20)
        while not (trainer.of(Saved) and trainer.is_held):
            assert trainer.until(lambda _: True), trainer.log
    with Director(killed) as trainer:
        assert trainer.wait() == 0, trainer.log

    assert outcome(killed) == outcome(straight)
    reader = MetricReader(straight.readings)
    assert reader.rows(1, LAST)[:, 0].tolist() == READ
    assert told and told[-1].likeness.measure == "likeness" and len(told[-1].likeness.worst) == 3
    scale = kept(straight.readings)
    assert scale is not None and len(scale.probes) == 18 and len(reader.series) == 18
    likeness = MetricReader(straight.metrics).history(["likeness"], 1, None, 100)["likeness"].mean
    assert np.flatnonzero(np.isfinite(likeness)).tolist() == [n - 1 for n in READ]


def outcome(run):
    """What the last generation keeps of the watching, and all readings."""
    (last,) = [g for g in Generations(run).list() if g.iteration == LAST]
    # Numbers of events differ: the killed one's journal tells of its starts and ends.
    return {**last.extra["watch"], "event": None}, MetricReader(run.readings).rows(1, LAST).tobytes(), (
        MetricReader(run.metrics).history(["likeness", "distance"], 1, None, 100)["distance"].mean.tobytes())
