"""Writes pickles that the original reads: the few instructions that data needs, under NumPy's old module names.

Python's own pickler would name NumPy's modules as the running NumPy calls them, which the original's does not know
(facts/files.md 1.1). So the counterpart of unpickle.py: plain containers, arrays, two enums. Protocol 3 for faces,
which the oldest DeepFaceLab reads, 4 for models, whose arrays may be larger than 4 GB.
"""

import struct
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.faces.face_type import FaceType, SampleType

Protocol = Literal[3, 4]
Bytes = bytes | memoryview

PIECE_BYTES = 1 << 20
MARK, STOP, REDUCE, BUILD = b"(", b".", b"R", b"b"
NUMBERS = "biufc"       # element types whose bytes say everything; those of objects are addresses
ENUMS = {FaceType: ("facelib.FaceType", "FaceType"), SampleType: ("samplelib.Sample", "SampleType")}


def pickled(value: object, protocol: Protocol) -> bytes:
    """The pickle of `value`. Raises TypeError for what is no plain value, container or array."""
    return b"".join(pieces(value, protocol))


def pieces(value: object, protocol: Protocol) -> list[Bytes]:
    """The same in pieces; contents of arrays are views, so that a file costs no copy of its weights."""
    writer = Writer(protocol)
    writer.out += b"\x80" + bytes([protocol])
    writer.put(value)
    writer.out += STOP
    return writer.finished()


class Writer:
    """Collects instructions; content of arrays stays where it is."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.pieces: list[Bytes] = []
        self.out = bytearray()

    def finished(self) -> list[Bytes]:
        """Everything that was put."""
        self.flush()
        return self.pieces

    def flush(self) -> None:
        """End the present piece."""
        if self.out:
            self.pieces.append(bytes(self.out))
            self.out = bytearray()

    def put(self, value: object) -> None:
        """Write one value and what it holds."""
        match value:
            case np.ndarray():
                self.array(value)
            case np.generic():
                self.put(value.item())  # a plain number, which the original takes as well
            case None | bool():
                self.out += {None: b"N", True: b"\x88", False: b"\x89"}[value]
            case FaceType() | SampleType():
                self.name(*ENUMS[type(value)])
                self.whole(int(value))
                self.out += b"\x85" + REDUCE
            case int():
                self.whole(value)
            case float():
                self.out += b"G" + struct.pack(">d", value)
            case str():
                self.text(value)
            case bytes():
                self.out += b"B" + struct.pack("<I", len(value)) + value
            case _:
                self.container(value)
        if len(self.out) > PIECE_BYTES:
            self.flush()

    def container(self, value: object) -> None:
        """A dictionary, list or tuple."""
        match value:
            case Mapping():
                self.out += b"}" + MARK
                for key, held in value.items():
                    self.put(key)
                    self.put(held)
                self.out += b"u"
            case list():
                self.out += b"]" + MARK
                for held in value:
                    self.put(held)
                self.out += b"e"
            case tuple():
                self.out += MARK
                for held in value:
                    self.put(held)
                self.out += b"t"
            case _:
                raise TypeError(f"holds a {type(value).__name__}, which files of the original never do")

    def whole(self, value: int) -> None:
        """A whole number. In protocol 3 one form for all sizes, in 4 short ones for small numbers."""
        if self.protocol == 4 and 0 <= value < 256:
            self.out += b"K" + struct.pack("<B", value)
        elif self.protocol == 4 and -(2**31) <= value < 2**31:
            self.out += b"J" + struct.pack("<i", value)
        else:
            raw = value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "little", signed=True)
            self.out += b"\x8a" + struct.pack("<B", len(raw)) + raw

    def text(self, value: str) -> None:
        """A text."""
        raw = value.encode("utf-8", "surrogatepass")
        is_short = self.protocol == 4 and len(raw) < 256
        self.out += (b"\x8c" + struct.pack("<B", len(raw)) if is_short else b"X" + struct.pack("<I", len(raw))) + raw

    def name(self, module: str, name: str) -> None:
        """Something of the original's or of NumPy's, by name."""
        if self.protocol == 3:
            self.out += f"c{module}\n{name}\n".encode()
            return
        self.text(module)
        self.text(name)
        self.out += b"\x93"

    def array(self, value: NDArray[Any]) -> None:
        """An array in C order; in a model one without dimensions is a scalar, which is what the original writes."""
        if value.dtype.kind not in NUMBERS:
            raise TypeError(f"holds an array of {value.dtype}, which files of the original never do")
        content = np.ascontiguousarray(value)
        raw = content.reshape(-1).view(np.uint8).data
        if value.ndim == 0 and self.protocol == 4:
            self.name("numpy.core.multiarray", "scalar")
            self.dtype(value.dtype)
            self.out += b"C" + struct.pack("<B", len(raw)) + bytes(raw) + b"\x86" + REDUCE
            return
        self.name("numpy.core.multiarray", "_reconstruct")
        self.name("numpy", "ndarray")
        self.put((0,))
        self.out += b"C\x01b\x87" + REDUCE + MARK + b"K\x01"
        self.put(tuple(int(n) for n in value.shape))
        self.dtype(value.dtype)
        # the length in 8 bytes came with protocol 4
        length = b"B" + struct.pack("<I", len(raw)) if self.protocol == 3 else b"\x8e" + struct.pack("<Q", len(raw))
        self.out += b"\x89" + length
        self.flush()
        self.pieces.append(raw)
        self.out += b"t" + BUILD

    def dtype(self, dtype: np.dtype[Any]) -> None:
        """An element type with its byte order."""
        code = dtype.str
        self.name("numpy", "dtype")
        self.text(code[1:])
        self.out += b"\x89\x88\x87" + REDUCE + MARK + b"K\x03"
        self.text(code[0])
        self.out += b"NNN" + 2 * (b"J" + struct.pack("<i", -1)) + b"K\x00t" + BUILD
