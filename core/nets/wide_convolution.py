"""A 3x3 convolution of few places and many weights as one product of matrices: on a CPU, for training.

The CPU's convolution kernels are made for large maps. Where a weight is large and the map small, as in the first
upscale of a decoder, they run at 28 to 81 GFLOP a second of one core, a plain product at 64 to 92 (2048 x 256 channels:
8x8 with 4 faces 65 and 92, with 8 faces 81 and 92; at 16x16 96 and 93, there the kernels are better).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MOST_PLACES = 576           # pixels of the whole batch
LEAST_WEIGHTS = 4_000_000   # below, both are equally fast


def convolved(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """`conv(x)` of a 3x3 convolution of stride 1, by the way that is faster here. (b, c, h, w) -> (b, outputs, h, w).

    Only where the weight learns: pictures, exports and locked parts are computed by the kernels.
    """
    learns = torch.is_grad_enabled() and conv.weight.requires_grad
    places, weights = x.shape[0] * x.shape[2] * x.shape[3], conv.weight.numel()
    if learns and x.device.type == "cpu" and places <= MOST_PLACES and weights >= LEAST_WEIGHTS:
        return product(x, conv)
    y: Tensor = conv(x)
    return y


def product(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """The windows of 3x3 pixels as rows, times the weights."""
    b, c, h, w = x.shape
    windows = F.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1).unfold(1, 3, 1).unfold(2, 3, 1)   # (b, h, w, c, 3, 3)
    rows = windows.permute(0, 1, 2, 4, 5, 3).reshape(b * h * w, 9 * c)
    weights = conv.weight.permute(0, 2, 3, 1).reshape(-1, 9 * c)        # with channels last in memory no copy
    return F.linear(rows, weights, conv.bias).view(b, h, w, -1).permute(0, 3, 1, 2)
