"""How the files were that a run was imported from: what a later export keeps so that nothing is lost on the way.

Lies in `origin/` of the run folder: layout.json, the preview batches, and files that we do not train (kept whole).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from core.exchange.data_file import Samples
from core.exchange.dictionary import Array, content
from core.settings.error import ExchangeError, StoreError
from core.store.disk import RealDisk, put, sync_folder
from core.store.tensor_file import decode, encode

LAYOUT, SAMPLES = "layout.json", "samples.safetensors"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One array of a file: its element type with byte order (<f4), and its shape there."""

    dtype: str
    shape: tuple[int, ...]


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files of an imported model.

    files: bare file name (encoder, src_dst_opt) -> key -> entry, in the file's order. options: as they were, unknown
    ones too. kept: files that lie beside this one, whole.
    """

    kind: str
    name: str
    iteration: int
    options: dict[str, Any]
    files: dict[str, dict[str, Entry]]
    kept: list[str]


def entries_of(arrays: Mapping[str, Array]) -> dict[str, Entry]:
    """What a layout says about the arrays of a file."""
    return {key: Entry(array.dtype.str, array.shape) for key, array in arrays.items()}


def write_layout(folder: Path, layout: Layout, samples: Samples | None, kept: Mapping[str, Path]) -> None:
    """Write `folder`, which is made. Raises StoreError."""
    disk = RealDisk()
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise StoreError(f"cannot make {folder} ({error.strerror})", hint="check the disk") from error
    put(disk, folder / LAYOUT, [msgspec.json.format(msgspec.json.encode(layout), indent=1) + b"\n"])
    if samples is not None:
        named = ((f"{i}.{j}", batch) for i, row in enumerate(samples) for j, batch in enumerate(row))
        put(disk, folder / SAMPLES, encode({name: np.ascontiguousarray(batch) for name, batch in named}))
    for name, path in kept.items():
        put(disk, folder / name, [content(path)])
    sync_folder(disk, folder)


def read_layout(folder: Path) -> Layout | None:
    """The layout of an imported run, None for any other. Raises ExchangeError where it is damaged."""
    path = folder / LAYOUT
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Layout)
    except (OSError, msgspec.MsgspecError) as error:
        raise ExchangeError(f"{path} cannot be read ({error})", hint="import the model again") from error


def read_samples(folder: Path) -> Samples | None:
    """The preview batches of an imported run. Raises StoreError."""
    path = folder / SAMPLES
    if not path.exists():
        return None
    arrays = decode(np.frombuffer(content(path), np.uint8), SAMPLES)
    rows: Samples = [[] for _ in {name.partition(".")[0] for name in arrays}]
    for name in sorted(arrays):
        rows[int(name.partition(".")[0])].append(arrays[name])
    return rows
