"""A network cut into named blocks: what is locked, saved and given moments of its own.

Blocks are declared once, where a network is built: the attributes of a part in their order are its blocks.
"""

from collections.abc import Iterator
from typing import TypeVar

import torch
from torch import nn

from core.events.event import Block
from core.nets.layer import BLOCKS
from core.settings.error import NetworkError


class BlockNetwork(nn.Module):
    """A module whose blocks bear dotted names. `name` stands before them, for networks that stand beside another one.

    Built under `torch.device("meta")` it costs nothing and still knows its blocks and shapes.
    """

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.name = name

    def named_blocks(self) -> Iterator[tuple[str, nn.Module]]:
        """Every lockable block with its name, in build order."""
        return named_blocks(self, f"{self.name}." if self.name else "")

    @property
    def blocks(self) -> list[Block]:
        """Every lockable block in build order."""
        sizes = {name: [p.numel() for p in module.parameters()] for name, module in self.named_blocks()}
        return [Block(name, name.partition(".")[0], sum(size), len(size)) for name, size in sizes.items()]

    def parameters_of(self, block: str) -> dict[str, nn.Parameter]:
        """The tensors of a block by their name inside it, e.g. `conv.weight`. Raises NetworkError."""
        for name, module in self.named_blocks():
            if name == block:
                return dict(module.named_parameters())
        raise NetworkError(f"this network has no block {block!r}", hint="its blocks are in `dfl-tui show`")


Network = TypeVar("Network", bound=nn.Module)


def named_blocks(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Every block under `module` with its dotted name, in build order."""
    for name, child in module.named_children():
        if isinstance(child, BLOCKS):
            yield prefix + name, child
        else:
            yield from named_blocks(child, f"{prefix}{name}.")


def placed(network: Network) -> Network:
    """A network that was built without memory gets it, on the CPU, kernels with the channels last. Values are not
    set."""
    network.to_empty(device="cpu")
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network
