"""Runs an exported graph in onnxruntime beside our own network."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from core.exchange.dfm import CELEB, CELEB_MASK, FACE_MASK
from core.nets.block_state import load_weights
from core.nets.family import make_network
from core.nets.network import FaceNetwork
from core.settings.kind import Value
from core.store.generation import BlockContent

MORPHS = (0.0, 0.5, 1.0)        # AMP is compared at these; others have no morph


def largest_deviation(data: bytes, settings: Mapping[str, Value], blocks: Mapping[str, BlockContent],
                      iteration: int = 0) -> float | None:
    """How far the graph's pictures are from the network's on a face of random pixels; None without onnxruntime.

    iteration: of the save, which decides how smoothly a grown network enlarges.
    """
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    network = make_network(settings)
    network.stand_at(iteration, int(settings["growth_ramp"]))
    for block in network.blocks:
        load_weights(network, block.name, dict(blocks[block.name].weights))
    side = int(settings["resolution"])
    face = np.random.default_rng(0).random((1, side, side, 3), np.float32)
    return max(gap for morph in morphs(session) for gap in gaps(session, network, face, morph))


def morphs(session: Any) -> tuple[float, ...]:
    """The morphs to compare: one where the graph takes none."""
    return MORPHS if len(session.get_inputs()) > 1 else (1.0,)


def gaps(session: Any, network: FaceNetwork, face: Any, morph: float) -> Iterator[float]:
    """Largest deviation of each output."""
    inputs = [value.name for value in session.get_inputs()]
    feed = dict(zip(inputs, (face, np.array([morph], np.float32)), strict=False))
    found = dict(zip((value.name.removesuffix(":0") for value in session.get_outputs()), session.run(None, feed),
                     strict=True))
    picture = torch.from_numpy(face).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        features = network.encode(picture)
        _, mask = network.draw_dst(network.dst_code(features))
        swap, swap_mask = network.draw_src(network.src_code(features, morph))
    for name, ours in ((FACE_MASK, mask), (CELEB, swap), (CELEB_MASK, swap_mask)):
        yield float(np.abs(ours.permute(0, 2, 3, 1).numpy() - found[name]).max())
