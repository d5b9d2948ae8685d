"""The SAEHD loss of one side, term by term, and what the generator adds. Source: facts/losses.md 3 and 4."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .derivative import absolute
from .loss_mask import blurred, quick96_blurred
from .similarity import dssim, msssim, msssim_l1, window_sizes
from .style import style


@dataclass(frozen=True)
class Side:
    """One side's tensors: target, mask m, priority mask em (or None) and the two predictions."""

    target: np.ndarray
    mask: np.ndarray
    picture: np.ndarray
    picture_mask: np.ndarray
    priority: np.ndarray | None = None


@dataclass(frozen=True)
class Options:
    masked: bool = True
    loss: str = "SSIM"
    background_power: float = 0.0
    two_windows_from: int = 256      # AMP: 0, two windows at every resolution
    plain: bool = False              # Quick96: the mask blurred by 3, neither cut nor doubled


def over_chw(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1).mean(axis=1)


def structure(a: np.ndarray, b: np.ndarray, options: Options) -> np.ndarray:
    """10 dssim(f1), or 5 dssim(f1) + 5 dssim(f2); the fork's loss functions: 10 msssim, 10 msssim_l1."""
    side = a.shape[-1]
    if options.loss == "MS-SSIM":
        return 10.0 * msssim(a, b, side)
    if options.loss == "MS-SSIM+L1":
        return 10.0 * msssim_l1(a, b, side)
    f1, f2 = window_sizes(side)
    if side < options.two_windows_from:
        return 10.0 * dssim(a, b, f1).mean(axis=1)
    return 5.0 * dssim(a, b, f1).mean(axis=1) + 5.0 * dssim(a, b, f2).mean(axis=1)


def pixel(a: np.ndarray, b: np.ndarray, options: Options) -> np.ndarray:
    """10 mean squared error; MS-SSIM+L1 has none."""
    return 0.0 * over_chw(b) if options.loss == "MS-SSIM+L1" else 10.0 * over_chw((a - b) ** 2)


def softened(mask: np.ndarray, options: Options) -> np.ndarray | float:
    """What pictures are multiplied with: the blurred mask, Quick96's, or nothing."""
    if not options.masked:
        return 1.0
    return quick96_blurred(mask) if options.plain else blurred(mask, mask.shape[-1])


def terms(side: Side, options: Options) -> dict[str, np.ndarray]:
    """Every term of src_loss or dst_loss but the styles, each (b,)."""
    m = softened(side.mask, options)
    seen, drawn = side.target * m, side.picture * m
    found = {
        "structure": structure(seen, drawn, options),
        "pixel": pixel(seen, drawn, options),
        "mask": 10.0 * over_chw((side.mask - side.picture_mask) ** 2),
    }
    if side.priority is not None:
        found["eyes_mouth"] = 300.0 * over_chw(absolute(side.target * side.priority - side.picture * side.priority))
    if options.background_power:
        whole = structure(side.target, side.picture, options) + pixel(side.target, side.picture, options)
        found["background"] = options.background_power * whole
    return found


def loss(side: Side, options: Options) -> np.ndarray:
    return sum(terms(side, options).values())


def face_style(
    swap: np.ndarray, swap_mask: np.ndarray, dst: np.ndarray, dst_mask: np.ndarray, power: float
) -> np.ndarray:
    """style(sd_ng * sdm, dd * ddm, R // 8, 10000 p). Gradient reaches `swap` only: masks and dst side are stopped."""
    return style(swap * swap_mask, dst * dst_mask, swap.shape[-1] // 8, 10000.0 * power / 100.0)


def background_style(swap: np.ndarray, dst_target: np.ndarray, src_mask: np.ndarray, power: float) -> np.ndarray:
    """Swap like dst outside the blurred mask of the *src* sample of the same slot; f1 only at every resolution."""
    outside = 1.0 - blurred(src_mask, swap.shape[-1])
    u, v, p = swap * outside, dst_target * outside, power / 100.0
    f1, _ = window_sizes(swap.shape[-1])
    return 10.0 * p * dssim(u, v, f1).mean(axis=1) + 10.0 * p * over_chw((u - v) ** 2)


def seen_by_gan(side: Side, options: Options) -> tuple[np.ndarray, np.ndarray]:
    """Real and fake image of the discriminator: S and SS, masked when training is."""
    m = softened(side.mask, options)
    return side.target * m, side.picture * m
