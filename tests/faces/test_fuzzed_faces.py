"""Whatever bytes change in a right file: a face, a problem or one sentence, never another exception."""

import tempfile
from pathlib import Path

import numpy as np
from face_making import DATA, JPEGS, segments
from hypothesis import given, settings
from hypothesis import strategies as st

from core.faces.face import UnusableFaceError
from core.faces.faceset import open_faceset
from core.faces.loose import read_face
from core.faces.metadata import read_metadata
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


ARRAYS = st.sampled_from([
    np.zeros((68, 2)), np.zeros((68, 2), np.int32), np.zeros(0), np.zeros((0, 2)), np.zeros((3, 0, 2)), np.array(5.0),
    np.ones(3), np.ones((4, 4), bool), np.full((68, 2), np.nan), np.zeros((64, 64, 1), np.float32),
    np.zeros((2, 2, 2, 2), np.uint8), np.full((8, 8), np.inf, np.float32),
    np.frombuffer(b"\xff\xd8\xff\xc0\x00\x0b\x08", np.uint8),
])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-2**63, 2**63 - 1), st.floats(), st.text(max_size=8),
                   st.binary(max_size=8))
VALUES = st.recursive(
    LEAVES | ARRAYS,
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(
        st.sampled_from(["polys", "type", "pts", "x"]), inner, max_size=3),
    max_leaves=12)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["face_type", "landmarks", "xseg_mask", "xseg_mask_compressed", "seg_ie_polys",
                        "eyebrows_expand_mod", "source_filename", "person_name"]), VALUES)
def test_any_value_of_any_key_is_a_field_or_a_sentence(key, value):
    try:
        read_metadata({**unpickle(METADATA, max_values=10_000), key: value}, 256, 256)
    except UnusableFaceError as error:
        assert error.message.isprintable()


# instructions and pieces of data, so that most of what is made of them goes on for a while
PIECES = st.sampled_from([
    b"(", b"]", b"}", b")", b"N", b"\x88", b"K\x01", b"K\x03", b"X\x01\x00\x00\x00<", b"C\x02ab", b"G" + bytes(8),
    b"t", b"\x85", b"\x86", b"\x87", b"a", b"e", b"s", b"u", b"l", b"d", b"0", b"1", b"q\x00", b"q\x01", b"h\x00",
    b"h\x01", b"\x94", b"R", b"b",
    b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"cnumpy.core.multiarray\n_reconstruct\n", b"c_codecs\nencode\n",
    b"cnumpy.core.multiarray\nscalar\n", b"cnumpy.core.numeric\n_frombuffer\n", b"cfacelib.FaceType\nFaceType\n",
    b"cnumpy\ndtype\nX\x02\x00\x00\x00u1\x85R",
    b"cnumpy.core.numeric\n_frombuffer\n(C\x02abcnumpy\ndtype\nX\x02\x00\x00\x00u1\x85RK\x02\x85X\x01\x00\x00\x00CtR",
])


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=30))
def test_any_order_of_instructions_is_data_or_a_sentence(pieces):
    try:
        unpickle(b"\x80\x03" + b"".join(pieces) + b".", max_values=10_000)
    except PickleError as error:
        assert str(error).isprintable()
