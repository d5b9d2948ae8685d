"""GAN and true-face terms over given logits. Source: facts/losses.md 1.5, 3 (original), 4 and 5 (fork, AMP).

Logits are a pair (d, d2) of maps (b, 1, h, w): the bottleneck's and the full one. Every term is a vector (b,).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .derivative import absolute, at_least

Heads = Sequence[np.ndarray]


def bce_map(label: np.ndarray | float, logit: np.ndarray) -> np.ndarray:
    """max(z, 0) - z y + log(1 + exp(-|z|)), elementwise."""
    return at_least(logit, 0.0) - logit * label + np.log(1.0 + np.exp(-absolute(logit)))


def bce(label: np.ndarray | float, logit: np.ndarray) -> np.ndarray:
    """bce_map, averaged over everything of a sample: (b,)."""
    return bce_map(label, logit).reshape(len(logit), -1).mean(axis=1)


def generator_term(power: float, fake: Heads) -> np.ndarray:
    """gan_power * (bce(1, d) + bce(1, d2)); the target stays exactly 1 whatever smoothing and noise are."""
    return power * sum(bce(1.0, z) for z in fake)


def noisy_labels(uniform: np.ndarray, *, is_real: bool, noise: float, smoothing: float) -> np.ndarray:
    """Label maps: real is 1 with probability 1 - noise, fake with noise; then times 1 - smoothing (one-sided).

    uniform: the drawn numbers in [0, 1), one for each logit. u < probability counts as 1.
    """
    probability = 1.0 - noise if is_real else noise
    return (uniform < probability) * (1.0 - smoothing)


def image_discriminator(real: Heads, fake: Heads) -> np.ndarray:
    """The original's: half the sum for each head."""
    return sum(0.5 * (bce(1.0, r) + bce(0.0, f)) for r, f in zip(real, fake, strict=True))


def image_discriminator_with_labels(real: Heads, fake: Heads, real_labels: Heads, fake_labels: Heads) -> np.ndarray:
    """The fork's: no factor 0.5, label maps as given."""
    return sum(bce(t, z) for t, z in zip([*real_labels, *fake_labels], [*real, *fake], strict=True))


def amp_discriminator(real_src: Heads, fake_src: Heads, real_dst: Heads, fake_dst: Heads) -> np.ndarray:
    """AMP: one eighth of the eight terms, both sides."""
    ones = [bce(1.0, z) for z in (*real_src, *real_dst)]
    zeros = [bce(0.0, z) for z in (*fake_src, *fake_dst)]
    return sum(ones + zeros) / 8.0


def true_face_term(power: float, src_logit: np.ndarray) -> np.ndarray:
    """The generator pushes the src code towards "1", which is what the discriminator learns for dst."""
    return power * bce(1.0, src_logit)


def code_discriminator(dst_logit: np.ndarray, src_logit: np.ndarray) -> np.ndarray:
    return 0.5 * (bce(1.0, dst_logit) + bce(0.0, src_logit))
