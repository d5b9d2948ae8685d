"""Writes pickles that the original reads: protocol 4, NumPy's old module names (facts/files.md 1).

The few instructions that data needs, written here: Python's pickler spells `numpy._core` under NumPy 2, which the
original's NumPy does not know. Arrays go out as views, so that a file costs no copy of its weights.
"""

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

PROTOCOL = b"\x80\x04"
MARK, STOP, REDUCE, BUILD = b"(", b".", b"R", b"b"
PIECE_BYTES = 1 << 20

Bytes = bytes | memoryview


def pickled(value: object) -> list[Bytes]:
    """The file as pieces. Raises TypeError for what is no plain value, container or array."""
    writer = Writer()
    writer.out += PROTOCOL
    writer.put(value)
    writer.out += STOP
    return writer.finished()


class Writer:
    """Collects instructions; content of arrays stays where it is."""

    def __init__(self) -> None:
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
                self.put(value.item())
            case None | bool():
                self.out += {None: b"N", True: b"\x88", False: b"\x89"}[value]
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
                raise TypeError(f"a {type(value).__name__} cannot be written for the original")

    def whole(self, value: int) -> None:
        """A whole number, as Python's own pickler writes it."""
        if 0 <= value < 256:
            self.out += b"K" + struct.pack("<B", value)
        elif -(2**31) <= value < 2**31:
            self.out += b"J" + struct.pack("<i", value)
        else:
            raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            self.out += b"\x8a" + struct.pack("<B", len(raw)) + raw

    def text(self, value: str) -> None:
        """A text."""
        raw = value.encode("utf-8", "surrogatepass")
        short = len(raw) < 256
        self.out += (b"\x8c" + struct.pack("<B", len(raw)) if short else b"X" + struct.pack("<I", len(raw))) + raw

    def name(self, module: str, name: str) -> None:
        """Something of NumPy, by name."""
        self.text(module)
        self.text(name)
        self.out += b"\x93"

    def array(self, value: NDArray[Any]) -> None:
        """An array in C order; one without dimensions as a scalar, which is what the original writes."""
        content = np.ascontiguousarray(value)
        raw = content.reshape(-1).view(np.uint8).data
        if value.ndim == 0:
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
        self.out += b"\x89\x8e" + struct.pack("<Q", len(raw))
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
