"""The original's colour transfers with its order of draws: our arithmetic, its random numbers.

The rotations of idt are those of SciPy's special_ortho_group before 1.17, made of Householder reflections.
"""

import numpy as np

from core.samples.transfer import CLOSED
from core.samples.transport import IDT_ROUNDS, SOT_DIRECTIONS, SOT_STEPS, idt_dfl, sot_dfl


def transferred(mode: str, picture: np.ndarray, partner: np.ndarray, draws: np.random.RandomState) -> np.ndarray:
    """`picture` in the colours of `partner`, both float32 (h, w, 3), 0..1."""
    if mode in CLOSED:
        return CLOSED[mode](picture, partner, None, None)
    if mode == "idt":
        return idt_dfl(picture, partner, np.stack([rotation(draws) for _ in range(IDT_ROUNDS)]).astype(np.float32))
    ways = draws.normal(size=(SOT_STEPS, SOT_DIRECTIONS, 3)).astype(np.float32)
    return sot_dfl(picture, partner, ways / np.linalg.norm(ways, axis=-1, keepdims=True))


def rotation(draws: np.random.RandomState) -> np.ndarray:
    """A turn of space, (3, 3)."""
    turn, signs = np.eye(3), np.ones(3)
    for n in range(2):
        x = draws.normal(size=3 - n)
        length, first = x @ x, x[0]
        signs[n] = np.sign(first)
        x[0] += signs[n] * np.sqrt(length)
        x /= np.sqrt((length - first**2 + x[0] ** 2) / 2)
        turn[:, n:] -= np.outer(turn[:, n:] @ x, x)
    signs[2] = signs[0] * signs[1]
    return signs[:, None] * turn
