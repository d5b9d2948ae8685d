import os
import pickle
import struct

import numpy as np
import pytest

from core.faces.face_type import FaceType, SampleType
from core.faces.unpickle import MAX_ARRAY_BYTES, PickleError, unpickle

DATA = {
    "text": "gesicht é 顔", "long text": "x" * 300, "bytes": b"\x00\xff", "many bytes": bytes(300),
    "none": None, "yes": True, "no": False,
    "small": 7, "word": 300, "negative": -5, "long": -(2**40), "float": 1.25, "tuple": (1, 2, 3, 4), "pair": (1, 2),
    "empty": [[], (), {}], "nested": {"a": {"b": [1, [2.5]]}}, 5: "number as key",
}
ARRAYS = {
    "float32": np.arange(6, dtype=np.float32).reshape(2, 3), "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "bytes": np.arange(5, dtype=np.uint8).reshape(5, 1), "bigendian": np.arange(4, dtype=">i4"),
    "half": np.ones(3, np.float16), "truth": np.array([True, False]),
}


def read(payload, max_values=100_000):
    return unpickle(payload, max_values=max_values)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_containers_come_back_as_they_were(protocol):
    assert read(pickle.dumps(DATA, protocol)) == DATA


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_arrays_and_scalars_come_back_as_they_were(protocol):
    read_back = read(pickle.dumps(ARRAYS | {"scalar": np.int64(5), "real": np.float32(0.5)}, protocol))
    for name, array in ARRAYS.items():
        assert np.array_equal(read_back[name], array), name
        assert read_back[name].shape == array.shape
    assert read_back["scalar"] == 5
    assert read_back["real"] == 0.5


def test_an_array_held_twice_is_one_array():
    first, second = read(pickle.dumps([ARRAYS["float32"]] * 2))
    assert first is second


@pytest.mark.parametrize("root", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_both_spellings_of_numpy_are_known(root):
    payload = pickle.dumps(ARRAYS["float32"], 3)
    start = payload.index(b"c") + 1
    end = payload.index(b"\n", start)
    assert np.array_equal(read(payload[:start] + root + payload[end:]), ARRAYS["float32"])


def call(module, name, argument):
    """A pickle that calls module.name(argument)."""
    return b"\x80\x03c" + f"{module}\n{name}\n".encode() + pickle.dumps(argument, 3)[2:-1] + b"\x85R."


def test_the_originals_enums_become_ours():
    assert read(call("facelib.FaceType", "FaceType", 4)) is FaceType.whole_face
    assert read(call("samplelib.Sample", "SampleType", 1)) is SampleType.face
    assert read(call("core.imagelib.SegIEPolys", "SegIEPolyType", 1)) == 1
    assert read(call("facelib.FaceType", "FaceType", 77)) == 77         # whoever needs a face type objects


class Bomb:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("function", [os.mkdir, eval, exec, getattr, __import__, np.load, open])
def test_code_is_neither_run_nor_imported(function, protocol, tmp_path):
    marker = tmp_path / "marker"
    arguments = (f"__import__('os').mkdir({str(marker)!r})",) if function in (eval, exec) else (str(marker),)
    with pytest.raises(PickleError):
        read(pickle.dumps({"landmarks": Bomb(function, *arguments)}, protocol))
    assert not marker.exists()


WRONG = {
    "nothing": b"",
    "no end": b"\x80\x03]",
    "text": b"hello",
    "persistent id": b"\x80\x03K\x01Q.",
    "extension registry": b"\x80\x03\x82\x01.",
    "object by class": b"\x80\x03cfacelib.FaceType\nFaceType\n)\x81.",
    "instance of old classes": b"\x80\x03(cos\nsystem\no.",
    "an attribute of an allowed module": b"\x80\x03cnumpy\nload\n.",
    "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0dndarray.tofile\x93.",
    "a name that is no text": b"\x80\x04K\x01K\x02\x93.",
    "a name without end": b"\x80\x03c" + b"a" * 1000,
    "a call of data": b"\x80\x03K\x01\x85K\x01\x85R.",
    "state for a list": b"\x80\x03]}b.",
    "append to a tuple": b"\x80\x03)K\x01a.",
    "entry of a list": b"\x80\x03]K\x01K\x02s.",
    "odd entries": b"\x80\x03}(K\x01u.",
    "mark never opened": b"\x80\x03K\x01t.",
    "value from before a mark": b"\x80\x03K\x01(\x85.",
    "memo never written": b"\x80\x03h\x05.",
    "memo of nothing": b"\x80\x03q\x00.",
    "length beyond the end": b"\x80\x03B\xff\xff\xff\x7fabc.",
    "length of 2^63": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
    "integer of a million digits": b"\x80\x03\x8b\x00\x00\x01\x00" + b"\x7f" * 65536 + b".",
    "negative length of an integer": b"\x80\x03\x8b\xff\xff\xff\xff.",
    "text that is not utf-8": b"\x80\x03X\x02\x00\x00\x00\xff\xfe.",
    "a list as key": b"\x80\x03}]K\x01s.",
    "a deep tuple as key": b"\x80\x03}K\x01" + b"\x85" * 1000 + b"K\x01s.",
    "a float cut off": b"\x80\x03G\x00\x00",
}


@pytest.mark.parametrize("payload", WRONG.values(), ids=WRONG.keys())
def test_wrong_pickles_end_in_a_sentence(payload):
    with pytest.raises(PickleError, match=r"^[a-z]"):
        read(payload)


def array_pickle(code="f8", state=(3, "<", None, None, None, -1, -1, 0), shape=(2,), raw=bytes(16)):
    """An array's pickle, with one thing wrong if asked."""
    def inner(value):
        return pickle.dumps(value, 3)[2:-1]
    dtype = b"cnumpy\ndtype\n" + inner((code, False, True)) + b"R" + inner(state) + b"b"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n" + inner((0,)) + inner(b"b") + b"tR"
    return b"\x80\x03" + array + b"(K\x01" + inner(shape) + dtype + b"\x89" + inner(raw) + b"tb."


def test_the_array_made_by_hand_is_right():
    assert np.array_equal(read(array_pickle()), [0, 0])


@pytest.mark.parametrize("wrong", [
    {"code": "O8"}, {"code": "O"}, {"code": "V16"}, {"code": "S16"}, {"code": "U4"}, {"code": "M8"}, {"code": "f8,f8"},
    {"code": "(2,)f8"}, {"code": "<<f8"}, {"code": ""}, {"code": 8}, {"code": "f16"}, {"code": "c16"},
    {"state": (3, "<", None, ("a",), {"a": 1}, -1, -1, 0)}, {"state": (3, "<", ("f8", (2,)), None, None, -1, -1, 0)},
    {"state": (3, "x", None, None, None, -1, -1, 0)}, {"state": 5}, {"state": (3,)},
    {"shape": (3,)}, {"shape": (-2,)}, {"shape": (2**62, 4)}, {"shape": (True, 2)}, {"shape": (0, 2**60)},
    {"shape": [2]}, {"shape": (1,) * 32 + (2,)}, {"shape": (2.0,)}, {"raw": "text"}, {"raw": None}, {"raw": [1, 2]},
])
def test_arrays_of_another_kind_are_refused(wrong):
    with pytest.raises(PickleError, match="array"):
        read(array_pickle(**wrong))


def test_arrays_over_the_limit_are_refused():
    size = MAX_ARRAY_BYTES + 1
    with pytest.raises(PickleError, match="array"):
        read(array_pickle(code="u1", shape=(size,), raw=bytes(size)))


def test_a_memo_number_is_no_size():
    payload = b"\x80\x03]r\xff\xff\xff\xff."       # Python's own unpickler makes room for 2^32 entries here
    assert read(payload) == []


def test_the_number_of_values_is_limited():
    with pytest.raises(PickleError, match="more values"):
        read(b"\x80\x03" + b"]" * 1000 + b".", max_values=100)
    with pytest.raises(PickleError, match="more values"):
        read(b"\x80\x03" + (b"G" + struct.pack(">d", 1.0)) * 1000 + b".", max_values=100)


def test_billion_laughs_stay_small():
    payload = b"\x80\x03]q\x00"
    for depth in range(30):             # each list holds the one before ten times: 10^30 if anybody walked it
        payload += b"](" + b"h" + bytes([depth]) + (b"h" + bytes([depth])) * 9 + b"eq" + bytes([depth + 1])
    laughs = read(payload + b".")
    assert len(laughs) == 10


def test_a_list_that_holds_itself_is_only_a_list():
    loop = []
    loop.append(loop)
    assert read(pickle.dumps(loop))[0][0] is not None


def test_calls_make_no_more_bytes_than_were_read():
    text = b"X" + struct.pack("<I", 1000) + b"a" * 1000 + b"q\x00"
    again = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R"
    assert len(read(b"\x80\x03(" + text + again + b"t.")[1]) == 1000
    with pytest.raises(PickleError, match="more bytes"):
        read(b"\x80\x03(" + text + again * 50 + b"t.")
