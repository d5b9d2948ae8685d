"""Our faces under the original's order of draws give the original's recorded numbers."""

from pathlib import Path

import numpy as np
import pytest

from core.faces.faceset import open_faceset
from core.faces.mask import eyes_mask, mouth_mask
from core.samples.paint import TRANSFERS
from tests.original.process import EYES, MOUTH, soft_hulls
from tests.original.samples_parity import check_samples
from tests.original.warp_params import gen_warp_params

RECORDED = Path(__file__).parent.parent / "data" / "samples" / "original"
# facts/samples.md, appendix: side, seed of both streams, rotation, scale, x, y, cell, map x and y at [10, 20], both at
# the middle
VECTORS = [
    (64, 12345, 8.5923218563, 0.9582879273, -0.0316081188, -0.0295439721, 8, 20.987478, 10.561700, 33.059517),
    (128, 7, -8.4738342125, 1.0882815743, -0.0061590769, 0.0223465178, 64, 20.866941, 10.866940, 71.373856),
    (96, 2024, 1.7602903779, 1.0656196271, -0.0311848040, -0.0456191436, 48, 21.224091, 11.224091, 56.089920),
]


@pytest.mark.parametrize("vector", VECTORS, ids=[f"side {v[0]}" for v in VECTORS])
def test_the_adapter_draws_what_the_original_drew(vector):
    side, seed, rotation, scale, x, y, cell, at_x, at_y, middle = vector
    params = gen_warp_params(side, flip=True, transform=np.random.RandomState(seed), warp=np.random.RandomState(seed))
    assert (params.rotation, params.scale, *params.shift) == pytest.approx((rotation, scale, x, y), abs=1e-9)
    assert (params.flip, params.cell, params.small_px) == (False, cell, None)
    assert (params.map_x[10, 20], params.map_y[10, 20]) == pytest.approx((at_x, at_y), abs=1e-5)
    assert (params.map_x[side // 2, side // 2], params.map_y[side // 2, side // 2]) == pytest.approx(
        (middle, middle), abs=1e-5)


def test_the_adapter_composes_the_original_matrix():
    params = gen_warp_params(64, flip=True, transform=np.random.RandomState(12345), warp=np.random.RandomState(12345))
    assert params.affine == pytest.approx(np.array([[0.9475324976, 0.1431709378, -4.9254295406],
                                                    [-0.1431709378, 0.9475324976, 4.3696158686]]), abs=1e-9)


@pytest.fixture(scope="module")
def cases():
    return list(check_samples(RECORDED))


def test_every_recorded_number_is_matched(cases):
    assert [case for case in cases if not case[2]] == []


def test_nothing_recorded_is_passed_over(cases):
    names = [name for name, _, _ in cases]
    inputs = {"src_landmarks", "src_size", "ct"}          # what the numbers were made from
    keys = [key for key in np.load(RECORDED / "expected.npz").files
            if key.rsplit("_", 1)[0] not in inputs or key.removeprefix("ct_") in TRANSFERS]
    assert len(names) == len(set(names)) > 90
    assert [key for key in keys if key not in names and not key.startswith("warp_")] == []
    assert {"warp_0", "warp_2", "warp_3", "faceset_person.pak", "metadata_00003_0.jpg"} <= set(names)


def test_our_eyes_and_mouth_are_those_of_the_restated_path():
    for path in sorted(RECORDED.glob("*.pak")):
        for face in open_faceset(path).faces:
            shape = (face.height, face.width)
            assert eyes_mask(shape, face.landmarks) == pytest.approx(soft_hulls(face, EYES), abs=1e-5)
            assert mouth_mask(shape, face.landmarks) == pytest.approx(soft_hulls(face, MOUTH), abs=1e-5)


def test_every_colour_transfer_is_compared(cases):
    assert {f"ct_{mode}" for mode in TRANSFERS} | {"proc_rct_hsv01_warped"} <= {name for name, _, _ in cases}
