"""How DeepFaceLab names and lays out the tensors that we have too (facts/files.md 8.4, facts/networks.md 1).

Our names follow from the parts; the original's follow from ours by the rules here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from core.nets.amp import AmpNetwork
from core.nets.discriminator import CodeDiscriminator, PatchDiscriminator
from core.nets.network import Blocked
from core.nets.part import Decoder
from core.nets.saehd import SaehdNetwork
from core.nets.xseg import XsegNetwork
from core.settings.error import NetworkError

Layout = Literal["conv", "dense", "vector"]
Arrays = Mapping[str, NDArray[np.generic]]

FILES = {"inter_ab": "inter_AB", "inter_b": "inter_B"}  # other parts are called alike
LAYOUTS: Mapping[int, Layout] = {1: "vector", 2: "dense", 4: "conv"}     # by the number of axes
# Layers of a judge or of XSeg that are called otherwise; numbered ones follow a rule.
LAYERS = {"in": "in_conv", "out": "out_conv", "center": "center_conv"}


@dataclass(frozen=True, slots=True)
class OriginalTensor:
    """One tensor: our `block` and `name` in it, the original's `file` (without .npy) and `key`.

    `shape` is the original's: kernels (height, width, in, out), transposed ones (height, width, out, in), dense
    (in, out). `prefix` stands before the key in its optimizers' files.
    """

    block: str
    name: str
    file: str
    key: str
    layout: Layout
    shape: tuple[int, ...]
    prefix: str

    @property
    def variable(self) -> str:
        """The tensor's name in the original's optimizer, e.g. `encoder/down1/downs_0/conv1/weight:0`."""
        return f"{self.prefix}/{self.key}"


@dataclass(frozen=True, slots=True)
class Owner:
    """The file that holds a block, the name of its variables, and the path of one of its layers."""

    file: str
    prefix: str
    path: str


def original_tensors(network: Blocked, *, gan_prefix: str = "D_src") -> list[OriginalTensor]:
    """Every tensor of a network or a judge, in the order of the original's files.

    gan_prefix: SAEHD's GAN has variables `D_src/...`, AMP's `GAN/...` (MVE's AMP `D_src/...`, facts/files.md 8.4).
    """
    tensors = []
    for block, module in network.named_blocks():
        for name, parameter in module.named_parameters():
            layer, _, kind = name.rpartition(".")
            owner = owner_of(network, block, layer, gan_prefix)
            # transposed kernels are (in, out, ...) here and (..., out, in) there: the same turn as for plain ones
            layout = LAYOUTS[parameter.dim()]
            shape = tuple(parameter.permute(2, 3, 1, 0).shape if layout == "conv" else reversed(parameter.shape))
            tensors.append(OriginalTensor(block, name, owner.file, f"{owner.path}/{kind}:0", layout, shape,
                                          owner.prefix))
    return sorted(tensors, key=lambda tensor: original_place(network, tensor))


def owner_of(network: Blocked, block: str, layer: str, gan_prefix: str) -> Owner:
    """Where the original keeps `layer` of `block`. Raises NetworkError for a network that it does not have."""
    part, _, rest = block.partition(".")
    match network:
        case PatchDiscriminator():
            return Owner("GAN", gan_prefix, judge_layer(rest))
        case CodeDiscriminator():
            return Owner("code_discriminator", "dis", judge_layer(rest))
        case XsegNetwork():
            return Owner("XSeg_256", "XSeg", f"{block}/{layer}" if layer else LAYERS.get(block, block))
        case SaehdNetwork() | AmpNetwork():
            file = FILES.get(part, part)
            return Owner(file, file, original_layer(rest, layer, is_deep=network.shape.archi.is_deep))
        case _:
            raise NetworkError(f"the original has no network like {type(network).__name__}")


def judge_layer(rest: str) -> str:
    """A layer of the GAN or the code discriminator: `conv0` is `convs_0`, `upconv0` is `upconvs_0`."""
    return LAYERS.get(rest) or re.sub(r"conv(\d+)$", r"convs_\1", rest)


def original_layer(rest: str, layer: str, *, is_deep: bool) -> str:
    """A layer of a face network: `rest` is the block's name without its part, `layer` the layer inside it."""
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


def original_place(network: Blocked, tensor: OriginalTensor) -> tuple[int, int]:
    """Sort key: the original builds a decoder kind by kind (all upscales, all residuals, ...), the rest as we do."""
    if not isinstance(network, SaehdNetwork | AmpNetwork):
        return 0, 0
    parts = dict(network.named_children())
    place = list(parts).index(tensor.block.partition(".")[0])
    decoder = parts[tensor.block.partition(".")[0]]
    if not isinstance(decoder, Decoder):
        return place, 0
    if isinstance(network, AmpNetwork):
        kinds: tuple[str, ...] = ("upscale", "res", "upscalem", "out_convm", "out_conv")
    else:
        kinds = ("upscale", "res", "upscalem", "out_conv", f"upscalem{len(decoder.levels)}", "out_convm")
    path = tensor.key.partition("/")[0]
    return place, kinds.index(path if path in kinds else re.sub(r"\d+$", "", path))


@torch.no_grad()
def load_original(network: Blocked, files: Mapping[str, Arrays]) -> None:
    """Set a network or judge to the original's weights: file (without .npy) -> key -> array.

    Raises NetworkError where a file or a tensor is missing or has another shape; then none is set.
    """
    found = []
    for tensor in original_tensors(network):
        if tensor.key not in files.get(tensor.file, {}):
            raise NetworkError(f"{tensor.file}.npy lacks {tensor.key}" if tensor.file in files else
                               f"there is no {tensor.file}.npy", hint="it belongs to another network")
        found.append((tensor, from_original(files[tensor.file][tensor.key], tensor)))
    for tensor, array in found:
        # a copy: an unpickled array is read-only, which from_numpy minds
        network.parameters_of(tensor.block)[tensor.name].copy_(torch.tensor(array))


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
    """(kh, kw, in, out) -> (out, in, kh, kw); (in, out) -> (out, in); a vector stays."""
    return array.transpose(3, 2, 0, 1) if layout == "conv" else array.T
