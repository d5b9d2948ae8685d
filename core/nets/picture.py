"""What a preview or a swap shows: each face as itself and, for dst, as src. In small chunks, without gradients."""

from typing import NamedTuple

import torch
from torch import Tensor

from core.nets.saehd import SaehdNetwork

CHUNK = 8  # faces at a time: a preview of many faces must not need more memory than a training step


class Pictures(NamedTuple):
    """Pictures (n, 3, R, R) and masks (n, 1, R, R) on the CPU, 0..1. `swap` is dst drawn as src."""

    src: Tensor
    src_mask: Tensor
    dst: Tensor
    dst_mask: Tensor
    swap: Tensor
    swap_mask: Tensor


class Swapped(NamedTuple):
    """dst faces drawn as themselves and as src: (n, 3, R, R) and (n, 1, R, R) on the CPU, 0..1."""

    dst: Tensor
    dst_mask: Tensor
    swap: Tensor
    swap_mask: Tensor


def pictures(network: SaehdNetwork, src: Tensor, dst: Tensor, *, chunk: int = CHUNK) -> Pictures:
    """Everything that a preview shows of these faces; src, dst: (n, 3, R, R) on the network's device."""
    image, mask = joined([draw_src(network, part) for part in torch.split(src, chunk)])
    return Pictures(image, mask, *swapped(network, dst, chunk=chunk))


def swapped(network: SaehdNetwork, dst: Tensor, *, chunk: int = CHUNK) -> Swapped:
    """dst faces (n, 3, R, R) drawn as dst and as src."""
    return Swapped(*joined([draw_dst(network, part) for part in torch.split(dst, chunk)]))


@torch.no_grad()
def draw_src(network: SaehdNetwork, src: Tensor) -> list[Tensor]:
    """src faces as src: picture, mask."""
    return [x.cpu() for x in network.draw_src(network.src_code(network.encoder(src)))]


@torch.no_grad()
def draw_dst(network: SaehdNetwork, dst: Tensor) -> list[Tensor]:
    """dst faces as dst and as src, from one encoder pass: picture, mask, swap, swap mask."""
    features = network.encoder(dst)
    drawn = (*network.draw_dst(network.dst_code(features)), *network.draw_src(network.src_code(features)))
    return [x.cpu() for x in drawn]


def joined(chunks: list[list[Tensor]]) -> list[Tensor]:
    """Chunks of parallel lists as one list of whole tensors, in plain NCHW memory."""
    return [torch.cat(column).contiguous() for column in zip(*chunks, strict=True)]
