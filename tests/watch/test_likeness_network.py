"""The likeness network, its chips and the blur score against recorded numbers."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.faces.align import alignment
from core.faces.demo import demo_folder
from core.faces.face_type import FaceType
from core.faces.faceset import open_faceset
from core.watch import blur
from core.watch.chip import chip, chip_matrix, full_face_matrix, masked_chip, soft_mask, whole_face_matrix
from core.watch.embedder import SHIPPED, Embedder, EmbedderError

DATA = Path(__file__).parent.parent / "data" / "watch"


def recorded(name: str) -> dict[str, np.ndarray]:
    """Numbers recorded from the network's first implementation."""
    with np.load(DATA / name) as data:
        return {key: data[key] for key in data}


def test_embeddings_and_the_shape_of_every_stage_are_the_recorded_ones():
    golden, embedder = recorded("golden.npz"), Embedder.load()
    np.testing.assert_allclose(embedder.embed(golden["images"]), golden["embeddings"], atol=2e-3)
    stages = embedder.stages(golden["images"][3:4])
    assert [list(s.shape[1:]) for s in stages] == golden["stage_shapes"].tolist()
    np.testing.assert_allclose([float(s.mean()) for s in stages], golden["stage_means"], atol=2e-3)


def test_chips_of_faces_and_their_embeddings_are_the_recorded_ones():
    golden, embedder, matrix = recorded("golden_faces.npz"), Embedder.load(), whole_face_matrix(192)
    for name, cut in (("", lambda p, _: chip(p, matrix)),
                      ("_masked", lambda p, m: masked_chip(p, (m / 255).astype(np.float32), matrix))):
        chips = np.stack([cut(p, m) for p, m in zip(golden["whole_face"], golden["mask"], strict=True)])
        off = np.abs(chips.astype(int) - golden[f"chip{name}"])
        assert (off <= 1).mean() >= 0.99
        np.testing.assert_allclose(embedder.embed(chips), golden[f"embedding{name}"], atol=2e-2)


def test_the_matrix_to_the_chip_is_the_recorded_one_at_every_size():
    golden = recorded("golden_faces.npz")
    for side in (64, 192, 256, 512):
        np.testing.assert_allclose(whole_face_matrix(side), golden[f"matrix_{side}"], atol=1e-4)


def test_every_frame_leads_to_the_same_place_of_the_chip():
    face = open_faceset(demo_folder() / "src").faces[0]
    own = alignment(face.landmarks, 160, FaceType.whole_face)
    point = face.landmarks[30]
    expected = through(whole_face_matrix(160), through(own, point))
    for kind in (FaceType.full_face, FaceType.head, FaceType.half_face):
        frame = alignment(face.landmarks, 128, kind)
        there = through(chip_matrix(kind, 128, face.landmarks), through(frame, point))
        np.testing.assert_allclose(there, expected, atol=0.6)
    assert full_face_matrix(128)[0, 0] == pytest.approx(100 * 1.596621 / 128)


def through(matrix: np.ndarray, point: np.ndarray) -> np.ndarray:
    """A point through an affine."""
    return matrix[:, :2] @ point + matrix[:, 2]


def test_what_lies_outside_the_mask_is_black_in_the_chip():
    mask = np.zeros((128, 128), np.uint8)
    mask[40:90, 40:90] = 255
    soft = soft_mask(mask)
    assert soft[0, 0] == 0 and soft[65, 65] == 1 and 0 < soft[40, 65] < 1
    cut = masked_chip(np.full((128, 128, 3), 200, np.uint8), soft, whole_face_matrix(128))
    assert cut[0, 0].tolist() == [0, 0, 0] and cut[75, 75].tolist() == [200, 200, 200]


def test_weights_that_are_missing_or_others_are_refused_in_one_sentence(tmp_path):
    with pytest.raises(EmbedderError, match="cannot be read"):
        Embedder.load(tmp_path / "none.safetensors")
    other = tmp_path / "other.safetensors"
    shutil.copyfile(SHIPPED, other)
    with other.open("r+b") as file:
        file.seek(5_000_000)
        file.write(b"\0\1\2\3")
    with pytest.raises(EmbedderError, match="another file than the one that was measured"):
        Embedder.load(other)


def test_chips_of_another_size_are_a_mistake_of_the_program():
    with pytest.raises(ValueError, match="150 x 150"):
        Embedder.load().embed(np.zeros((1, 96, 96, 3), np.uint8))


def test_blur_profiles_and_scores_are_the_recorded_ones():
    golden = recorded("golden_faces.npz")
    for picture, profile, score in zip(golden["whole_face"], golden["blur_profile"], golden["blur_score"], strict=True):
        bgr = np.ascontiguousarray(picture[..., ::-1])
        np.testing.assert_allclose(blur.profile(bgr), profile, atol=2e-2)
        np.testing.assert_allclose(blur.measure(bgr)[:2], score[:2], atol=2e-2)
        assert abs((blur.measure(bgr).angle - score[2] + 90) % 180 - 90) < 1
