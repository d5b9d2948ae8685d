"""What drawn faces are told by a discriminator, and what a discriminator learns (facts/losses.md 1.5, 3 and 4)."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from core.nets.layer import widened

Heads = Sequence[Tensor]        # maps of logits (b, 1, h, w), each with the same weight whatever its size
Label = Callable[[Tensor, int], Tensor]      # what a map is compared with: (map, its number) -> 0..1, shaped alike


def entropy(label: Tensor | float, logits: Tensor) -> Tensor:
    """Binary cross entropy of a map of logits, averaged over the map, in float32: (b,)."""
    logits = widened(logits)
    if not isinstance(label, Tensor):
        label = torch.full_like(logits, label)
    return F.binary_cross_entropy_with_logits(logits, label, reduction="none").mean((1, 2, 3))


def persuasion(heads: Heads) -> Tensor:
    """How far these judgements are from "real": what the network pays for its drawn pictures or src codes, (b,)."""
    return torch.stack([entropy(1.0, logits) for logits in heads]).sum(0)


def lesson(real: Heads, fake: Heads, *, real_label: Label, fake_label: Label) -> Tensor:
    """How wrong a discriminator is about real and fake examples, (b,); the sum over its heads."""
    wrong = [entropy(real_label(logits, head), logits) for head, logits in enumerate(real)]
    wrong += [entropy(fake_label(logits, head), logits) for head, logits in enumerate(fake)]
    return torch.stack(wrong).sum(0)


def belief(heads: Heads) -> Tensor:
    """How real a discriminator takes these examples to be: the mean probability, 0..1, a scalar without gradient."""
    return torch.stack([widened(logits.detach()).sigmoid().mean() for logits in heads]).mean()
