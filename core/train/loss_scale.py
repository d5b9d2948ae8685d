"""The loss scale of fp16: gradients are computed of a loss that is so many times larger, lest small ones vanish.

Without it a fifth of a fresh network's gradients lies below what fp16 can hold in full, and the share grows as the loss
falls (facts/training.md 7). The scale is a power of two, so that dividing by it again is exact. It is halved when a
gradient overflows (that step is not applied) and doubled after GROWS_AFTER steps in which none did.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

# facts/training.md 7: 2^12 to 2^16. Losses here are sums over a batch of terms times 10: a fresh small network already
# overflows at 2^15, and each halving costs a step.
FIRST = 2.0**12
LARGEST = 2.0**24   # a network whose gradients are all 0 must not double it to infinity
GROWS_AFTER = 2000
MEANINGFUL = 1.0    # overflows of a smaller scale are no matter of the scale


class LossScale:
    """One optimizer's scale, kept on its device: a GPU is not waited for. `state`: as it was kept in a generation."""

    def __init__(self, device: torch.device, state: Sequence[float] = (FIRST, 0.0)) -> None:
        self.value = torch.tensor(float(state[0]), device=device)
        self._calm = torch.tensor(float(state[1]), device=device)      # steps since it last changed

    def update(self, overflowed: Tensor) -> None:
        """Follow a step. overflowed: 1.0 where its gradient was not finite, else 0.0."""
        calm = self._calm + 1
        grows = calm >= GROWS_AFTER
        grown = torch.where(grows, (self.value * 2).clamp(max=LARGEST), self.value)
        self.value = torch.where(overflowed > 0, self.value / 2, grown)
        self._calm = torch.where((overflowed > 0) | grows, torch.zeros_like(calm), calm)

    def state(self) -> list[float]:
        """What a resume needs: the scale, and for how many steps it has stood."""
        return [float(self.value), float(self._calm)]
