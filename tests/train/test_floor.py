"""What a face set's pixels could show, and what a network shows of it."""

import pytest
import torch

from core.faces.cache import FaceCache
from core.faces.demo import demo_folder
from core.faces.face_type import face_type_of
from core.faces.faceset import open_faceset
from core.nets.family import make_network
from core.nets.initial import initialise
from core.nets.octave import pooled
from core.settings.registry import birth_settings
from core.train.floor import difference, large_faces, measure

SETTINGS = birth_settings({"archi": "df-ud", "resolution": 32, "ae_dims": 8, "e_dims": 4, "d_dims": 4,
                           "d_mask_dims": 2})


@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    return {side: FaceCache(open_faceset(demo_folder() / side), side_px=32, face_type=face_type_of("whole_face"),
                            folder=folder, limit_bytes=1 << 20) for side in ("src", "dst")}


class Perfect:
    """A network that draws what it sees, but for `off`: the faces it is given, in place of its own."""

    def __init__(self, off):
        self.off, self.resolution, self.network = off, 32, make_network(SETTINGS)

    def parameters(self):
        return self.network.parameters()

    def stand_at(self, *_):
        pass

    def encode(self, faces):
        return faces + self.off

    src_code = dst_code = picture_src = picture_dst = staticmethod(lambda x: x)


def test_a_perfect_picture_is_at_the_floor_and_a_worse_one_above_it(caches):
    perfect, worse = (measure(Perfect(off), caches, SETTINGS, 0) for off in (0.0, 0.1))
    assert perfect.error == perfect.floor > 0.1
    assert worse.floor == perfect.floor
    assert worse.error == pytest.approx(10, rel=0.15)


def test_a_fresh_network_is_far_above_the_floor(caches):
    network = make_network(SETTINGS)
    initialise(network, 1)
    found = measure(network, caches, SETTINGS, 0)
    assert found.error > 3 * found.floor


def test_faces_are_decoded_at_twice_the_side_and_leave_no_cache(caches):
    before = sorted(p.name for p in caches["src"].opening().folder.iterdir())
    pictures, masks = large_faces(caches["src"], 64, torch.device("cpu"))
    assert pictures.shape == (8, 3, 64, 64)
    assert masks.shape == (8, 1, 64, 64)
    assert sorted(p.name for p in caches["src"].opening().folder.iterdir()) == before
    assert difference(pictures, pictures, masks) == 0
    assert pooled(pictures).shape[-1] == 32
