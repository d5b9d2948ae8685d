"""The first weights of a new network: Glorot uniform, biases 0 (facts/networks.md 1.8)."""

import hashlib
import math

import numpy as np
import torch
from torch import nn

from core.nets.layer import Residue, ResponseNorm, Threshold
from core.nets.network import Blocked


@torch.no_grad()
def initialise(network: Blocked, seed: int) -> None:
    """Give every tensor its first values.

    Each is drawn from its own generator, keyed by the seed and its name: a tensor keeps its values when others are
    added, left out or reordered.
    """
    for block, module in network.named_blocks():
        begin(block, module, seed)


@torch.no_grad()
def begin(name: str, block: nn.Module, seed: int) -> None:
    """Give one block its first values."""
    set_constants(block)
    if isinstance(block, Residue):
        block.conv.weight.zero_()   # the only one of its octave: two in series would never move
        return
    draw_kernels(block, seed, name)


def set_constants(block: nn.Module) -> None:
    """Biases 0; what normalises and cuts has values of its own."""
    for module in block.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.dim() == 1:
                parameter.fill_(module.FIRST[name] if isinstance(module, ResponseNorm | Threshold) else 0)


def draw_kernels(block: nn.Module, seed: int, name: str) -> None:
    """Glorot uniform: U(-r, r) with r = sqrt(6 / (fan in + fan out))."""
    for inner, parameter in block.named_parameters(name):
        if parameter.dim() == 1:
            continue
        field = parameter[0, 0].numel()  # pixels of a kernel; 1 for a dense layer
        reach = math.sqrt(6 / (field * (parameter.shape[0] + parameter.shape[1])))
        unit = generator(seed, inner).random(parameter.shape, dtype=np.float32)
        parameter.copy_(torch.from_numpy(unit).mul_(2 * reach).sub_(reach))


def generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers that depend on the seed and this name only."""
    key = np.frombuffer(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:16], dtype="<u8")
    return np.random.Generator(np.random.Philox(key=key))
