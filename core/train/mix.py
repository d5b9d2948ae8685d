"""Which channels of a src face's code come from inter_src, in one step of AMP (facts/losses.md 5 and 7).

Drawn for each place in the batch from a stream of its own: a resumed run draws the same, and so does a batch of another
size for the places that both have.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.nets.network import FaceNetwork, Mixing
from core.samples.stream import Address, Draws, Stream
from core.settings.kind import Value
from core.train.lrd import LrdStream

# The original compares float16 numbers, which have this many steps: the real share of 0.3 is 308 / 1024.
STEPS = 1024


def draw_mix(
    network: FaceNetwork, settings: Mapping[str, Value], stream: LrdStream, iteration: int, places: int
) -> Tensor | None:
    """The mix of a step's batch of `places` faces, (places, inter channels, 1, 1) of 0 and 1, on the network's device.

    None for a network that mixes nothing. iteration: completed iterations before the step.
    """
    if not network.mixing:
        return None
    draws, share = Draws(), float(settings["morph_factor"])
    rows = [row_of(draws, Address(stream.seed, Stream.MORPH, stream.life, iteration, place), network, share)
            for place in range(places)]
    device = next(network.parameters()).device
    return torch.from_numpy(np.stack(rows)).to(device)[:, :, None, None]


def row_of(draws: Draws, address: Address, network: FaceNetwork, share: float) -> NDArray[np.float32]:
    """One face's choice, (channels,), 1 = from inter_src."""
    words = draws.raw(address, network.shape.inter_channels)
    return chosen(words, share, network.mixing)


def chosen(words: NDArray[np.uint64], share: float, mixing: Mixing) -> NDArray[np.float32]:
    """exact: int(channels * share) of them, any set as likely as any other. bernoulli: each with that probability."""
    if mixing == "bernoulli":
        return (words // np.uint64(2**64 // STEPS) < np.uint64(np.ceil(share * STEPS))).astype(np.float32)
    row = np.zeros(len(words), np.float32)
    row[np.argsort(words, kind="stable")[: int(len(words) * share)]] = 1
    return row
