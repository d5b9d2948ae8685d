"""What a preview or a swap shows: each face as itself and, for dst, as src. In small chunks, without gradients."""

from typing import NamedTuple

import torch
from torch import Tensor

from core.nets.network import FaceNetwork, Morphs

CHUNK = 8  # faces at a time: a preview of many faces must not need more memory than a training step
WHOLE = Morphs()


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


def pictures(network: FaceNetwork, src: Tensor, dst: Tensor, *, morphs: Morphs = WHOLE,
             chunk: int = CHUNK) -> Pictures:
    """Everything that a preview shows of these faces; src, dst: (n, 3, R, R) on the network's device."""
    image, mask = joined([draw_src(network, part, morphs.src) for part in torch.split(src, chunk)])
    return Pictures(image, mask, *swapped(network, dst, morph=morphs.swap, chunk=chunk))


def swapped(network: FaceNetwork, dst: Tensor, *, morph: float = 1.0, chunk: int = CHUNK) -> Swapped:
    """dst faces (n, 3, R, R) drawn as dst and as src; morph: how far as src, where the network can tell."""
    return Swapped(*joined([draw_dst(network, part, morph) for part in torch.split(dst, chunk)]))


@torch.no_grad()
def draw_src(network: FaceNetwork, src: Tensor, morph: float) -> list[Tensor]:
    """src faces as src: picture, mask."""
    return [x.cpu() for x in network.draw_src(network.src_code(network.encode(src), morph))]


@torch.no_grad()
def draw_dst(network: FaceNetwork, dst: Tensor, morph: float) -> list[Tensor]:
    """dst faces as dst and as src, from one encoder pass: picture, mask, swap, swap mask."""
    features = network.encode(dst)
    drawn = (*network.draw_dst(network.dst_code(features)), *network.draw_src(network.src_code(features, morph)))
    return [x.cpu() for x in drawn]


def joined(chunks: list[list[Tensor]]) -> list[Tensor]:
    """Chunks of parallel lists as one list of whole tensors, in plain NCHW memory."""
    return [torch.cat(column).contiguous() for column in zip(*chunks, strict=True)]
