"""A run's weights as one safetensors file under our own names, with settings and lineage in its metadata."""

from pathlib import Path

import msgspec
from safetensors.numpy import save

from core.exchange.dfl_folder import Content
from core.exchange.lineage import METADATA, as_text
from core.settings.error import StoreError
from core.store.disk import RealDisk, put, sync_folder

SETTINGS = "dfl-tui.settings"


def write_tensors(path: Path, what: Content) -> None:
    """Write every tensor as BLOCK.NAME (encoder.down1.conv.weight), float32, (out, in, height, width). StoreError."""
    tensors = {f"{block}.{name}": array for block, content in what.blocks.items()
               for name, array in content.weights.items()}
    metadata = {"format": "dfl-tui", METADATA: as_text(what.lineage),
                SETTINGS: msgspec.json.encode(dict(what.settings)).decode()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {path.parent} ({error.strerror})", hint="choose another --out") from error
    put(RealDisk(), path, [save(tensors, metadata)])
    sync_folder(RealDisk(), path.parent)
