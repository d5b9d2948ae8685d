"""The first weights of a new network: Glorot uniform, biases 0 (facts/networks.md 1.8)."""

import hashlib
import math

import numpy as np
import torch
from torch import nn


@torch.no_grad()
def initialise(network: nn.Module, seed: int) -> None:
    """Give every tensor its first values.

    Each is drawn from its own generator, keyed by the seed and its name: a tensor keeps its values when others are
    added, left out or reordered.
    """
    for name, parameter in network.named_parameters():
        if parameter.dim() == 1:
            parameter.zero_()
            continue
        field = parameter[0, 0].numel()  # pixels of a kernel; 1 for a dense layer
        reach = math.sqrt(6 / (field * (parameter.shape[0] + parameter.shape[1])))
        unit = generator(seed, name).random(parameter.shape, dtype=np.float32)
        parameter.copy_(torch.from_numpy(unit).mul_(2 * reach).sub_(reach))


def generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers that depend on the seed and this name only."""
    key = np.frombuffer(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:16], dtype="<u8")
    return np.random.Generator(np.random.Philox(key=key))
