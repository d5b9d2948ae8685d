"""Writes the pickles of face files: the few instructions that data needs, in a form that every DeepFaceLab can read.

Python's own pickler would name NumPy's modules as the running NumPy calls them, which the original's does not know
(facts/files.md 1.1). So the counterpart of unpickle.py: protocol 3, plain containers, arrays, two enums.
"""

import struct

import numpy as np

from core.faces.face_type import FaceType, SampleType

_ENUMS: dict[type, bytes] = {FaceType: b"cfacelib.FaceType\nFaceType\n", SampleType: b"csamplelib.Sample\nSampleType\n"}
_RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR"
_KINDS = "biuf"


def pickled(value: object) -> bytes:
    """The pickle of `value`. TypeError for what face files never hold."""
    parts = [b"\x80\x03"]
    _put(value, parts)
    return b"".join([*parts, b"."])


def _put(value: object, parts: list[bytes]) -> None:
    match value:
        case None:
            parts.append(b"N")
        case bool():
            parts.append(b"\x88" if value else b"\x89")
        case FaceType() | SampleType():
            parts.append(_ENUMS[type(value)])
            _put(int(value), parts)
            parts.append(b"\x85R")
        case int():
            raw = value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "little", signed=True)
            parts.append(b"\x8a" + bytes([len(raw)]) + raw)
        case float():
            parts.append(b"G" + struct.pack(">d", value))
        case str():
            raw = value.encode("utf-8", "surrogatepass")
            parts.append(b"X" + struct.pack("<I", len(raw)) + raw)
        case bytes():
            parts.append(b"B" + struct.pack("<I", len(value)) + value)
        case np.ndarray() | np.generic():
            _put_numpy(value, parts)
        case list() | tuple() | dict():
            _put_container(value, parts)
        case _:
            raise TypeError(f"a face file holds no {type(value).__name__}")


def _put_container(value: list[object] | tuple[object, ...] | dict[object, object], parts: list[bytes]) -> None:
    begin, end = {list: (b"](", b"e"), tuple: (b"(", b"t"), dict: (b"}(", b"u")}[type(value)]
    parts.append(begin)
    for item in value:
        _put(item, parts)
        if isinstance(value, dict):
            _put(value[item], parts)
    parts.append(end)


def _put_numpy(value: np.ndarray | np.generic, parts: list[bytes]) -> None:
    """An array; a scalar becomes a plain number, which the original takes as well."""
    if value.dtype.kind not in _KINDS:
        raise TypeError(f"a face file holds no array of {value.dtype}")
    if isinstance(value, np.generic):
        _put(value.item(), parts)
        return
    content = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
    order = "|" if value.dtype.itemsize == 1 else "<"
    parts.append(_RECONSTRUCT)
    parts.append(b"(K\x01")
    _put(tuple(value.shape), parts)
    parts.append(b"cnumpy\ndtype\n")
    _put((f"{value.dtype.kind}{value.dtype.itemsize}", False, True), parts)
    parts.append(b"R")
    _put((3, order, None, None, None, -1, -1, 0), parts)
    parts.append(b"b\x89")
    _put(content.tobytes(), parts)
    parts.append(b"tb")
