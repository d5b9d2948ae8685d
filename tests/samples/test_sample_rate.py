"""The rate of samples against the original's path, timed in turn in one run."""

import pytest

from benchmarks.samples import enlarged_demo, measured
from core.faces.faceset import open_faceset


@pytest.mark.slow
def test_samples_from_a_warm_cache_come_four_times_as_fast_as_the_original_ones(tmp_path):
    faceset = open_faceset(enlarged_demo(tmp_path / "faces", count=8))
    lines = {line["path"]: line for line in measured(faceset, 128, tmp_path, 1, has_reference=True)}
    assert lines["warm"]["times_original"] >= 4          # 15 and more when nothing else runs
    assert lines["original"]["times_original"] == 1
