"""The length of a gradient, and how far it is shortened (facts/losses.md 10.5)."""

from collections.abc import Sequence

import torch
from torch import Tensor

LONGEST = 1.0


@torch.no_grad()
def gradient_norm(gradients: Sequence[Tensor]) -> Tensor:
    """Euclidean length of all gradients together, a scalar; not finite where one of them is not."""
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(gradients))))
    return norm


def clip_scale(norm: Tensor) -> Tensor:
    """By what every gradient is multiplied so that their common length is at most LONGEST; 1 for a shorter one."""
    return (LONGEST / norm).clamp(max=1.0)
