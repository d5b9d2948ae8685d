"""The made-up weights and inputs of facts/networks.md 12: every number follows from its place and a tensor's name."""

import numpy as np
import torch

from core.nets.dfl_keys import from_original, original_tensors


def mixed(count, s):
    """h(j, s), j = 0..count-1."""
    a = (np.arange(count, dtype=np.uint64) * 2654435761 + 40503 * s) & 0xFFFFFFFF
    a ^= a >> 16
    a = (a * 2246822519) & 0xFFFFFFFF
    a ^= a >> 13
    return a / 2.0**32


def values_of(tensor):
    """A tensor's values, in the original's layout."""
    n = int(np.prod(tensor.shape))
    u = 2 * mixed(n, sum(map(ord, tensor.variable))) - 1
    if tensor.key.endswith("frn/weight:0"):
        values = 1 + 0.05 * u
    elif tensor.key.endswith("frn/eps:0"):
        values = np.full(n, 1e-6)
    else:
        values = u * (0.05 if len(tensor.shape) == 1 else np.sqrt(6 / (n / tensor.shape[-1])))
    return values.astype(np.float32).reshape(tensor.shape)


def fill(network):
    """Give a network or judge these weights."""
    with torch.no_grad():
        for tensor in original_tensors(network):
            array = from_original(values_of(tensor), tensor)
            network.parameters_of(tensor.block)[tensor.name].copy_(torch.tensor(array))


def made_up(side, channels=3):
    """The input, (1, channels, side, side)."""
    values = mixed(side * side * channels, 1).astype(np.float32).reshape(1, side, side, channels)
    return torch.from_numpy(values).permute(0, 3, 1, 2).contiguous()


def seen(map_):
    """Mean, deviation and the four pixels by which the facts tell a map (1, c, h, w)."""
    m = map_[0].permute(1, 2, 0).detach()
    h, w = m.shape[:2]
    found = (m.mean(), m.std(correction=0), m[0, 0, 0], m[1, 0, 0], m[h // 2, w // 3, -1], m[-1, -2, -1])
    return np.array([float(x) for x in found])
