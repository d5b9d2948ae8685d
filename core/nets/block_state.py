"""A block's weights as NumPy arrays, and back: what a generation stores."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.nets.network import Blocked
from core.settings.error import NetworkError

Arrays = dict[str, NDArray[np.generic]]


def weights_of(network: Blocked, block: str) -> Arrays:
    """Copies of a block's tensors, in C order: the network may train on while they are written."""
    return {name: array_of(parameter) for name, parameter in network.parameters_of(block).items()}


@torch.no_grad()
def load_weights(network: Blocked, block: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Set a block's tensors. Raises NetworkError, and sets none, where names, shapes or types differ."""
    parameters = network.parameters_of(block)
    check_fit(block, {name: parameter.detach() for name, parameter in parameters.items()}, arrays)
    for name, parameter in parameters.items():
        parameter.copy_(torch.tensor(arrays[name]))  # a copy: stored arrays are read-only, which from_numpy minds


def array_of(tensor: Tensor) -> NDArray[np.generic]:
    """A copy of a tensor, in C order whatever its layout."""
    copy = torch.empty(tensor.shape, dtype=tensor.dtype)
    return copy.copy_(tensor.detach()).numpy()


def check_fit(block: str, tensors: Mapping[str, Tensor], arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Raise NetworkError unless `arrays` can be copied into `tensors` name by name."""
    missing, extra = sorted(tensors.keys() - arrays.keys()), sorted(arrays.keys() - tensors.keys())
    if missing or extra:
        what = f"lacks {', '.join(missing)}" if missing else f"holds {', '.join(extra)}, which the network lacks"
        raise NetworkError(f"what is stored of block {block} {what}", hint="it belongs to another network")
    for name, tensor in tensors.items():
        kind = str(tensor.dtype).removeprefix("torch.")
        if arrays[name].shape != tuple(tensor.shape) or str(arrays[name].dtype) != kind:
            stored = f"{arrays[name].dtype} {arrays[name].shape}"
            raise NetworkError(
                f"{name} of block {block} is {stored} where it is stored, and {kind} {tuple(tensor.shape)} here",
                hint="it belongs to another network",
            )
