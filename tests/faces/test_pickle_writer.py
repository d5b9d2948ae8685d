"""Pickles for the original: what Python and our own reader take from them is what was written, in both protocols."""

import io
import pickle
import pickletools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.faces.face_type import FaceType
from core.faces.pickle_writer import PIECE_BYTES, pickled, pieces
from core.faces.unpickle import unpickle

BOTH = pytest.mark.parametrize("protocol", [3, 4])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2**63, 2**63 - 1) | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=9) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12)
ARRAYS = {"float32": np.arange(6, dtype=np.float32).reshape(2, 3), "uint8": np.zeros((5, 1), np.uint8),
          "by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "big endian": np.arange(3, dtype=">i4"),
          "half": np.ones(3, np.float16), "bool": np.array([True]), "nothing": np.zeros((0, 3), np.float32)}


@BOTH
@settings(max_examples=150, deadline=None)
@given(value=VALUES)
def test_written_pickles_say_the_same_to_python_and_to_us(protocol, value):
    assert pickle.loads(pickled(value, protocol)) == value
    assert repr(unpickle(pickled(value, protocol), max_values=10_000)) == repr(value)


@BOTH
@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_arrays_are_written_under_the_names_that_the_original_knows(protocol, array):
    written = pickled({"a": array}, protocol)
    assert b"numpy._core" not in written and b"numpy.core.multiarray" in written
    for read in (pickle.loads(written), unpickle(written, max_values=1000)):
        assert np.array_equal(read["a"], array) and read["a"].shape == array.shape
        assert read["a"].dtype.newbyteorder("=") == array.dtype.newbyteorder("=")


def test_an_array_without_dimensions_stays_one_in_a_face_and_is_a_scalar_in_a_model():
    face, model = (pickle.loads(pickled(np.array(2.5), protocol)) for protocol in (3, 4))
    assert isinstance(face, np.ndarray) and face.shape == () and face == 2.5
    assert isinstance(model, np.float64) and model == 2.5


@BOTH
def test_no_instruction_is_newer_than_the_protocol(protocol):
    value = {"a": ARRAYS["float32"], "s": np.int64(3), "t": "x" * 300, "n": [-1, 0, 255, 256, 2**31, -2**39, None, 1.5]}
    written = pickled(value, protocol)
    assert max(code.proto for code, _, _ in pickletools.genops(written)) <= protocol
    assert written[:2] == bytes([0x80, protocol])


@pytest.mark.parametrize("number", [0, 255, 2**31 - 1, 2**31, -1, -2**31, -2**31 - 1, -2**39, 2**62])
def test_whole_numbers_at_the_ends_of_a_form_are_as_python_writes_them(number):
    theirs = io.BytesIO()
    pickle._Pickler(theirs, 4).save_long(number)    # the plain-Python pickler: save_long writes no frame around it
    assert pickled(number, 4) == b"\x80\x04" + theirs.getvalue() + b"."


def test_contents_of_arrays_are_views_and_pieces_are_bounded():
    array = np.zeros(3 * PIECE_BYTES, np.uint8)
    parts = pieces([array, *range(PIECE_BYTES // 2)], 4)
    views = [part for part in parts if isinstance(part, memoryview)]
    assert len(views) == 1 and np.shares_memory(np.frombuffer(views[0], np.uint8), array)
    assert max(len(part) for part in parts if part is not views[0]) < 2 * PIECE_BYTES


@BOTH
@pytest.mark.parametrize("value", [{1, 2}, object(), np.array([None]), np.array(["a"])],
                         ids=["set", "object", "array of objects", "array of texts"])
def test_what_no_file_of_the_original_holds_is_refused(protocol, value):
    with pytest.raises(TypeError, match="never do"):
        pickled({"a": value}, protocol)


def test_enums_are_written_as_the_original_writes_them():
    assert pickled(FaceType.head, 3) == b"\x80\x03cfacelib.FaceType\nFaceType\n\x8a\x01\x0a\x85R."
