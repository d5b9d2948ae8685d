"""The loss of one person: structure, pixels, eyes and mouth, mask (facts/losses.md 3). One number a sample."""

from typing import NamedTuple

from torch import Tensor

from core.train.loss_blur import soft_mask
from core.train.loss_ssim import structure
from core.train.train_batch import TrainSide

PIXEL_WEIGHT = 10
EYES_MOUTH_WEIGHT = 300
MASK_WEIGHT = 10


class SideLoss(NamedTuple):
    """Loss of each sample, (b,): all terms, and the mask's term in it."""

    total: Tensor
    mask: Tensor


def side_loss(picture: Tensor, mask: Tensor, side: TrainSide, *, is_masked: bool) -> SideLoss:
    """How far `picture` (b, 3, R, R) and `mask` (b, 1, R, R) are from the targets.

    is_masked: structure and pixels count inside the softened face mask only. Eyes and mouth count where the side has
    their mask. The gradient to take is that of the sum over the batch.
    """
    target = side.target
    mask_term = (side.mask - mask).square().mean((1, 2, 3)) * MASK_WEIGHT
    total = mask_term
    if side.eyes_mouth is not None:
        total = total + ((target - picture) * side.eyes_mouth).abs().mean((1, 2, 3)) * EYES_MOUTH_WEIGHT
    if is_masked:
        inside = soft_mask(side.mask)
        target, picture = target * inside, picture * inside
    total = total + structure(target, picture)
    total = total + (target - picture).square().mean((1, 2, 3)) * PIXEL_WEIGHT
    return SideLoss(total, mask_term)
