"""Other families than saehd train as a process: amp with a judge and a kill, quick96 with its repetitions."""

import numpy as np
import pytest

from core.store.generation import Generations
from core.store.metric_reader import MetricReader
from tests.train.directing import Director, make_run, small_faces

JUDGED = {"gan_power": 0.1, "gan_patch_size": 7, "gan_dims": 4}
FAMILIES = {
    "amp": {"archi": "amp-udt", "inter_dims": 8, "eyes_prio": True, "mouth_prio": True, **JUDGED},
    "quick96": {"archi": "df-ud", "resolution": 96, "face_type": "full_face", "optimizer": "rmsprop", "lr": 2e-4,
                "lr_dropout": "y", "lr_cos": 0, "unwarped_every": 3},
}


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("model", FAMILIES)
def test_a_family_trains_as_a_process(tmp_path, model):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"), model=model, target_iter=5, **FAMILIES[model])
    if model == "amp":      # the other one's state is that of saehd
        with Director(run) as trainer:
            trainer.until_iteration(2)
    with Director(run) as trainer:
        assert trainer.wait() == 0, trainer.log
    (last,) = [g for g in Generations(run).list() if g.iteration == 5]
    rows, columns = MetricReader(run.metrics).rows(1, 5), [c.name for c in MetricReader(run.metrics).columns]
    assert np.isfinite(rows[:, : columns.index("likeness")]).all() and len(rows) == 5
    judged = {block for block in last.blocks if block.startswith("gan.")}
    assert bool(judged) == ("gan_power" in FAMILIES[model])
    assert np.isfinite(rows[:, columns.index("d_fake")]).all() == bool(judged)
    assert set(last.blocks) - judged
