"""What a discriminator is told about its examples: smoothed, and now and then the wrong way round.

As in the fork (facts/losses.md 4): real is 1 with probability 1 - noise and drawn is 1 with probability noise, anew for
every logit; then all is multiplied by 1 - smoothing, so that only "real" is doubted. Flips are drawn from a stream of
their own: a killed and resumed run tells the same.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from core.samples.share import WHOLE, Share
from core.samples.stream import Stream, block_words
from core.settings.kind import Value
from core.train.loss_judge import Label
from core.train.lrd import LrdStream, device_bytes

STEPS = 256     # noise is a multiple of 1/256


class Labels(NamedTuple):
    """The labels of a lesson's real and drawn examples."""

    real: Label
    fake: Label


def exact(smoothing: float = 0.0) -> Labels:
    """Labels without noise."""
    return Labels(lambda logits, _: torch.full_like(logits, 1 - smoothing), lambda logits, _: torch.zeros_like(logits))


def labels_of(settings: Mapping[str, Value], stream: LrdStream, iteration: int, share: Share = WHOLE) -> Labels:
    """The labels of the GAN's lesson after `iteration` completed iterations, for our share of the batch."""
    total = int(settings["batch_size"])
    noise, smoothing = round(float(settings["gan_noise"]) * STEPS), float(settings["gan_smoothing"])
    if not noise:
        return exact(smoothing)

    def told(what: str) -> Label:
        def label(logits: Tensor, head: int) -> Tensor:
            drawn = drawn_bytes(f"gan.{what}.{head}", batch_of(logits, total, share), stream, iteration)
            flips = rows_of(drawn, total, share) < noise
            return (flips ^ (what == "real")).to(logits.dtype) * (1 - smoothing)
        return label

    return Labels(told("real"), told("fake"))


def batch_of(logits: Tensor, total: int, share: Share) -> Tensor:
    """Something in the shape of the whole batch's logits, of which these are a share's: of one side or of both."""
    if share == WHOLE:
        return logits
    sides = len(logits) // len(share.slots(total))
    return logits.new_empty(()).expand(sides * total, *logits.shape[1:])


def rows_of(drawn: Tensor, total: int, share: Share) -> Tensor:
    """The share's rows of what was drawn for the batch, whose sides of `total` follow each other."""
    if share == WHOLE:
        return drawn
    return drawn.view(-1, total, *drawn.shape[1:])[:, share.rank::share.ranks].flatten(0, 1)


def drawn_bytes(name: str, like: Tensor, stream: LrdStream, iteration: int) -> Tensor:
    """Random bytes in the shape of `like`; on a GPU made there, from a seed of the stream."""
    def words(count: int) -> Tensor:
        return torch.from_numpy(block_words(stream.seed, Stream.LABEL, stream.life, iteration, name, count))

    count = like.numel()
    drawn = words(count) if like.device.type == "cpu" else device_bytes(words(8), count, like.device)
    return drawn.view(like.shape)
