"""Learning-rate dropout: which weights a step moves (facts/losses.md 10.4).

Each block's masks come from a stream that is keyed by its name and the iteration: locking one block does not change
what another draws.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from core.samples.stream import Stream, block_words
from core.train.optim import Masks, Optimizer

OF_A_BYTE = 77  # 77 / 256 = 0.30078, the share that the original's float16 numbers below 0.3 have


class LrdStream(NamedTuple):
    """Where a run's masks are drawn from."""

    seed: int
    life: int


def draw_masks(optimizer: Optimizer, blocks: Iterable[str], stream: LrdStream, iteration: int) -> Masks:
    """0/1 masks of the blocks' tensors for one step, on the optimizer's device."""
    return {block: block_masks(optimizer.parameters[block], block, stream, iteration) for block in blocks}


def block_masks(
    parameters: dict[str, nn.Parameter], block: str, stream: LrdStream, iteration: int
) -> dict[str, Tensor]:
    """One draw for a whole block, cut into its tensors in the order of their memory."""
    sizes = [p.numel() for p in parameters.values()]
    device = next(iter(parameters.values())).device

    def words(count: int) -> Tensor:
        return torch.from_numpy(block_words(stream.seed, Stream.LRD, stream.life, iteration, block, count))

    drawn = words(sum(sizes)) if device.type == "cpu" else device_bytes(words(8), sum(sizes), device)
    parts = torch.split(drawn < OF_A_BYTE, sizes)
    return {name: part.as_strided(p.shape, p.stride(), part.storage_offset())
            for part, (name, p) in zip(parts, parameters.items(), strict=True)}


def device_bytes(seed: Tensor, count: int, device: torch.device) -> Tensor:
    """(count,) random bytes made on the device itself, from 8 of the stream: a host would take longer than the step."""
    generator = torch.Generator(device).manual_seed(int(seed.view(torch.int64)))
    return torch.randint(0, 256, (count,), dtype=torch.uint8, device=device, generator=generator)
