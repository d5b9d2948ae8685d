"""How DeepFaceLab names and lays out the tensors that we have too (facts/files.md 8.4, facts/networks.md 1).

Our names follow from the parts in `part.py`; the original's follow from ours by the rules here.
"""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.nets.saehd import SaehdNetwork, named_blocks
from core.settings.error import NetworkError

Layout = Literal["conv", "dense", "bias"]

FILES = {"inter_ab": "inter_AB", "inter_b": "inter_B"}  # other parts are called alike


@dataclass(frozen=True, slots=True)
class OriginalTensor:
    """One tensor: our `block` and `name` in it, the original's `file` (without .npy) and `key`.

    `shape` is the original's: kernels (height, width, in, out), dense (in, out).
    """

    block: str
    name: str
    file: str
    key: str
    layout: Layout
    shape: tuple[int, ...]

    @property
    def variable(self) -> str:
        """The tensor's name in the original's optimizer, e.g. `encoder/down1/downs_0/conv1/weight:0`."""
        return f"{self.file}/{self.key}"


def original_tensors(network: SaehdNetwork) -> list[OriginalTensor]:
    """Every tensor of the network, in the order of the original's files."""
    tensors = []
    for block, module in named_blocks(network):
        part, _, rest = block.partition(".")
        for name, parameter in module.named_parameters():
            layer, _, kind = name.rpartition(".")
            key = f"{original_layer(rest, layer, is_deep=network.shape.archi.is_deep)}/{kind}:0"
            layout: Layout = "bias" if kind == "bias" else "conv" if parameter.dim() == 4 else "dense"
            shape = tuple(parameter.permute(2, 3, 1, 0).shape if layout == "conv" else reversed(parameter.shape))
            tensors.append(OriginalTensor(block, name, FILES.get(part, part), key, layout, shape))
    return sorted(tensors, key=lambda tensor: original_place(network, tensor))


def original_layer(rest: str, layer: str, *, is_deep: bool) -> str:
    """The original's path of a layer: `rest` is the block's name without its part, `layer` the layer inside it."""
    if rest in ("dense1", "dense2"):
        return rest
    if rest == "out":
        return layer.replace("conv", "out_conv")
    if rest == "mask.out":
        return "out_convm"
    if rest.startswith("down") and not is_deep:  # one module holds all four
        return f"down1/downs_{int(rest.removeprefix('down')) - 1}/conv1"
    path = rest.replace("mask.upscale", "upscalem")
    return f"{path}/{'conv1' if layer == 'conv' else layer}"


def original_place(network: SaehdNetwork, tensor: OriginalTensor) -> tuple[int, int]:
    """Sort key: the original builds a decoder kind by kind (all upscales, all residuals, the mask, the outputs)."""
    files = [FILES.get(name, name) for name, _ in network.named_children()]
    if not tensor.file.startswith("decoder"):
        return files.index(tensor.file), 0
    levels = len(network.get_submodule(tensor.block.partition(".")[0]).levels)  # type: ignore[arg-type]
    kinds = ("upscale", "res", "upscalem", "out_conv", f"upscalem{levels}", "out_convm")
    path = tensor.key.partition("/")[0]
    kind = path if path in kinds else re.sub(r"\d+$", "", path)
    return files.index(tensor.file), kinds.index(kind)


def from_original(array: NDArray[np.generic], tensor: OriginalTensor) -> NDArray[np.float32]:
    """The original's array as ours: float32, C order. Raises NetworkError where its shape is another one."""
    if array.shape != tensor.shape:
        raise NetworkError(f"{tensor.variable} is {array.shape} in the file, this network has {tensor.shape}")
    return np.ascontiguousarray(turn(array, tensor.layout), dtype=np.float32)


def to_original(array: NDArray[np.float32], tensor: OriginalTensor) -> NDArray[np.float32]:
    """Our array as the original keeps it: float32, C order."""
    back = array.transpose(2, 3, 1, 0) if tensor.layout == "conv" else array.T
    return np.ascontiguousarray(back, dtype=np.float32)


def turn(array: NDArray[np.generic], layout: Layout) -> NDArray[np.generic]:
    """(kh, kw, in, out) -> (out, in, kh, kw); (in, out) -> (out, in); a bias stays."""
    return array.transpose(3, 2, 0, 1) if layout == "conv" else array.T
