"""Weights, optimizer state and options as the original program keeps them, read without Python's unpickler.

Knows the files of a recorded case (zips of `encoder.npy`, ...) and of a model folder (facts/files.md 8).
"""

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from core.faces.unpickle import unpickle
from core.nets.dfl_keys import OriginalTensor, original_tensors, to_original
from core.nets.network import Blocked
from core.train.optim import Optimizer

MAX_VALUES = 1_000_000      # a loss history of 300,000 iterations has about as many
PREFIXES = {"m": "ms_", "s": "vs_", "a": "acc_"}

Weights = dict[str, dict[str, np.ndarray]]      # file -> key -> array


def read_dictionary(payload: bytes) -> dict:
    """One pickled dictionary."""
    value = unpickle(payload, max_values=MAX_VALUES)
    assert isinstance(value, dict)
    return value


def weights_from_zips(paths: Iterable[Path]) -> Weights:
    """Every network in the zips, by its file's name without .npy."""
    found: Weights = {}
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                found[name.removesuffix(".npy")] = read_dictionary(archive.read(name))
    return found


def weights_from_recipe(tensors: Iterable[OriginalTensor], seed: int) -> Weights:
    """The made-up weights of the recorded cases, drawn again as their README says: multiples of 1/512."""
    draws = np.random.RandomState(seed)
    found: Weights = {}
    for tensor in tensors:
        shape = tensor.shape
        if len(shape) == 1:
            values = draws.uniform(-0.1, 0.1, shape)
        else:
            field = int(np.prod(shape[:-2]))
            values = draws.uniform(-1, 1, shape) * np.sqrt(6 / (field * (shape[-2] + shape[-1]))) * 1.25
        found.setdefault(tensor.file, {})[tensor.key] = (np.round(values * 512) / 512).astype(np.float32)
    return found


def state_as_original(network: Blocked, optimizer: Optimizer, gan_prefix: str = "D_src") -> dict[str, np.ndarray]:
    """Moments by the original's key; `iters:0` is the counter of the block that was trained most."""
    found: dict[str, np.ndarray] = {}
    for block, names in slots_by_block(network, optimizer, gan_prefix).items():
        arrays = optimizer.state_of(block)
        found |= {key: to_original(arrays[name], tensor) for name, (key, tensor) in names.items()}
    most = max(optimizer.counter_of(block.name) for block in network.blocks)
    return found | {"iters:0": np.array(most, np.int64)}


def weights_as_original(network: Blocked, *, gradients: bool = False,
                        gan_prefix: str = "D_src") -> dict[str, np.ndarray]:
    """Weights, or gradients where there are any, by the original's variable name."""
    found = {}
    for tensor in original_tensors(network, gan_prefix=gan_prefix):
        parameter = network.parameters_of(tensor.block)[tensor.name]
        value = parameter.grad if gradients else parameter.detach()
        if value is not None:
            found[tensor.variable] = to_original(value.numpy(), tensor)
    return found


def slots_by_block(network: Blocked, optimizer: Optimizer,
                   gan_prefix: str = "D_src") -> dict[str, dict[str, tuple[str, OriginalTensor]]]:
    """block -> our name of a moment -> (the original's key, its tensor)."""
    found: dict[str, dict[str, tuple[str, OriginalTensor]]] = {}
    for tensor in original_tensors(network, gan_prefix=gan_prefix):
        for slot in optimizer.rule.slots:
            key = PREFIXES[slot] + tensor.variable.replace(":0", "_0") + ":0"
            found.setdefault(tensor.block, {})[f"{tensor.name}.{slot}"] = (key, tensor)
    return found


def config_of(recorded: Mapping[str, np.ndarray]) -> dict:
    """The JSON that a recorded case carries."""
    return json.loads(recorded["config"].item())
