"""The inter of a network begins anew when pretraining ends: encoder and decoder know faces, who is who starts here."""

import torch

from core.nets.initial import draw_kernels, set_constants
from core.train.learner import Learner

SALT = 0x5EED       # the second first weights are other ones than the first


@torch.no_grad()
def begin_inters_anew(learner: Learner, seed: int, locked: frozenset[str]) -> None:
    """Give every inter block that is not locked first weights, moments of 0 and a counter of 0.

    The original keeps the moments and the counter of what it draws anew (facts/options.md 5).
    """
    for name, module in learner.module.named_blocks():
        if name.startswith("inter") and name not in locked:
            set_constants(module)
            draw_kernels(module, seed ^ SALT, name)
            learner.optimizer.forget(name)
