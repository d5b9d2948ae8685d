"""Tensor files: safetensors bytes, a pure function of what is in them, checked before use."""

import msgspec
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.settings.error import StoreError
from core.store.tensor_file import DTYPES, MAX_ZEROS_BYTES, ZEROS, decode, encode, encode_zeros, read_header

dtypes = st.sampled_from([np.dtype(code) for code in DTYPES.values()])
tensors = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda n: n != "__metadata__"), dtypes.flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=0, min_side=0))),
    max_size=5)


def file_of(content: dict[str, np.ndarray]) -> bytes:
    return b"".join(bytes(p) for p in encode(content))


def read(data: bytes) -> dict[str, np.ndarray]:
    return decode(np.frombuffer(data, np.uint8).copy(), "the file")


@given(tensors)
def test_tensors_come_back_bit_by_bit(content):
    back = read(file_of(content))
    assert back.keys() == content.keys()
    for name, array in content.items():
        assert (back[name].dtype, back[name].shape) == (array.dtype, array.shape)
        assert back[name].tobytes() == array.tobytes()
        assert back[name].flags.writeable


@given(tensors)
def test_the_safetensors_library_reads_our_files_and_we_read_its(content):
    theirs = safetensors.numpy.load(file_of(content))
    ours = read(safetensors.numpy.save(content))
    for name, array in content.items():
        assert theirs[name].tobytes() == array.tobytes()
        assert theirs[name].shape == array.shape
        assert ours[name].tobytes() == array.tobytes()


@given(tensors)
def test_the_order_in_which_tensors_come_does_not_matter(content):
    assert file_of(dict(reversed(content.items()))) == file_of(content)


def test_strided_and_read_only_arrays_are_saved_as_their_values():
    array = np.arange(24, dtype=np.float32).reshape(4, 6)
    array.flags.writeable = False
    np.testing.assert_array_equal(read(file_of({"a": array.T, "b": array[::2, 1::3]}))["b"], array[::2, 1::3])


def test_contiguous_data_is_not_copied():
    array = np.zeros(1000, np.float32)
    pieces = encode({"a": array})
    array[3] = 7
    assert bytes(pieces[1])[12:16] == array[3].tobytes()


def test_a_type_that_a_file_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="tensor a has type complex128"):
        encode({"a": np.zeros(2, np.complex128)})


def with_header(text: bytes, data: bytes = b"") -> bytes:
    return len(text).to_bytes(8, "little") + text + data


WRONG = {
    "empty": b"", "short": b"\0\0\0", "no header": (9).to_bytes(8, "little"),
    "endless header": (2**63).to_bytes(8, "little") + b"{}", "not JSON": with_header(b"hello"),
    "a list": with_header(b"[]"), "unknown type": with_header(b'{"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}',
                                                              b"1"),
    "beyond the end": with_header(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', b"1234"),
    "rest at the end": with_header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', b"12345"),
    "shape and size differ": with_header(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', b"1234"),
    "negative shape": with_header(b'{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}', b"1234"),
    "overflowing shape": with_header(
        b'{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'),
    "overlap": with_header(b'{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},'
                           b'"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}', b"123"),
    "gap": with_header(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', b"12"),
    "three offsets": with_header(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}', b"12"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_a_sentence(name):
    with pytest.raises(StoreError, match="the file is not a file of tensors"):
        read(WRONG[name])


def zeros_of(content: dict[str, np.ndarray]) -> bytes:
    return encode_zeros(read_header(np.frombuffer(file_of(content), np.uint8))[0])


@given(tensors)
def test_zeros_stand_for_tensors_of_the_same_names_types_and_shapes(content):
    back = read(zeros_of(content))
    assert back.keys() == content.keys()
    for name, array in content.items():
        assert (back[name].dtype, back[name].shape) == (array.dtype, array.shape)
        assert not back[name].any()
        assert back[name].flags.writeable


@given(tensors)
def test_zeros_are_a_pure_function_of_the_header_and_small(content):
    assert zeros_of(content) == zeros_of(dict(reversed(content.items())))
    assert zeros_of(content).startswith(ZEROS)


@pytest.mark.parametrize("text", [
    b'{"zeros":', b'{"zeros":{"a":["F32"]}}', b'{"zeros":{"a":["F33",[1]]}}', b'{"zeros":{"a":["F32",[-1]]}}',
    b'{"zeros":{"a":["F32",[%d]]}}' % MAX_ZEROS_BYTES, b'{"zeros":{"a":["F32",[%d,%d]]}}' % (2**40, 2**40),
    b'{"zeros":{},"more":1}', msgspec.json.encode({"zeros": {"a": ["F32", ["x"]]}}),
])
def test_a_file_of_zeros_that_claims_what_cannot_be_is_refused(text):
    with pytest.raises(StoreError, match="is not a file of tensors"):
        read(text)
