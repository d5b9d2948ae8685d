"""The restatements give the single operators that the original program recorded (float32: its SSIM is off by up to
9e-6).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from . import filters, similarity, style
from .derivative import at

RECORDED = np.load(Path(__file__).parents[1] / "data" / "parity" / "ops.npz")
A, B = RECORDED["img1"] / 255.0, RECORDED["img2"] / 255.0


@pytest.mark.parametrize("radius", ["0.5", "1", "2", "3", "8"])
def test_recorded_blurs(radius):
    recorded = RECORDED[f"gaussian_blur_{radius}"]
    found = filters.gblur(A[:1, : recorded.shape[1]], float(radius))
    assert np.abs(found - recorded).max() < 2e-6


@pytest.mark.parametrize("size", [1, 2, 5, 8, 11])
def test_recorded_dssim(size):
    assert similarity.dssim(A, B, size) == pytest.approx(RECORDED[f"dssim_{size}"], abs=1e-5)


def test_recorded_style_and_variation():
    assert style.style(A, B, 8, 100) == pytest.approx([0.00108708, 0.00896756], rel=2e-5)
    assert style.style(A, B, 0, 1) == pytest.approx([2.3122931e-05, 3.7498758e-05], rel=1e-5)
    assert style.variation(A) == pytest.approx([547.00885, 243.69238], rel=1e-6)
    assert style.spatial_variation(A) == pytest.approx([33.153793, 36.523945], rel=1e-6)


@pytest.mark.parametrize(("loss", "values", "gradient"), [
    (similarity.msssim, (0.1415267, 0.54122674), (-0.0010028789, -0.0025138226, 0.00222801, -0.00038706698)),
    (similarity.msssim_l1, (0.12221801, 0.4602259), (-0.0008424232, -0.0021116063, 0.007852026, -0.0031501183)),
])
def test_recorded_ms_ssim_of_the_fork(loss, values, gradient):
    places = [(0, 1, 30, 30), (1, 2, 40, 20), (0, 0, 32, 32), (1, 1, 32, 34)]
    assert loss(A, B, 64) == pytest.approx(values, abs=5e-6)
    assert at(lambda x: loss(A, x, 64), B, places) == pytest.approx(gradient, rel=3e-4)
