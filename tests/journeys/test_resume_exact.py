"""Killed and resumed equals straight, to the last bit."""

import csv

import numpy as np
import pytest

from core.events.act import LockBlocks, SaveNow, SetValues
from core.store.generation import Generations
from core.store.metric_reader import MetricReader
from core.train.publisher import COLUMNS
from core.train.rivals import BELIEFS
from core.wire.trainer_record import Saved
from tests.train.directing import Director, make_run, small_faces

LAST = 60
# src has 7 faces and dst 5, and a batch is 2, then 3: several epochs end on both sides.
EVERYTHING = {"random_warp": True, "random_src_flip": True, "random_dst_flip": True, "uniform_yaw": True,
              "lr_dropout": "y", "lr_cos": 25, "clipgrad": True, "retraining_samples": True, "target_iter": LAST,
              "write_csv": True}
# The judges come in at 10, so that the save at 5 has none, and both kills fall into the ramp of their powers.
JUDGES = {"gan_power": 0.1, "gan_patch_size": 7, "gan_dims": 4, "gan_noise": 0.05, "power_ramp": 40,
          "true_face_power": 0.1}
STYLES = {"face_style_power": 0.1, "power_ramp": 40, "blur_out_mask": "y"}
# The save at 25 is of bf16, the second kill at 40 comes in fp16, whose loss scale began after that save.
FORMATS = ((SetValues({"precision": "bf16", "allow_slow_precision": True}), 12), (SetValues({"precision": "fp16"}), 30),
           (SetValues({"precision": "fp32"}), 45))
CHANGES = ((LockBlocks("encoder.down2, *.out"), 15), (SetValues({"batch_size": 3, "lr": 5e-4}), 35))
TIMINGS = ("data_ms", "compute_ms", "save_ms", "total_ms", "time")


def outcome(run):
    """The hash of every block's tensors, moments and counter at the end, and the metric rows without clocks."""
    (last,) = [g for g in Generations(run).list() if g.iteration == LAST]
    rows = MetricReader(run.metrics).rows(1, LAST)
    assert rows[:, 0].tolist() == list(range(1, LAST + 1))
    timeless = [i for i, column in enumerate(COLUMNS) if column.name not in TIMINGS]
    return last.blocks, rows[:, timeless].tobytes(), last.extra["drawn"]


def kill_after(run, *, save_at, kill_at):
    """Train, save at an iteration, and kill -9 at another, where the trainer stands still: it is never faster."""
    with Director(run) as trainer:
        trainer.ask(SaveNow(), at=save_at)
        trainer.hold(at=kill_at)
        while not (trainer.of(Saved) and trainer.is_held):
            assert trainer.until(lambda _: True), trainer.log
    assert [saved.iteration for saved in trainer.of(Saved)] == [save_at]


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("archi", "straight_workers", "killed_workers"), [("df-ud", 0, 4), ("liae-ud", 4, 0)])
def test_two_kills_change_no_bit(tmp_path, archi, straight_workers, killed_workers):
    faces = small_faces(tmp_path / "faces")
    common = {"archi": archi, **EVERYTHING}
    changes = (((SetValues(JUDGES), 10), *CHANGES) if archi == "df-ud" else
               ((SetValues(STYLES), 10), *FORMATS, *CHANGES))
    straight = make_run(tmp_path / "straight", faces, waiting=changes, workers=straight_workers, **common)
    with Director(straight) as trainer:
        assert trainer.wait() == 0, trainer.log

    killed = make_run(tmp_path / "killed", faces, waiting=changes, workers=killed_workers, **common)
    kill_after(killed, save_at=5, kill_at=20)       # the lock at 15 comes after the save
    kill_after(killed, save_at=25, kill_at=40)      # so does the change at 35
    with Director(killed) as trainer:
        assert trainer.wait() == 0, trainer.log

    assert outcome(killed) == outcome(straight)
    for run in (straight, killed):
        with run.metrics_csv.open(newline="") as file:
            assert [int(line["iteration"]) for line in csv.DictReader(file)] == list(range(1, LAST + 1))
    rows, names = MetricReader(killed.metrics).rows(1, LAST), [column.name for column in COLUMNS]
    seldom = (*BELIEFS, "likeness", "likeness_low", "likeness_high", "distance", "loss_scale")
    assert np.isfinite(rows[:, [i for i, name in enumerate(names) if name not in seldom]]).all()
    scaled = np.isfinite(rows[:, names.index("loss_scale")])
    assert np.flatnonzero(scaled).tolist() == ([] if archi == "df-ud" else list(range(30, 45)))
    judged = np.isfinite(rows[:, [names.index(name) for name in BELIEFS]])
    assert not judged[:10].any() and judged[10:].all() == (archi == "df-ud")
