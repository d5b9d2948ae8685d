"""A training step as one would write it first: the yardstick for ours, with the same network and the same numbers.

Two encoder passes, the swap decoded with its graph although no loss needs it, DSSIM over a padded two-dimensional
window map by map, AdaBelief in plain expressions, tensor by tensor.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from core.nets.network import FaceNetwork
from core.train.loss_blur import gaussian_row
from core.train.loss_ssim import SIGMA, windows_for
from core.train.train_batch import TrainBatch, TrainSide

LR, BETA1, BETA2, FLOOR = 5e-5, 0.9, 0.999, 1e-6


def window(side: int, sigma: float, channels: int) -> Tensor:
    """A two-dimensional Gaussian for each channel."""
    row = gaussian_row(side, sigma)
    return torch.outer(row, row).expand(channels, 1, side, side)


def blur(x: Tensor, side: int, sigma: float) -> Tensor:
    """Padded so that the size is kept."""
    return F.conv2d(x, window(side, sigma, x.shape[1]), padding=side // 2, groups=x.shape[1])


def dssim(a: Tensor, b: Tensor, side: int) -> Tensor:
    """(1 - SSIM) / 2 of each sample."""
    ma, mb = blur(a, side, SIGMA), blur(b, side, SIGMA)
    va = blur(a * a, side, SIGMA) - ma * ma
    vb = blur(b * b, side, SIGMA) - mb * mb
    cov = blur(a * b, side, SIGMA) - ma * mb
    ssim = (2 * ma * mb + 1e-4) * (2 * cov + 9e-4) / ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4))
    return ((1 - ssim) / 2).mean((1, 2, 3))


def side_loss(picture: Tensor, mask: Tensor, side: TrainSide) -> Tensor:
    """Structure, pixels and mask of one person, masked training on."""
    radius = max(1, mask.shape[-1] // 32)
    soft = blur(side.mask, 4 * radius + 1, radius).clamp(0, 0.5) * 2
    a, b = side.target * soft, picture * soft
    loss = sum(10 / len(windows_for(a.shape[-1])) * dssim(a, b, n) for n in windows_for(a.shape[-1]))
    return loss + 10 * ((a - b) ** 2).mean((1, 2, 3)) + 10 * ((side.mask - mask) ** 2).mean((1, 2, 3))


class NaiveStep:
    """The network with its two moments, kept in dictionaries by parameter."""

    def __init__(self, network: FaceNetwork) -> None:
        self.network = network
        self.m = {p: torch.zeros_like(p) for p in network.parameters()}
        self.s = {p: torch.zeros_like(p) for p in network.parameters()}

    def __call__(self, batch: TrainBatch) -> float:
        """One step; the mean loss."""
        n = self.network
        src, dst = n.encoder(batch.src.warped), n.encoder(batch.dst.warped)
        src_src, dst_dst = n.draw_src(n.src_code(src)), n.draw_dst(n.dst_code(dst))
        self.swap = n.draw_src(n.src_code(dst))  # kept with its graph, as a training loop does that shows it sometimes
        loss = side_loss(*src_src, batch.src).sum() + side_loss(*dst_dst, batch.dst).sum()
        n.zero_grad()
        loss.backward()
        with torch.no_grad():
            for p in n.parameters():
                self.m[p] = BETA1 * self.m[p] + (1 - BETA1) * p.grad
                self.s[p] = BETA2 * self.s[p] + (1 - BETA2) * (p.grad - self.m[p]) ** 2
                p.copy_(p - LR * self.m[p] / (torch.sqrt(self.s[p]) + FLOOR))
        return loss.item()
