"""Locks that are exact (facts/training.md 3).

A locked block's tensors take no gradient and are not given to the optimizer, so nothing of it changes by a bit, and it
has no part in the clipping norm. Where a block and everything before it on a path is locked, no tensor there needs a
gradient: autograd records nothing and the backward pass ends there. That is by path: liae's inter_ab is on two.
"""

from collections.abc import Mapping

from core.events.event import Block
from core.nets.network import Blocked
from core.settings.kind import Value


def effective_locks(
    blocks: list[Block], settings: Mapping[str, Value], locked: frozenset[str]
) -> frozenset[str]:
    """`locked`, and inter_ab where the settings freeze it while random warp is off, as the original does."""
    if settings["freeze_ab_without_warp"] and not settings["random_warp"]:
        return locked | {block.name for block in blocks if block.part == "inter_ab"}
    return locked


def apply_locks(network: Blocked, locked: frozenset[str]) -> None:
    """Let exactly the open blocks take gradients; one that was left over from before is dropped."""
    for block in network.blocks:
        for parameter in network.parameters_of(block.name).values():
            parameter.requires_grad_(block.name not in locked)
            parameter.grad = None
