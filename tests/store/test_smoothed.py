"""The smoothed loss: one number, whoever tells it."""

import math

import numpy as np
import pytest

from core.store.metric import MetricWriter
from core.store.metric_reader import MetricReader
from core.store.segment import ITERATION, LIFE, Column
from core.store.smoothed import SMOOTH_ITERATIONS, Smoothed, smoothed_series

COLUMNS = (ITERATION, LIFE, Column("src"), Column("dst"))


def written(folder, *rows):
    folder.mkdir(exist_ok=True)
    writer = MetricWriter(folder, COLUMNS)
    writer.append(np.array(rows, np.float64))
    writer.close()
    return MetricReader(folder)


def test_a_mean_is_exact_from_its_first_value_on():
    smoothed = Smoothed(100)
    assert math.isnan(smoothed.value)
    smoothed.add(3.0)
    assert smoothed.value == pytest.approx(3.0)
    for _ in range(2_000):
        smoothed.add(1.0)
    assert smoothed.value == pytest.approx(1.0)


def test_series_read_from_rows_are_those_that_were_told_while_they_came(tmp_path):
    rows = [(i, 0, 1.0 + i % 7, 2.0 / i) for i in range(1, 3_001)]
    src, dst = Smoothed(SMOOTH_ITERATIONS), Smoothed(SMOOTH_ITERATIONS)
    for _, _, *losses in rows:
        src.add(losses[0])
        dst.add(losses[1])
    found = smoothed_series(written(tmp_path / "metrics", *rows), ("src", "dst"), 3_000)
    assert [mean.value for mean in found] == pytest.approx([src.value, dst.value], rel=1e-6)


def test_rows_after_the_iteration_and_those_without_a_loss_do_not_count(tmp_path):
    reader = written(tmp_path / "metrics", (1, 0, 4.0, math.nan), (2, 0, math.nan, math.nan), (3, 0, 9.0, 9.0))
    src, dst = smoothed_series(reader, ("src", "dst"), 2)
    assert src.value == pytest.approx(4.0)
    assert math.isnan(dst.value)


def test_a_run_without_rows_has_no_smoothed_loss(tmp_path):
    assert math.isnan(smoothed_series(MetricReader(tmp_path / "none"), ["src"], 5)[0].value)
