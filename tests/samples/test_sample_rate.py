"""The rate of samples against the original's path, timed in turn in one run."""

import pytest

from benchmarks.samples import enlarged_demo, measured
from core.faces.faceset import open_faceset


@pytest.mark.slow
def test_samples_come_twice_as_fast_as_the_original_ones_from_a_cold_cache_and_four_times_from_a_warm_one(tmp_path):
    faceset = open_faceset(enlarged_demo(tmp_path / "faces", count=8))
    lines = {line["path"]: line for line in measured(faceset, 128, tmp_path, 1, has_reference=True)}
    assert lines["warm"]["times_original"] >= 4          # 15 and more
    assert lines["cold"]["times_original"] >= 2          # 3.5 and more
    assert lines["original"]["times_original"] == 1
