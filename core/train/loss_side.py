"""The loss of one person: structure, pixels, eyes and mouth, mask (facts/losses.md 3 and 4). One number a sample."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from core.settings.family import AMP, QUICK96
from core.settings.kind import Value
from core.train.loss_blur import gaussian_blur, soft_mask
from core.train.loss_msssim import multiscale, multiscale_and_pixels
from core.train.loss_ssim import structure
from core.train.train_batch import TrainSide

PIXEL_WEIGHT = 10
STRUCTURE_WEIGHT = 10
EYES_MOUTH_WEIGHT = 300
MASK_WEIGHT = 10
PLAIN_BLUR = 3  # pixels


class SideLoss(NamedTuple):
    """Loss of each sample, (b,): all terms, and the mask's term in it."""

    total: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class LossForm:
    """How faces are compared.

    is_masked: structure and pixels count inside the softened face mask only. background_power: the share with which
    they count once more over the whole picture. has_two_windows: at any size, not from 256 pixels on only.
    is_plain: the mask is softened across its edge and not grown.
    """

    function: str = "SSIM"
    is_masked: bool = True
    background_power: float = 0.0
    has_two_windows: bool = False
    is_plain: bool = False


def form_of(settings: Mapping[str, Value]) -> LossForm:
    """The form that a run's settings and family ask for."""
    return LossForm(str(settings["loss_function"]), bool(settings["masked_training"]),
                    float(settings["background_power"]), settings["model"] == AMP, settings["model"] == QUICK96)


@torch.no_grad()
def inside_of(mask: Tensor, form: LossForm) -> Tensor:
    """The softened face mask (b, 1, R, R): 1 in the face, 0 away from it."""
    return gaussian_blur(mask, PLAIN_BLUR) if form.is_plain else soft_mask(mask)


def side_loss(picture: Tensor, mask: Tensor, side: TrainSide, form: LossForm, inside: Tensor | None = None) -> SideLoss:
    """How far `picture` (b, 3, R, R) and `mask` (b, 1, R, R) are from the targets.

    inside: `inside_of` the side's mask, made here where it is needed and not given. Eyes and mouth count where the side
    has their mask. The gradient to take is that of the sum over the batch.
    """
    target = side.target
    mask_term = (side.mask - mask).square().mean((1, 2, 3)) * MASK_WEIGHT
    total = mask_term
    if side.eyes_mouth is not None:
        total = total + ((target - picture) * side.eyes_mouth).abs().mean((1, 2, 3)) * EYES_MOUTH_WEIGHT
    if form.background_power:
        total = total + likeness_loss(target, picture, form) * form.background_power
    if form.is_masked:
        inside = inside_of(side.mask, form) if inside is None else inside
        target, picture = target * inside, picture * inside
    return SideLoss(total + likeness_loss(target, picture, form), mask_term)


def likeness_loss(target: Tensor, picture: Tensor, form: LossForm) -> Tensor:
    """Structure and pixels, (b,). MS-SSIM+L1 has its own pixel term in place of the squared one."""
    if form.function.startswith("MS-SSIM+L1"):
        return multiscale_and_pixels(target, picture, is_dfl=form.function.endswith("dfl")) * STRUCTURE_WEIGHT
    pixels = (target - picture).square().mean((1, 2, 3)) * PIXEL_WEIGHT
    if form.function == "MS-SSIM":
        return multiscale(target, picture) * STRUCTURE_WEIGHT + pixels
    return structure(target, picture, has_two_windows=form.has_two_windows) + pixels
