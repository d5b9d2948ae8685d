"""The optimizer: moments by block and tensor name, and one update of all open blocks.

Its state is kept by name, so that a locked block's moments and counter stay where they are, to the bit, and are found
again when it is opened.
"""

from collections.abc import Mapping, Sequence
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.nets.block_state import Arrays, array_of, check_fit
from core.nets.network import Blocked
from core.settings.error import NetworkError
from core.train.optim_rule import RULES, Rule
from core.train.rate import Rates

# Weights that are updated together on the CPU: their moments and the scratch stay in the cache between the passes.
# 8.4 M weights take 14 ms so; 18 at 32 K (many calls) and in one piece; 223 in plain expressions (one AVX-512 core).
# Longer rather than shorter: every call ends with the threads waiting for each other, which costs on a busy machine.
STRETCH = 1 << 19

SERIALS = count(1)

Masks = Mapping[str, Mapping[str, Tensor]]  # block -> tensor name -> 0/1, shaped like the tensor


class Optimizer:
    """Moments and counters of every block of a network, on the network's device."""

    def __init__(self, network: Blocked, rule: Rule) -> None:
        self.rule = rule
        self.serial = next(SERIALS)     # of all optimizers of this process
        self.parameters: dict[str, dict[str, torch.nn.Parameter]] = {}
        self.kept: dict[str, dict[str, dict[str, Tensor]]] = {}
        self.device = next(network.parameters()).device
        self.counters = torch.zeros(0, dtype=torch.int64, device=self.device)
        self.places: dict[str, int] = {}
        self.open_blocks: list[str] = []
        self.open_places = torch.zeros(0, dtype=torch.int64, device=self.device)
        self.scratch = torch.empty(STRETCH)
        self.adopt(network)

    def adopt(self, network: Blocked) -> None:
        """Take the blocks of a network that are not known yet, their moments and counters 0; all others stay."""
        for block in network.blocks:
            if block.name in self.parameters:
                continue
            tensors = self.parameters[block.name] = network.parameters_of(block.name)
            self.kept[block.name] = {name: {slot: torch.zeros_like(p, requires_grad=False) for slot in self.rule.slots}
                                     for name, p in tensors.items()}
            self.places[block.name] = len(self.places)
        fresh = torch.zeros(len(self.places) - len(self.counters), dtype=torch.int64, device=self.device)
        self.counters = torch.cat([self.counters, fresh])

    # --- one update -----------------------------------------------------------------------------------------------
    def update(self, blocks: Sequence[str], *, rate: float | Rates, scale: Tensor, sound: Tensor,
               masks: Masks | None) -> None:
        """Move the weights of `blocks` by their gradients x `scale`, and count one step for each.

        sound: 1.0, or 0.0 where nothing may change (then the CPU does not call this at all). Gradients are used up:
        their memory is overwritten.
        """
        if self.device.type == "cpu":
            self.update_in_stretches(blocks, rate, float(scale), masks)
        else:
            self.update_in_lists(blocks, rate, scale, sound, masks)
        places = self.places_of(blocks)
        self.counters[places] += sound.to(torch.int64)

    def places_of(self, blocks: Sequence[str]) -> Tensor:
        """Where the counters of `blocks` stand. Kept while the blocks are the same: a GPU would be waited for."""
        if list(blocks) != self.open_blocks:
            self.open_blocks = list(blocks)
            self.open_places = torch.tensor([self.places[block] for block in blocks], device=self.device)
        return self.open_places

    @torch.no_grad()
    def update_in_stretches(self, blocks: Sequence[str], rate: float | Rates, scale: float,
                            masks: Masks | None) -> None:
        """The CPU's form of `update`: stretch by stretch, all passes over one before the next."""
        rates = rates_of(rate)
        for block in blocks:
            step_rate = rates.of(block, self.counter_of(block) if block in rates.warmup else 0)
            for name, weight in self.parameters[block].items():
                mask = None if masks is None else flat(masks[block][name], weight)
                kept = {slot: flat(tensor, weight) for slot, tensor in self.kept[block][name].items()}
                weights, gradients = flat(weight, weight), flat(gradient_of(weight), weight)
                for start in range(0, len(weights), STRETCH):
                    part = slice(start, start + STRETCH)
                    gradient = gradients[part]
                    divisor = self.scratch[: len(gradient)]
                    if scale != 1:
                        gradient.mul_(scale)
                    move = self.rule.update(gradient, {slot: tensor[part] for slot, tensor in kept.items()}, divisor)
                    if mask is not None:
                        move = torch.mul(move, mask[part], out=gradient)
                    weights[part].addcdiv_(move, divisor, value=-step_rate)

    @torch.no_grad()
    def update_in_lists(
        self, blocks: Sequence[str], rate: float | Rates, scale: Tensor, sound: Tensor, masks: Masks | None
    ) -> None:
        """The form of `update` for other devices: few launches, and no word from the device is waited for."""
        names = [(block, name) for block in blocks for name in self.parameters[block]]
        weights: list[Tensor] = [self.parameters[block][name] for block, name in names]
        # 0 x NaN is NaN: a gradient that is not finite must become a number before `sound` can switch it off
        gradients = [torch.nan_to_num_(gradient_of(weight), 0, 0, 0) for weight in weights]
        torch._foreach_mul_(gradients, torch.nan_to_num(scale, 0, 0, 0))
        kept = {slot: [self.kept[block][name][slot] for block, name in names] for slot in self.rule.slots}
        directions = list(self.rule.update_all(gradients, kept, sound))
        rates = rates_of(rate)
        torch._foreach_mul_(directions, sound * -rates.base)
        self.slow_down(names, directions, rates)
        if masks is not None:
            chosen = [masks[block][name].to(self.device, torch.float32) for block, name in names]
            torch._foreach_mul_(directions, chosen)
        torch._foreach_add_(weights, directions)

    def slow_down(self, names: list[tuple[str, str]], directions: list[Tensor], rates: Rates) -> None:
        """What single blocks have instead of the common rate; counters are read where they lie."""
        if rates.factors:
            torch._foreach_mul_(directions, [rates.factors.get(block, 1.0) for block, _ in names])
        for (block, _), direction in zip(names, directions, strict=True):
            if length := rates.warmup.get(block, 0):
                direction.mul_(((self.counters[self.places[block]] + 1) / length).clamp(max=1.0))

    # --- state ----------------------------------------------------------------------------------------------------
    def state_of(self, block: str) -> Arrays:
        """Copies of a block's moments, in C order, as `conv.weight.m`; and its `counter`, an int64 scalar."""
        moments = {f"{name}.{slot}": array_of(tensor) for name, slot, tensor in self.moments_of(block)}
        return moments | {"counter": np.array(self.counter_of(block), np.int64)}

    @torch.no_grad()
    def load_state(self, block: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Set a block's moments and counter. Raises NetworkError, and sets none, where they do not fit."""
        tensors = {f"{name}.{slot}": tensor for name, slot, tensor in self.moments_of(block)}
        tensors["counter"] = self.counters[self.places[block]]
        check_fit(block, tensors, arrays)
        for name, tensor in tensors.items():
            tensor.copy_(torch.tensor(arrays[name]))

    @torch.no_grad()
    def forget(self, block: str) -> None:
        """Set a block's moments and counter to 0."""
        for _, _, tensor in self.moments_of(block):
            tensor.zero_()
        self.counters[self.places[block]] = 0

    def counter_of(self, block: str) -> int:
        """How many updates the block has had."""
        return int(self.counters[self.places[block]])

    def moments_of(self, block: str) -> list[tuple[str, str, Tensor]]:
        """(tensor name, slot, moments) of a block, the optimizer's own tensors."""
        return [(name, slot, tensor) for name, kept in self.kept[block].items() for slot, tensor in kept.items()]


def make_optimizer(kind: str, network: Blocked) -> Optimizer:
    """`adabelief` or `rmsprop`, its moments 0, for a network that lies on its device already."""
    return Optimizer(network, RULES[kind])


def rates_of(rate: float | Rates) -> Rates:
    """One rate for all blocks, or what was given."""
    return rate if isinstance(rate, Rates) else Rates(rate)


def flat(tensor: Tensor, like: Tensor) -> Tensor:
    """`tensor` in the order in which `like` (same shape, without gaps) lies in memory, (n,). A view where it can be."""
    if tensor.stride() != like.stride():
        tensor = torch.empty_like(like, dtype=tensor.dtype, requires_grad=False).copy_(tensor)
    return tensor.detach().as_strided((tensor.numel(),), (1,))


def gradient_of(weight: Tensor) -> Tensor:
    """The gradient that the backward pass left. Raises NetworkError where no loss reaches an open tensor."""
    if weight.grad is None:
        raise NetworkError(f"no loss reaches an open tensor of shape {tuple(weight.shape)}", hint="lock its block")
    return weight.grad
