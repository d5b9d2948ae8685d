"""The first preview of an imported run: the model's own fixed faces, drawn by its own weights."""

from collections.abc import Mapping

import numpy as np
import torch

from core.exchange.data_file import ModelData
from core.exchange.dictionary import Array
from core.nets.block_state import load_weights
from core.nets.family import make_network
from core.nets.network import morphs_of
from core.nets.picture import pictures
from core.settings.kind import Value
from core.store.folder import RunFolder
from core.store.generation import BlockContent
from core.store.preview import PreviewStore
from core.train.preview import COLUMNS, Fixed, tiles

ROWS = 4
TARGET = 1          # of a generator's batches: warped, target, mask, eyes and mouth


def draw_first_preview(run: RunFolder, settings: Mapping[str, Value], blocks: Mapping[str, BlockContent],
                       data: ModelData) -> None:
    """Draw and keep a preview, where the model came with faces of its own size. Raises StoreError."""
    if data.samples is None or len(data.samples) != 2 or min(map(len, data.samples)) <= TARGET:
        return
    side = int(settings["resolution"])
    src, dst = (channels_first(batches[TARGET])[:ROWS] for batches in data.samples)
    if src.shape[1:] != (3, side, side) or dst.shape[1:] != (3, side, side):
        return
    rows = min(len(src), len(dst))
    network = make_network(settings)
    for block in network.blocks:
        load_weights(network, block.name, dict(blocks[block.name].weights))
    src_faces, dst_faces = (torch.from_numpy(np.array(faces[:rows], np.float32)).clamp(0, 1) for faces in (src, dst))
    fixed = Fixed(src_faces, dst_faces, [f"{number} | {number}" for number in range(1, rows + 1)])
    drawn = pictures(network, fixed.src, fixed.dst, morphs=morphs_of(settings))
    PreviewStore(run).write(data.iteration, 0, tiles(fixed, drawn), list(COLUMNS), fixed.names)


def channels_first(batch: Array) -> Array:
    """(n, 3, R, R) of a batch in either layout: without a GPU the original keeps channels last."""
    return batch.transpose(0, 3, 1, 2) if batch.shape[-1] == 3 and batch.shape[1] != 3 else batch
