import math
import time

import numpy as np
import pytest
import torch

from core.run.summary import newest_row
from core.settings.error import StoreError
from core.store.folder import RunFolder
from core.store.metric_reader import MetricReader
from core.train.publisher import COLUMNS, Listeners, Publisher

DEADLINE_S = 10.0
SCALE = 16384.0
BELIEFS = [0.75, 0.25, 0.5, 0.5]    # of the judges; exact in float32


class Heard:
    """Everything that a publisher tells."""

    def __init__(self):
        self.beats, self.outcomes, self.troubles = [], [], []
        self.listeners = Listeners(self.beats.append, lambda *outcome: self.outcomes.append(outcome),
                                   self.troubles.append)

    def wait(self, condition):
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.005)


def row(iteration, src=1.0, applied=1.0, total_ms=50.0):
    numbers = torch.tensor([src, 2.0, 0.5, 9.0, applied, *BELIEFS, 1 - applied, SCALE])
    return (iteration, 5e-5, 1.0, 2.0, 0.0, total_ms, 123.0, numbers)


def test_rows_are_durable_and_whole_after_sync(tmp_path):
    publisher = Publisher(tmp_path, 3, Heard().listeners)
    for iteration in range(1, 101):
        publisher.put(row(iteration, src=iteration / 100))
    position = publisher.sync()
    assert position.rows == 100
    rows = MetricReader(tmp_path).rows(1, 100)
    assert rows.shape == (100, len(COLUMNS))
    assert np.array_equal(rows[:, 0], np.arange(1, 101))
    assert set(rows[:, 1]) == {3.0}
    np.testing.assert_allclose(rows[:, 2], np.arange(1, 101) / 100, rtol=1e-6)
    publisher.close()


def test_the_newest_row_is_told_with_smoothed_losses_and_pace(tmp_path):
    heard = Heard()
    publisher = Publisher(tmp_path, 0, heard.listeners)
    for iteration in range(1, 11):
        publisher.put(row(iteration, src=float(iteration % 2)))
    heard.wait(lambda: heard.beats and heard.beats[-1].iteration == 10)
    beat = heard.beats[-1]
    assert (beat.src, beat.life, beat.it_s) == (0.0, 0, pytest.approx(20.0))
    assert 0.4 < beat.src_smooth < 0.6
    assert [(i, told.applied, [*told[5:9]]) for i, told in heard.outcomes] == [(i, True, BELIEFS) for i in range(1, 11)]
    publisher.close()


def test_iterations_before_the_last_event_are_told_as_replayed(tmp_path):
    heard = Heard()
    publisher = Publisher(tmp_path, 0, heard.listeners, replaying_to=7)
    publisher.put(row(6))
    heard.wait(lambda: heard.beats)
    publisher.put(row(7))
    heard.wait(lambda: len(heard.beats) == 2)
    assert [b.replaying_to for b in heard.beats] == [7, 0]
    publisher.close()


def test_a_loss_that_is_not_finite_is_a_row_and_an_outcome_and_stays_out_of_the_mean(tmp_path):
    heard = Heard()
    publisher = Publisher(tmp_path, 0, heard.listeners)
    publisher.put(row(1, src=1.0))
    publisher.put(row(2, src=math.nan, applied=0.0))
    publisher.sync()
    assert [(i, told.applied, told.overflowed) for i, told in heard.outcomes] == [(1, True, False), (2, False, True)]
    assert [list(r) for r in MetricReader(tmp_path).rows(1, 2)[:, -2:]] == [[SCALE, 0.0], [SCALE, 1.0]]
    assert math.isnan(MetricReader(tmp_path).rows(2, 2)[0, 2])
    heard.wait(lambda: heard.beats)
    assert heard.beats[-1].src_smooth == pytest.approx(1.0)
    publisher.close()


def test_a_disk_that_refuses_keeps_the_rows_and_is_told_of_once(tmp_path):
    heard = Heard()
    folder = tmp_path / "metrics"
    folder.mkdir()
    publisher = Publisher(folder, 0, heard.listeners)
    folder.rmdir()      # now no segment can be made
    publisher.put(row(1))
    with pytest.raises(StoreError):
        publisher.sync()
    publisher.put(row(2))
    heard.wait(lambda: heard.troubles)
    publisher.put(row(3))
    folder.mkdir()
    publisher.sync()
    assert MetricReader(folder).rows(1, 9)[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert len(heard.troubles) == 1
    publisher.close()


def test_a_trainer_goes_on_with_the_smoothed_losses_of_the_one_before(tmp_path):
    folder = RunFolder(tmp_path)
    folder.metrics.mkdir()
    first = Publisher(folder.metrics, 0, Heard().listeners)
    for iteration in range(1, 101):
        first.put(row(iteration, src=5.0))
    first.close()
    heard = Heard()
    second = Publisher(folder.metrics, 0, heard.listeners)
    second.put(row(101, src=1.0))
    heard.wait(lambda: heard.beats)
    second.close()
    beat = heard.beats[-1]
    assert 4.9 < beat.src_smooth < 5.0
    told = newest_row(folder)
    assert (told.src, told.dst) == (pytest.approx(beat.src_smooth), pytest.approx(beat.dst_smooth))
