"""The target with its background replaced by a blur of itself that takes no light from the face (facts/losses.md 2)."""

from dataclasses import replace

import torch
from torch import Tensor

from core.train.loss_blur import gaussian_blur
from core.train.train_batch import TrainBatch, TrainSide

SHARE = 128     # the blur's sigma is this fraction of the side


def blurred_out(batch: TrainBatch, form: str) -> TrainBatch:
    """The batch with other targets: form `n` leaves them, `y` blurs, `dfl` blurs and darkens the border."""
    if form == "n":
        return batch
    return TrainBatch(blurred_side(batch.src, is_dfl=form == "dfl"), blurred_side(batch.dst, is_dfl=form == "dfl"))


def blurred_side(side: TrainSide, *, is_dfl: bool) -> TrainSide:
    """One side of `blurred_out`. The warped input stays."""
    return replace(side, target=blur_background(side.target, side.mask, is_dfl=is_dfl))


@torch.no_grad()
def blur_background(image: Tensor, mask: Tensor, *, is_dfl: bool) -> Tensor:
    """`image` (b, 3, R, R) inside the mask, its blurred rest outside.

    The blurred light is divided by the share of the background in it. The original takes 1 - (blurred face) for that
    share; as the blur pads with zeros, this counts what lies outside of the frame as background without light.
    """
    sigma, outside = image.shape[-1] / SHARE, 1 - mask
    light = gaussian_blur(image * outside, sigma)
    share = 1 - gaussian_blur(mask, sigma) if is_dfl else gaussian_blur(outside, sigma)
    return image * mask + light / torch.where(share == 0, 1, share) * outside
