"""Numbers recorded from the original program, on its own kind of files."""

import json

import numpy as np
import pytest
from face_making import DATA, JPEGS

from core.faces.align import alignment, map_points
from core.faces.demo import demo_folder
from core.faces.face_type import face_type_of
from core.faces.faceset import open_faceset
from core.faces.landmark import expand_eyebrows, mirror_landmarks
from core.faces.loose import read_face
from core.faces.mask import eyes_mask, hull_mask, mouth_mask, polygon_mask
from core.faces.picture import read_image, read_xseg
from core.faces.pose import pitch_yaw_roll, yaw_of

SHAPE = (256, 256)


@pytest.fixture(scope="module")
def recorded():
    with np.load(DATA / "expected.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def faces():
    return [read_face(path)[0] for path in JPEGS]


def test_alignment_matrices_of_all_face_types_agree_within_a_thousandth_of_a_pixel(recorded):
    names = [name for name in recorded if name.startswith("mat_")]
    assert len(names) == 63             # 3 faces x 7 face types x 3 sizes and scales
    for name in names:
        number, rest = name.removeprefix("mat_").split("_", 1)
        face_type, side, scale = rest.rsplit("_", 2)
        landmarks = recorded[f"src_landmarks_{number}"].astype(np.float64)
        matrix = alignment(landmarks, int(side), face_type_of(face_type), float(scale.removeprefix("s")))
        difference = map_points(landmarks, matrix) - map_points(landmarks, recorded[name])
        assert np.abs(difference).max() < 1e-3, name


def test_landmarks_are_read_exactly(recorded, faces):
    for number, face in enumerate(faces):
        assert np.array_equal(face.landmarks, recorded[f"aligned_landmarks_{number}"])


@pytest.mark.parametrize("expand", [1.0, 2.0, 4.0])
def test_hull_masks_are_pixel_identical(recorded, faces, expand):
    for number, face in enumerate(faces):
        mask = hull_mask(SHAPE, face.landmarks, expand)
        assert np.array_equal(mask, recorded[f"hull_{number}_e{expand}"][:, :, 0])


def test_raised_eyebrows_are_integer_identical(recorded, faces):
    for number, face in enumerate(faces):
        assert np.array_equal(expand_eyebrows(face.landmarks, 2), recorded[f"expand_eyebrows_{number}_e2"])


def test_eyes_and_mouth_masks_agree_within_a_thousandth(recorded, faces):
    for number, face in enumerate(faces):
        for mask, name in ((eyes_mask, "eye_mask"), (mouth_mask, "mouth_mask")):
            expected = recorded[f"{name}_{number}"][:, :, 0] / 65535
            assert np.abs(mask(SHAPE, face.landmarks) - expected).max() < 1e-3


def test_polygons_are_drawn_pixel_identical(recorded, faces):
    assert [len(face.polygons) for face in faces] == [0, 2, 2]
    for number in (1, 2):
        mask = polygon_mask(SHAPE, faces[number].polygons)
        assert np.array_equal(mask, recorded[f"polymask_{number}"][:, :, 0])


def test_the_baked_mask_is_read_exactly(recorded, faces):
    assert [face.xseg is not None for face in faces] == [False, False, True]
    mask = read_xseg(faces[2])
    assert mask is not None
    assert np.array_equal(np.round(mask * 255), recorded["xseg_2"][:, :, 0])


def test_pixels_are_decoded_exactly(recorded, faces):
    assert np.array_equal(read_image(faces[0]), recorded["decoded_0"])


def test_pitch_yaw_and_roll_agree(recorded, faces):
    for number, face in enumerate(faces):
        # the solver is iterative: 1e-5 was the largest difference between two OpenCV versions
        assert np.abs(np.array(pitch_yaw_roll(face.landmarks, 256)) - recorded[f"pose_{number}"]).max() < 1e-4


@pytest.mark.parametrize("side", ["src", "dst"])
def test_yaw_has_the_opposite_sign_of_the_true_turn_to_the_image_right(side):
    faceset = open_faceset(demo_folder() / side)
    index = json.loads((demo_folder() / side / "index.json").read_text())["faces"]
    true = {face["file"]: face["yaw"] for face in index}
    turned = np.array([true[face.name] for face in faceset.faces])
    yaw = yaw_of(faceset)
    assert yaw.dtype == np.float32
    assert np.corrcoef(turned, yaw)[0, 1] < -0.97       # measured by the pictures' makers: -0.97 to -0.99


def test_mirrored_landmarks_lie_on_the_mirrored_picture(faces):
    landmarks = faces[0].landmarks
    mirrored = mirror_landmarks(landmarks, 256)
    assert np.allclose(mirror_landmarks(mirrored, 256), landmarks)
    assert mirrored[36, 0] == pytest.approx(255 - landmarks[45, 0])       # an outer eye corner becomes the other one
    assert pitch_yaw_roll(mirrored, 256)[1] == pytest.approx(-pitch_yaw_roll(landmarks, 256)[1], abs=0.05)


def test_metadata_fields_are_read(faces):
    third = faces[2]
    assert (third.face_type.name, third.height, third.width) == ("whole_face", 256, 256)
    assert (third.eyebrows_expand, third.source_filename, third.person) == (2.0, "00003.png", None)


def test_a_face_that_no_solver_can_pose_looks_straight_ahead():
    assert pitch_yaw_roll(np.full((68, 2), np.nan), 256) == (0.0, 0.0, 0.0)
