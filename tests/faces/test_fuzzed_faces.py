"""Whatever bytes change in a right file: a face, a problem or one sentence, never another exception."""

import tempfile
from pathlib import Path

from face_making import DATA, JPEGS, segments
from hypothesis import given, settings
from hypothesis import strategies as st

from core.faces.face import UnusableFaceError
from core.faces.faceset import open_faceset
from core.faces.loose import read_face
from core.faces.picture import face_mask, read_image
from core.faces.unpickle import PickleError, unpickle
from core.settings.error import FaceFileError

JPEG = JPEGS[2].read_bytes()
PAK = (DATA / "faceset.pak").read_bytes()
METADATA = next(payload for marker, payload in segments(JPEG)[0] if marker == 0xEF)


def flips(size: int, most: int = 6):
    """A few places and new values for them."""
    return st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, 255)), min_size=1, max_size=most)


def flipped(content: bytes, changes: list[tuple[int, int]]) -> bytes:
    wrong = bytearray(content)
    for at, value in changes:
        wrong[at] = value
    return bytes(wrong)


@settings(max_examples=300, deadline=None)
@given(flips(len(METADATA) + 700))      # header and metadata; pixels have a test of their own
def test_a_changed_jpeg_is_a_face_or_a_problem(changes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "face.jpg"
        path.write_bytes(flipped(JPEG, changes))
        try:
            face, _ = read_face(path)
        except UnusableFaceError as error:
            assert error.message.isprintable()
            return
        try:
            assert read_image(face).shape == (face.height, face.width, 3)
            assert face_mask(face).shape == (face.height, face.width)
        except FaceFileError as error:
            assert error.message.isprintable()


@settings(max_examples=40, deadline=None)
@given(flips(len(JPEG), most=40))
def test_changed_pixels_are_decoded_or_refused(changes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "face.jpg"
        path.write_bytes(flipped(JPEG, changes))
        try:
            read_image(read_face(path)[0])
        except FaceFileError as error:
            assert error.message.isprintable()


@settings(max_examples=150, deadline=None)
@given(flips(9000), st.integers(0, 400))
def test_a_changed_pak_is_a_face_set_or_a_sentence(changes, cut):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "faceset.pak"
        path.write_bytes(flipped(PAK, changes)[:len(PAK) - cut])
        try:
            faceset = open_faceset(path)
        except FaceFileError as error:
            assert error.message.isprintable()
        else:
            assert len(faceset.faces) + len(faceset.problems) > 0


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_data(payload):
    try:
        unpickle(b"\x80\x04" + payload, max_values=10_000)
    except PickleError as error:
        assert str(error)
