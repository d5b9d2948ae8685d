from dataclasses import replace

import cv2
import numpy as np
import pytest
from face_making import JPEGS

from core.faces.align import alignment
from core.faces.face_type import FaceType, face_type_of
from core.faces.loose import read_face
from core.faces.picture import crop_image, crop_plane, face_mask, read_image, read_xseg
from core.settings.error import FaceFileError


@pytest.fixture(scope="module")
def face():
    return read_face(JPEGS[2])[0]


@pytest.fixture(scope="module")
def image(face):
    return read_image(face)


def large(face, image, times):
    """The same face as if it had been extracted `times` as large."""
    side = face.width * times
    bigger = replace(face, height=side, width=side, landmarks=face.landmarks * times)
    return bigger, cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)


def test_a_face_of_the_wanted_type_and_size_is_taken_as_it_is(face, image):
    assert np.array_equal(crop_image(image, face, FaceType.whole_face, 256), image)


def test_without_antialiasing_it_is_the_originals_crop(face, image):
    same_type = crop_image(image, face, FaceType.whole_face, 64, antialias=False)
    assert np.array_equal(same_type, cv2.resize(image, (64, 64), interpolation=cv2.INTER_CUBIC))
    matrix = alignment(face.landmarks, 64, FaceType.full_face)
    other_type = crop_image(image, face, FaceType.full_face, 64, antialias=False)
    assert np.array_equal(other_type, cv2.warpAffine(image, matrix, (64, 64), flags=cv2.INTER_CUBIC,
                                                     borderMode=cv2.BORDER_REPLICATE))


@pytest.mark.parametrize("face_type", [FaceType.whole_face, FaceType.full_face, FaceType.half_face, FaceType.head])
def test_a_crop_does_not_depend_on_the_size_of_the_extracted_picture(face, image, face_type):
    small = crop_image(image, face, face_type, 48).astype(int)
    bigger, picture = large(face, image, 4)
    assert np.abs(crop_image(picture, bigger, face_type, 48).astype(int) - small).mean() < 2


@pytest.mark.parametrize("face_type", [FaceType.whole_face, FaceType.full_face])
def test_shrinking_averages_and_takes_no_single_pixels(face, face_type):
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255               # the finest pattern there is: its right average is grey everywhere
    bigger = replace(face, height=1024, width=1024, landmarks=face.landmarks * 4)
    shrunk = crop_image(stripes, bigger, face_type, 64)[8:-8, 8:-8].astype(int)
    assert np.abs(shrunk - 127).max() <= 4


def test_outside_the_picture_the_edge_is_repeated_and_the_mask_is_empty(face, image):
    white = np.full_like(image, 255)
    assert crop_image(white, face, FaceType.head, 64).min() == 255
    assert crop_plane(np.ones((256, 256), np.float32), face, FaceType.head, 64).min() == 0


def test_a_mask_drawn_small_lies_where_the_large_one_lies(face):
    mask = face_mask(face)
    half = cv2.resize(mask, (128, 128), interpolation=cv2.INTER_AREA)
    difference = crop_plane(half, face, FaceType.full_face, 64) - crop_plane(mask, face, FaceType.full_face, 64)
    assert np.abs(difference).mean() < 0.01


def test_a_custom_face_is_only_resized(face, image):
    custom = replace(face, face_type=FaceType.mve_custom)
    assert np.array_equal(crop_image(image, custom, FaceType.head, 256), image)


def test_a_face_without_a_baked_mask_gets_the_hull(face):
    assert read_xseg(replace(face, xseg=None)) is None
    hull = face_mask(replace(face, xseg=None))
    assert set(np.unique(hull)) == {0, 1}


@pytest.mark.parametrize("side", [96, 256, 512])
def test_a_baked_mask_of_another_size_is_fitted_to_the_picture(face, side):
    levels = np.zeros((side, side), np.uint8)
    levels[side // 4:side // 2] = 255
    mask = read_xseg(replace(face, xseg=cv2.imencode(".png", levels)[1].tobytes()))
    assert mask is not None
    assert mask.shape == (256, 256)
    assert mask.min() == 0
    assert mask.max() == 1              # bicubic overshoots are cut
    assert mask[80, 80] == 1


def test_a_baked_mask_stored_as_jpeg_is_read(face):
    levels = np.full((256, 256), 255, np.uint8)
    mask = read_xseg(replace(face, xseg=cv2.imencode(".jpg", levels)[1].tobytes()))
    assert mask is not None
    assert mask.min() > 0.98


def test_a_mask_that_cannot_be_decoded_is_said(face):
    with pytest.raises(FaceFileError, match=r"mask of 00003_0\.jpg"):
        read_xseg(replace(face, xseg=b"\x89PNG\r\n\x1a\n" + bytes(40)))


@pytest.mark.parametrize("face_type", [FaceType.mark_only, FaceType.mve_custom])
def test_face_types_without_a_frame_cannot_be_aligned_to(face, face_type):
    with pytest.raises(FaceFileError, match="no frame"):
        alignment(face.landmarks, 64, face_type)


def test_face_types_are_found_by_name_in_any_case():
    assert face_type_of("Whole_Face") is FaceType.whole_face
    with pytest.raises(FaceFileError, match="'elbow' is not known"):
        face_type_of("elbow")
