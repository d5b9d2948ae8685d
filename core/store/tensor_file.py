"""Named arrays as one safetensors file, and back. The bytes are a pure function of names, types and values.

The format is public (8 bytes header length, JSON header, data); written here because the file's pieces can then be
hashed and written without a second copy of the tensors. Files are checked before anything in them is used.

Moments that an old generation does not keep any more are a file of ours that names the tensors only: all are zero.
"""

import math
import struct
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from core.settings.error import StoreError

Array = npt.NDArray[Any]

MAX_HEADER_BYTES = 16 * 1024 * 1024  # a block has tens of tensors of about 100 bytes each
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U8": "|u1",
          "BOOL": "|b1"}
ZEROS = b'{"zeros":'  # read as a header's length, these bytes are far beyond MAX_HEADER_BYTES: never a safetensors file
MAX_ZEROS_BYTES = 1 << 36    # moments of the largest network that a generation can hold
NAMES = {np.dtype(code): name for name, code in DTYPES.items()}


class Entry(msgspec.Struct):
    """One tensor in the header; offsets count from the end of the header."""

    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


class Zeros(msgspec.Struct, forbid_unknown_fields=True):
    """What a file of zeros says: type and shape of each tensor."""

    zeros: dict[str, tuple[str, list[int]]]


header_decoder = msgspec.json.Decoder(dict[str, Entry])
zeros_decoder = msgspec.json.Decoder(Zeros)


def encode(tensors: Mapping[str, Array]) -> list[bytes | memoryview]:
    """The file as pieces, the data of each tensor without a copy where it is contiguous.

    Wide types come first, so that all data is aligned; then by name. Raises TypeError for a type not in DTYPES.
    """
    header: dict[str, Entry] = {}
    data: list[bytes | memoryview] = []
    end = 0
    for name in sorted(tensors, key=lambda n: (-tensors[n].itemsize, n)):
        array = np.asarray(tensors[name], order="C")
        if array.dtype not in NAMES:
            raise TypeError(f"tensor {name} has type {array.dtype}, which a generation cannot hold")
        header[name] = Entry(NAMES[array.dtype], list(array.shape), (end, end + array.nbytes))
        data.append(array.reshape(-1).view(np.uint8).data)
        end += array.nbytes
    text = msgspec.json.encode(header)
    text += b" " * (-len(text) % 8)
    return [struct.pack("<Q", len(text)) + text, *data]


def decode(data: npt.NDArray[np.uint8], name: str) -> dict[str, Array]:
    """The tensors of a file that was read whole; views into `data`. Raises StoreError naming `name`."""
    try:
        if data[:len(ZEROS)].tobytes() == ZEROS:
            return decode_zeros(data.tobytes())
        header, start = read_header(data)
        end = 0
        tensors: dict[str, Array] = {}
        for key, entry in sorted(header.items(), key=lambda item: item[1].data_offsets):
            first, last = entry.data_offsets
            dtype = np.dtype(DTYPES[entry.dtype])
            count = int(np.prod(entry.shape, dtype=np.int64)) if entry.shape else 1
            if first != end or min(entry.shape, default=0) < 0 or last - first != count * dtype.itemsize:
                raise ValueError(f"tensor {key} does not lie where it should")
            tensors[key] = data[start + first:start + last].view(dtype).reshape(entry.shape)
            end = last
        if start + end != len(data):
            raise ValueError("its size does not fit its header")
    except (ValueError, KeyError, struct.error, msgspec.MsgspecError) as error:
        raise StoreError(f"{name} is not a file of tensors ({error})", hint="use an older generation") from error
    return tensors


def encode_zeros(header: Mapping[str, Entry]) -> bytes:
    """A file that stands for tensors as in `header`, all zero; a pure function of names, types and shapes."""
    return msgspec.json.encode(Zeros({name: (header[name].dtype, header[name].shape) for name in sorted(header)}))


def decode_zeros(data: bytes) -> dict[str, Array]:
    """The tensors of a file of zeros. Raises ValueError, KeyError or MsgspecError where it is none."""
    named = zeros_decoder.decode(data).zeros
    sizes = [np.dtype(DTYPES[dtype]).itemsize * math.prod(shape) for dtype, shape in named.values()]
    if any(min(shape, default=0) < 0 for _, shape in named.values()) or sum(sizes) > MAX_ZEROS_BYTES:
        raise ValueError("it names tensors that nothing has")
    return {name: np.zeros(shape, DTYPES[dtype]) for name, (dtype, shape) in named.items()}


def read_header(data: npt.NDArray[np.uint8]) -> tuple[dict[str, Entry], int]:
    """Header, and where the data begins."""
    (length,) = struct.unpack("<Q", data[:8].tobytes())
    if length > min(MAX_HEADER_BYTES, len(data) - 8):
        raise ValueError("its header is longer than the file")
    return header_decoder.decode(data[8:8 + length].tobytes()), 8 + length
