"""The original's pickled dictionaries (weights, optimizer, data), read without Python's unpickler (facts/files.md 8).

A file is read whole or refused with a sentence that names it, and the key where one is to blame.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.faces.unpickle import PickleError, unpickle
from core.settings.error import ExchangeError

Array = NDArray[Any]

MAX_FILE_BYTES = 16 * 1024**3   # weights and both moments of 1.4 billion parameters; a pickle is read into memory whole
FOREIGN = {b"PK": "an archive, as PyTorch writes", b"\x93NUMPY": "a plain NumPy file", b"{": "JSON"}
BACKUP = "take it from a backup of the model"


def read_dictionary(path: Path) -> dict[str, object]:
    """The dictionary in a file; its keys are texts. Raises ExchangeError."""
    payload = content(path)
    for start, what in FOREIGN.items():
        if payload.startswith(start):
            raise ExchangeError(f"{path.name} is {what}, and not a file of the original", hint=BACKUP)
    try:
        value = unpickle(payload, max_values=len(payload), max_array_bytes=len(payload))
    except PickleError as error:
        raise ExchangeError(f"{path.name} {error}", hint=BACKUP) from error
    if not isinstance(value, dict):
        raise ExchangeError(f"{path.name} holds no dictionary", hint=BACKUP)
    for key in value:
        if not isinstance(key, str):
            raise ExchangeError(f"{path.name} has a key {key!r:.60} that is no name", hint=BACKUP)
    return value


def content(path: Path) -> bytes:
    """The bytes of a file, which is there, has some, and not too many. Raises ExchangeError."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ExchangeError(f"{path.name} has {size:,} bytes, at most {MAX_FILE_BYTES:,} are read")
        payload = path.read_bytes()
    except FileNotFoundError as error:
        raise ExchangeError(f"{path.name} is missing in {path.parent}", hint=BACKUP) from error
    except OSError as error:
        raise ExchangeError(f"{path.name} cannot be read ({error.strerror})", hint="check its rights") from error
    if not payload.strip(b"\0"):
        raise ExchangeError(f"{path.name} is {'full of zeros' if payload else 'empty'}", hint=BACKUP)
    return payload


def read_arrays(path: Path) -> dict[str, Array]:
    """The arrays in a weight or optimizer file, in the file's order. Raises ExchangeError."""
    return {key: array_of(path.name, key, value) for key, value in read_dictionary(path).items()}


def array_of(file: str, key: str, value: object) -> Array:
    """One value of such a file: an array of half or single floats that are finite, or a whole number (a counter)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return np.asarray(value, np.int64)
    if not isinstance(value, np.ndarray):
        raise ExchangeError(f"{file} holds at {key} no array", hint=BACKUP)
    if value.shape == () and value.dtype.kind in "iu":
        return np.asarray(value, np.int64)
    if value.dtype.kind != "f" or value.dtype.itemsize > 4:
        raise ExchangeError(f"{file} holds at {key} numbers of type {value.dtype}", hint="float32 or float16 are taken")
    if not np.isfinite(value).all():
        raise ExchangeError(f"{file} holds at {key} numbers that are not finite", hint=BACKUP)
    return value
