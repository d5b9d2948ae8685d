"""The rules that turn gradients into changes of weights (facts/losses.md 10.1 and 10.2).

Neither corrects its moments for the first steps, and the floor stands outside of the root: as in the original.
Each rule has two forms, and a device always uses the same one. `update` works in place on a stretch of memory that
fits the cache (the CPU's form). `update_all` works on whole lists in few launches, and changes nothing where `sound`
is 0, so that a GPU need not report back before it goes on.
"""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

FLOOR = 1e-6  # the decimal resolution of float32

Tensors = list[Tensor]
Slots = Mapping[str, Tensor]
SlotLists = Mapping[str, Tensors]


class Rule(Protocol):
    """`slots` are the names of what is kept of each weight."""

    @property
    def slots(self) -> tuple[str, ...]: ...

    def update(self, gradient: Tensor, kept: Slots, divisor: Tensor) -> Tensor:
        """Renew `kept` in place, fill `divisor`, and return the dividend: the weight moves by -rate x their quotient.

        All tensors are flat and equally long. The quotient is left to the update of the weights, which is one pass
        over memory less: passes are what an optimizer costs.
        """

    def update_all(self, gradients: Tensors, kept: SlotLists, sound: Tensor) -> Tensors:
        """Renew all of `kept` in place and return the directions. Gradients are finite. `sound` is 1.0 or 0.0."""


class AdaBelief:
    """m follows the gradient, s how far the gradient is from m; direction m / (sqrt(s) + floor)."""

    slots = ("m", "s")
    beta1 = 0.9
    beta2 = 0.999

    def update(self, gradient: Tensor, kept: Slots, divisor: Tensor) -> Tensor:
        m, s = kept["m"], kept["s"]
        m.lerp_(gradient, 1 - self.beta1)
        torch.sub(gradient, m, out=divisor)
        s.mul_(self.beta2).addcmul_(divisor, divisor, value=1 - self.beta2)
        torch.sqrt(s, out=divisor).add_(FLOOR)
        return m

    def update_all(self, gradients: Tensors, kept: SlotLists, sound: Tensor) -> Tensors:
        follow(kept["m"], gradients, sound * (1 - self.beta1))
        surprise = list(torch._foreach_sub(gradients, kept["m"]))
        torch._foreach_mul_(surprise, surprise)
        follow(kept["s"], surprise, sound * (1 - self.beta2))
        roots = list(torch._foreach_sqrt(kept["s"]))
        torch._foreach_add_(roots, FLOOR)
        return list(torch._foreach_div(kept["m"], roots))


class RmsProp:
    """a follows the squared gradient; direction gradient / (sqrt(a) + floor)."""

    slots = ("a",)
    rho = 0.9

    def update(self, gradient: Tensor, kept: Slots, divisor: Tensor) -> Tensor:
        a = kept["a"]
        a.mul_(self.rho).addcmul_(gradient, gradient, value=1 - self.rho)
        torch.sqrt(a, out=divisor).add_(FLOOR)
        return gradient

    def update_all(self, gradients: Tensors, kept: SlotLists, sound: Tensor) -> Tensors:
        follow(kept["a"], list(torch._foreach_mul(gradients, gradients)), sound * (1 - self.rho))
        roots = list(torch._foreach_sqrt(kept["a"]))
        torch._foreach_add_(roots, FLOOR)
        return list(torch._foreach_div(gradients, roots))


RULES: Mapping[str, Rule] = {"adabelief": AdaBelief(), "rmsprop": RmsProp()}


def follow(means: Tensors, values: Tensors, share: Tensor) -> None:
    """means += share x (values - means), in place."""
    steps = list(torch._foreach_sub(values, means))
    torch._foreach_mul_(steps, share)
    torch._foreach_add_(means, steps)
