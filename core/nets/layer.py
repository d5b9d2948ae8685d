"""The lockable blocks that every part is made of (facts/networks.md 1 and 2).

Maps lie in memory with the channels last: depth-to-space is then a copy of long runs, and convolutions of few channels
are faster (128 -> 12 at 64 px, forward and backward, 22 ms or 16 ms on one AVX-512 core). Results are the same for any
layout. Activations work in place: a convolution needs its input for its gradient, never its output.

Under torch.autocast convolutions compute in half precision. What must not is in float32 here whoever calls: dense
layers and pixel norm, which sum over thousands of numbers, and sigmoids, for bf16 has two bits less than a picture near
1. Without autocast none of that does anything.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.nets.wide_convolution import convolved

Activation = Callable[[Tensor, float], Tensor]

PIXEL_NORM_FLOOR = 1e-6


def leaky(x: Tensor, slope: float) -> Tensor:
    """Leaky ReLU, in place."""
    return F.leaky_relu(x, slope, inplace=True)


def cosine(x: Tensor, slope: float) -> Tensor:  # noqa: ARG001 - every activation takes a slope
    """x cos x; the slope has no meaning here."""
    return x * torch.cos(x)


def widened(x: Tensor) -> Tensor:
    """`x` in float32 where it was in half precision, else as it is."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def in_full(x: Tensor) -> AbstractContextManager[object]:
    """Where what is computed of `x` keeps its precision, whatever autocast says."""
    if x.is_meta or not torch.is_autocast_enabled(x.device.type):
        return nullcontext()
    return torch.autocast(x.device.type, enabled=False)


def depth_to_space(x: Tensor) -> Tensor:
    """(b, 4c, h, w) -> (b, c, 2h, 2w) in DCR order: channel (2 dy + dx) c + k becomes pixel (2i + dy, 2j + dx) of k.

    `torch.pixel_shuffle` reads its channels in another order and would scramble the original's weights.
    """
    b, c, h, w = x.shape
    if x.is_contiguous() and not x.is_contiguous(memory_format=torch.channels_last):    # plain order stays plain
        planes = x.view(b, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2)
        return planes.reshape(b, c // 4, 2 * h, 2 * w)
    pixels = x.permute(0, 2, 3, 1).reshape(b, h, w, 2, 2, c // 4)
    return pixels.permute(0, 1, 3, 2, 4, 5).reshape(b, 2 * h, 2 * w, c // 4).permute(0, 3, 1, 2)


def pixel_norm(x: Tensor) -> Tensor:
    """(b, n) scaled so that each row's mean square is 1."""
    x = widened(x)
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + PIXEL_NORM_FLOOR)


def convolution(inputs: int, outputs: int, side: int, *, stride: int = 1) -> nn.Conv2d:
    """A convolution with bias and zeros around: side // 2 on all sides, whatever the stride."""
    return nn.Conv2d(inputs, outputs, side, stride=stride, padding=side // 2)


class Dense(nn.Linear):
    """A dense layer, in float32 under autocast too: its sums are long, and of small batches a copy of its weights in
    half precision would cost more than it saves."""

    def forward(self, x: Tensor) -> Tensor:
        with in_full(x):
            return super().forward(widened(x))


class Down(nn.Module):
    """Half the side: 5x5 convolution of stride 2."""

    def __init__(self, inputs: int, outputs: int, act: Activation) -> None:
        super().__init__()
        self.conv = convolution(inputs, outputs, 5, stride=2)
        self.act = act

    def forward(self, x: Tensor, added: Tensor | None = None) -> Tensor:
        """added: joins in before the activation; what an octave's stem saw."""
        y = self.conv(x)
        return self.act(y if added is None else y + added, 0.1)


class Up(nn.Module):
    """Twice the side: 3x3 convolution to four times the channels, activation, depth-to-space."""

    def __init__(self, inputs: int, outputs: int, act: Activation) -> None:
        super().__init__()
        self.conv = convolution(inputs, outputs * 4, 3)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        return depth_to_space(self.act(convolved(x, self.conv), 0.1))


class Res(nn.Module):
    """Two 3x3 convolutions around which the input is added."""

    def __init__(self, channels: int, act: Activation) -> None:
        super().__init__()
        self.conv1 = convolution(channels, channels, 3)
        self.conv2 = convolution(channels, channels, 3)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(self.act(self.conv1(x), 0.2))
        return self.act(y.add_(x), 0.2)


class ImageOut(nn.Module):
    """The picture: 1x1 convolution and sigmoid."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv = convolution(inputs, 3, 1)

    def logits(self, x: Tensor) -> Tensor:
        """The picture before its sigmoid: octaves add to it there, where nothing saturates."""
        return widened(self.conv(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(x).sigmoid_()  # (b, 3, h, w)


class HalfImageOut(nn.Module):
    """The picture of letter `d`: four convolutions, one for each pixel of a 2x2 cell, and sigmoid."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv = convolution(inputs, 3, 1)
        self.conv1 = convolution(inputs, 3, 3)
        self.conv2 = convolution(inputs, 3, 3)
        self.conv3 = convolution(inputs, 3, 3)

    def logits(self, x: Tensor) -> Tensor:
        """The picture before its sigmoid, put together."""
        # One convolution of 12 channels: four of 3 cost nearly as much each (16 ms against 4 x 14), because
        # kernels compute 16 channels at a time. The 1x1 kernel is the middle of a 3x3 one.
        middle, *others = (dict(conv.named_parameters()) for conv in self.children())
        weight = torch.cat([F.pad(middle["weight"], (1, 1, 1, 1)), *(other["weight"] for other in others)])
        bias = torch.cat([middle["bias"], *(other["bias"] for other in others)])
        return widened(depth_to_space(F.conv2d(x, weight, bias, padding=1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(x).sigmoid_()  # (b, 3, 2h, 2w)


class MaskOut(nn.Module):
    """The mask: 1x1 convolution and sigmoid."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.conv = convolution(inputs, 1, 1)

    def logits(self, x: Tensor) -> Tensor:
        """The mask before its sigmoid."""
        return widened(self.conv(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(x).sigmoid_()  # (b, 1, h, w)


class Residue(nn.Module):
    """What an octave adds: a convolution that is 0 at birth, so that the network draws what it drew before."""

    def __init__(self, inputs: int, outputs: int, side: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv = convolution(inputs, outputs, side, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y


class Widen(nn.ConvTranspose2d):
    """3x3 transposed convolution: `stride` times the side (facts/networks.md 1.2)."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 2) -> None:
        super().__init__(inputs, outputs, 3, stride=stride, padding=1 if stride == 1 else 0)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Of stride 2 the full result is a row and a column too large. The original cuts them off at the end; padding
        and output padding would cut elsewhere."""
        sides = [side * self.stride[0] for side in x.shape[2:]] if output_size is None else output_size
        return super().forward(x)[:, :, : sides[0], : sides[1]]


class ResponseNorm(nn.Module):
    """FRN: each channel over the root of its mean square, then weight and bias (facts/networks.md 1.7)."""

    FIRST: ClassVar[dict[str, float]] = {"weight": 1.0, "bias": 0.0, "eps": PIXEL_NORM_FLOOR}

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self.eps = nn.Parameter(torch.empty(1))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.rsqrt(x.square().mean(dim=(2, 3), keepdim=True) + self.eps.abs())
        return x * scale * self.weight[:, None, None] + self.bias[:, None, None]


class Threshold(nn.Module):
    """TLU: the larger of x and a threshold for each channel."""

    FIRST: ClassVar[dict[str, float]] = {"tau": 0.0}

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.tau = nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        return torch.maximum(x, self.tau[:, None, None])


class NormedConv(nn.Module):
    """3x3 convolution, or where it `widens` a transposed one to twice the side; response norm; threshold."""

    def __init__(self, inputs: int, outputs: int, *, widens: bool = False) -> None:
        super().__init__()
        self.conv = Widen(inputs, outputs) if widens else convolution(inputs, outputs, 3)
        self.frn = ResponseNorm(outputs)
        self.tlu = Threshold(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.tlu(self.frn(self.conv(x)))
        return y


class BlurPool(nn.Module):
    """Half the side under a binomial window of `size` cells; nothing in it is trained."""

    ROWS: ClassVar[dict[int, tuple[int, ...]]] = {2: (1, 1), 3: (1, 2, 1), 4: (1, 3, 3, 1)}

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        row = x.new_tensor(self.ROWS[self.size])
        window = torch.outer(row, row)
        window = (window / window.sum()).expand(x.shape[1], 1, -1, -1)
        before, after = (self.size - 1) // 2, self.size // 2
        return F.conv2d(F.pad(x, (before, after, before, after)), window, stride=2, groups=x.shape[1])


BLOCKS = (Down, Up, Res, NormedConv, Widen, ImageOut, HalfImageOut, MaskOut, Residue, nn.Linear, nn.Conv2d)
