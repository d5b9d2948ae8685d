"""AMP's loss: what differs from SAEHD. Source: facts/losses.md 5 (original), 6 (fork); facts/networks.md 4."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .loss_mask import blurred
from .saehd import Options, Side, loss, over_chw
from .style import variation


def side_loss(side: Side, options: Options) -> np.ndarray:
    """src_loss or dst_loss: SAEHD's terms with both windows at every resolution, always masked in the original."""
    return loss(side, replace(options, two_windows_from=0))


def background_term(side: Side, *, weight: float = 0.1, tv_weight: float = 1e-6) -> np.ndarray:
    """Generator only, the original: dst side. The fork: 25 and 1e-5, both sides."""
    outside = 1.0 - blurred(side.mask, side.target.shape[-1])
    drawn = side.picture * outside
    return weight * over_chw((drawn - side.target * outside) ** 2) + tv_weight * variation(drawn)


def channel_choice(order: np.ndarray, morph_factor: float) -> np.ndarray:
    """0/1 over inter channels with exactly int(I * morph_factor) ones; order: the sample's shuffle of range(I)."""
    chosen = np.zeros(len(order))
    chosen[order[: int(len(order) * morph_factor)]] = 1.0
    return chosen


def swap_code(inter_src: np.ndarray, inter_dst: np.ndarray, morph: float) -> np.ndarray:
    """First int(I * morph) channels of inter_src, the rest of inter_dst (both on the dst encoding)."""
    k = int(inter_src.shape[1] * morph)
    return np.concatenate([inter_src[:, :k], inter_dst[:, k:]], axis=1)
