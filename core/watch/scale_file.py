"""The scale of a run in its folder: one file of named arrays, written once, whole or not at all.

Its bytes are a pure function of the scale, so its hash names the scale in events and detectors' state.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.settings.error import StoreError
from core.store.disk import Disk, RealDisk, trouble
from core.store.tensor_file import decode, encode
from core.watch.scale import Scale

FILE = "scale.tensors"
TEXTS = ("measure", "described_by", "references", "probes", "trouble")


def packed(scale: Scale) -> bytes:
    """The file of a scale."""
    texts = json.dumps({name: getattr(scale, name) for name in TEXTS}, sort_keys=True).encode()
    arrays: dict[str, NDArray[Any]] = {
        "features": scale.features, "nearest": scale.nearest, "floor": scale.floor, "yaw": scale.yaw,
        "ceiling": np.array([scale.ceiling]), "texts": np.frombuffer(texts, np.uint8)}
    return b"".join(bytes(piece) for piece in encode(arrays))


def unpacked(data: bytes, name: str) -> Scale:
    """The scale in a file. Raises StoreError naming `name`."""
    arrays = decode(np.frombuffer(data, np.uint8), name)
    try:
        texts = json.loads(arrays["texts"].tobytes())
        return Scale(texts["measure"], texts["described_by"], tuple(texts["references"]), tuple(texts["probes"]),
                     arrays["features"], arrays["nearest"], arrays["floor"], float(arrays["ceiling"][0]), arrays["yaw"],
                     texts["trouble"])
    except (KeyError, ValueError, IndexError) as error:
        raise StoreError(f"{name} is not a scale of likeness ({error})", hint="it is made again") from error


def hash_of(scale: Scale) -> str:
    """The scale's name in events."""
    return hashlib.sha256(packed(scale)).hexdigest()[:16]


def keep(folder: Path, scale: Scale, disk: Disk | None = None) -> None:
    """Write the scale into `folder`, durably. Raises StoreError; then what was there stands."""
    disk = disk or RealDisk()
    path, fresh = folder / FILE, folder / f".{FILE}"
    try:
        fd = disk.create(fresh)
        try:
            disk.write(fd, packed(scale), 0)
            disk.sync(fd)
        finally:
            disk.close(fd)
        disk.rename(fresh, path)
        disk.sync_folder(folder)
    except OSError as error:
        raise trouble(error, "write", path) from error


def kept(folder: Path) -> Scale | None:
    """The scale of that folder, None where there is none that is sound: then it is made again, and comes out equal."""
    path = folder / FILE
    try:
        return unpacked(path.read_bytes(), str(path))
    except (OSError, StoreError):
        return None
