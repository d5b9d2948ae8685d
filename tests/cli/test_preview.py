import cv2
import numpy as np

from core.wire.console_record import Preview
from dfl_tui.cli.preview import png


def test_the_file_is_a_png_with_a_row_for_each_face_in_rgb():
    tiles = np.random.default_rng(0).integers(0, 256, (3, 6, 16, 16, 3), np.uint8)
    rows = [Preview(1, 200, 16, 3, list("abcdef"), ["x"], face.tobytes()) for face in tiles]
    picture = cv2.imdecode(np.frombuffer(png(rows), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert picture.shape == (3 * 16, 6 * 16, 3)
    assert (picture == tiles.transpose(0, 2, 1, 3, 4).reshape(48, 96, 3)).all()
