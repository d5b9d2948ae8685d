"""Which faces a preview shows."""

import pytest

from core.faces.cache import FaceCache
from core.faces.demo import demo_folder
from core.faces.face_type import FaceType
from core.faces.faceset import open_faceset
from core.train.preview import fixed_faces


@pytest.mark.parametrize("count", [1, 4, 7])
def test_a_preview_shows_as_many_faces_as_asked_for_spread_over_the_set(count, tmp_path):
    faceset = open_faceset(demo_folder() / "dst")
    cache = FaceCache(faceset, side_px=32, face_type=FaceType.whole_face, folder=tmp_path, limit_bytes=1 << 22)
    pictures, names = fixed_faces(cache, count)
    assert pictures.shape == (count, 32, 32, 3)
    order = [face.name for face in faceset.faces]
    assert [order.index(name) for name in names] == [number * len(order) // count for number in range(count)]
