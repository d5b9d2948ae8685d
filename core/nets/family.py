"""From settings to a network: the one place that knows all families."""

from collections.abc import Mapping

import torch

from core.nets.amp import AmpNetwork
from core.nets.block import placed
from core.nets.network import FaceNetwork
from core.nets.saehd import SaehdNetwork
from core.nets.shape import shape_of
from core.settings.growth import octaves_of
from core.settings.kind import Value


def make_network(settings: Mapping[str, Value]) -> FaceNetwork:
    """The network of these settings, on the CPU, its weights not set yet. Raises NetworkError."""
    with torch.device("meta"):  # torch's own first weights would be thrown away, and cost seconds for large networks
        network = outline(settings)
    return placed(network)


def outline(settings: Mapping[str, Value]) -> SaehdNetwork | AmpNetwork:
    """The network, built on the present device. Under `torch.device("meta")` it knows shapes and needs no memory."""
    shape = shape_of(settings)
    network: SaehdNetwork | AmpNetwork = SaehdNetwork(shape) if not shape.is_amp else AmpNetwork(
        shape, "bernoulli" if settings["model"] == "amp_legacy" else "exact")
    network.grow(octaves_of(settings))
    return network
