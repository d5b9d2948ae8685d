"""Weight files of the PyTorch ports that keep the original's networks (facts/ports.md 2): NAME_SAEHD_encoder.pth.

Tensors have numbers and no names, in the original's order: `param_0`, `param_1`, ... in a zip of NumPy files (Caiji)
or in a pickle (older Caiji, my-bug). Kernels lie as in PyTorch. Of a pickle nobody can tell which port wrote it, and
my-bug reads the channels before depth-to-space in another order: so that has to be said.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np

from core.exchange.dictionary import BACKUP, MAX_FILE_BYTES, Array, array_of, read_dictionary
from core.nets.dfl_keys import OriginalTensor
from core.settings.error import ExchangeError

Port = Literal["", "caiji", "my-bug"]
PORTS: tuple[Port, ...] = ("caiji", "my-bug")

_NUMBERED = re.compile(r"param_(\d{1,4})")
_WIDENS = re.compile(r"(up|upscalem?)\d+/conv1/")       # layers whose channels become pixels


def read_port(path: Path, tensors: Iterable[OriginalTensor], port: Port) -> dict[str, Array]:
    """The tensors of one file as the original names and lays them out. Raises ExchangeError."""
    tensors = list(tensors)
    is_zip = zipfile.is_zipfile(path)
    arrays = from_zip(path) if is_zip else read_dictionary(path)
    if not is_zip and not port:
        raise ExchangeError(f"{path.name} does not say which port of the original wrote it",
                            hint=f"add --port {' or '.join(PORTS)}")
    if len(arrays) != len(tensors):
        raise ExchangeError(f"{path.name} holds {len(arrays)} tensors, a network of these options has {len(tensors)}",
                            hint="it is of another model, or the options are")
    if port == "my-bug" and any(tensor.key.startswith("out_conv1/") for tensor in tensors):
        raise ExchangeError(f"{path.name}: my-bug draws a network with letter d in another order of pixels at "
                            "out_conv, which no network here can draw", hint="it can go on in that port only")
    found = {}
    for number, tensor in enumerate(tensors):
        if f"param_{number}" not in arrays:
            raise ExchangeError(f"{path.name} lacks param_{number}, which is {tensor.key}", hint=BACKUP)
        array = array_of(path.name, f"param_{number}", arrays[f"param_{number}"])
        array = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
        found[tensor.key] = reordered(array) if port == "my-bug" and _WIDENS.match(tensor.key) else array
    return found


def reordered(array: Array) -> Array:
    """Channels 4 c + q, as `pixel_shuffle` takes them, as the original's q C + c."""
    return np.concatenate([array[..., quarter::4] for quarter in range(4)], -1)


def from_zip(path: Path) -> dict[str, object]:
    """`param_N.npy` of an archive, each read without pickles. Raises ExchangeError."""
    arrays: dict[str, object] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > min(MAX_FILE_BYTES, 4 * path.stat().st_size):
                raise ExchangeError(f"{path.name} unpacks to more than it can hold", hint=BACKUP)
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if not _NUMBERED.fullmatch(name):
                    raise ExchangeError(f"{path.name} holds {entry.filename!r:.60}: it is of a program whose networks "
                                        "are others", hint="only files of the original and its near ports are taken")
                arrays[name] = np.load(io.BytesIO(archive.read(entry)), allow_pickle=False)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise ExchangeError(f"{path.name} cannot be unpacked ({error})", hint=BACKUP) from error
    return arrays
