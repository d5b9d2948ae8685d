"""An octave: what doubles a network's side once, around what it was (facts/training.md 1.1).

Heads add to the pictures' and masks' logits: the sum before the sigmoid is exact for doubled pixels and cannot leave
0..1. The last convolutions are 0 at birth, so that the network draws what it drew, each pixel four times.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.nets.layer import Activation, Down, Res, Residue, Up, depth_to_space, in_full
from core.nets.part import activation_of, decoder_widths
from core.nets.shape import NetworkShape
from core.settings.growth import Octave

PEOPLE = ("src", "dst")
# Where an enlarged pixel lies between its neighbours: Keys' kernel with a = -0.75 at 1.75, 0.75, 0.25, 1.25 pixels, the
# one that torch and OpenCV take.
TAPS = (-0.03515625, 0.26171875, 0.87890625, -0.10546875)


class Maps(NamedTuple):
    """The last maps of a decoder and what becomes of them before the sigmoid; the mask's are None where none is drawn.

    features: (b, c, s, s), of half the side below an octave of a `d` network. logits: (b, 3, s, s).
    """

    features: Tensor
    logits: Tensor
    mask_features: Tensor | None
    mask_logits: Tensor | None


class MaskHead(nn.Module):
    """The mask's part of a head."""

    def __init__(self, inputs: int, channels: int, act: Activation) -> None:
        super().__init__()
        self.up = Up(inputs, channels, act)
        self.out = Residue(channels, 1, 3)


class Head(nn.Module):
    """From the maps of one side to those of twice the side, for one decoder."""

    def __init__(self, shape: NetworkShape, below: tuple[int, int], octave: Octave, *, is_first: bool) -> None:
        super().__init__()
        act, (inputs, mask_inputs) = activation_of(shape), below
        if is_first and shape.archi.is_half:    # the map below has half the side of its picture
            self.up0 = Up(inputs, octave.channels, act)
            inputs = octave.channels
        self.up = Up(inputs, octave.channels, act)
        self.res = Res(octave.channels, act)
        self.out = Residue(octave.channels, 3, 3)
        self.mask = MaskHead(mask_inputs, octave.mask_channels, act)

    def forward(self, maps: Maps, smoothness: float) -> Maps:
        """smoothness: 0 doubles what is below pixel by pixel, 1 enlarges it smoothly."""
        x = maps.features
        if "up0" in self._modules:
            x = self.up0(x)
        features = self.res(self.up(x))
        logits = enlarged(maps.logits, smoothness) + self.out(features)
        if maps.mask_features is None or maps.mask_logits is None:
            return Maps(features, logits, None, None)
        mask_features = self.mask.up(maps.mask_features)
        mask_logits = enlarged(maps.mask_logits, smoothness) + self.mask.out(mask_features)
        return Maps(features, logits, mask_features, mask_logits)


class Stem(nn.Module):
    """What the encoder's first map is given of the finer picture: (b, 3, 2^level R, ..) -> (b, e, R/2, R/2)."""

    def __init__(self, channels: int, outputs: int, level: int, act: Activation) -> None:
        super().__init__()
        inputs = 3
        for number in range(1, level + 1):
            self.add_module(f"down{number}", Down(inputs, channels, act))
            inputs = channels
        self.out = Residue(channels, outputs, 5, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.children():
            x = block(x)
        return x


class OctaveParts(nn.Module):
    """One octave of a network: a head for each decoder, and a stem where it has one. level: 1 is next to the core."""

    def __init__(self, shape: NetworkShape, octaves: tuple[Octave, ...], level: int) -> None:
        super().__init__()
        octave = octaves[level - 1]
        self.born = octave.born
        if octave.stem:
            self.stem = Stem(octave.stem, shape.e, level, activation_of(shape))
        below = widths_below(shape, octaves, level)
        people = PEOPLE if shape.archi.kind == "df" else ("",)
        heads = {person: Head(shape, below, octave, is_first=level == 1) for person in people}
        self.head: nn.Module = heads[""] if "" in heads else nn.ModuleDict(heads)

    def head_of(self, person: str) -> Head:
        """The head behind the decoder that draws src or dst."""
        head = self.head[person] if isinstance(self.head, nn.ModuleDict) else self.head
        if not isinstance(head, Head):
            raise TypeError(f"{type(head).__name__} is no head")
        return head


def widths_below(shape: NetworkShape, octaves: tuple[Octave, ...], level: int) -> tuple[int, int]:
    """Channels of the picture's and the mask's last map below an octave."""
    if level > 1:
        return octaves[level - 2].channels, octaves[level - 2].mask_channels
    mask = shape.m if shape.archi.is_half else decoder_widths(shape, shape.m)[-1]
    return decoder_widths(shape, shape.d)[-1], mask


# --- the sizes -------------------------------------------------------------------------------------------------------
def pooled(x: Tensor) -> Tensor:
    """Half the side by means of 2 x 2: of doubled pixels exactly what they were, for sums and quarters of equal numbers
    are exact in any precision."""
    return F.avg_pool2d(x, 2)


def doubled(x: Tensor) -> Tensor:
    """Each pixel as 2 x 2 equal ones."""
    b, c, h, w = x.shape
    pixels = x.permute(0, 2, 3, 1)[:, :, None, :, None].expand(b, h, 2, w, 2, c)
    return pixels.reshape(b, 2 * h, 2 * w, c).permute(0, 3, 1, 2)


def smooth(x: Tensor) -> Tensor:
    """Twice the side, bicubic, as torch's own with its edge pixels repeated.

    Written as one convolution: torch's has no backward pass on a GPU whose sums come out the same every time.
    """
    b, c, h, w = x.shape
    row = x.new_tensor([[*TAPS, 0.0], [0.0, *reversed(TAPS)]])         # (phase, tap)
    kernel = torch.einsum("pi,qj->pqij", row, row).reshape(4, 1, 5, 5)
    y = x.reshape(b * c, 1, h, w)
    y = torch.cat([y[:, :, :1], y[:, :, :1], y, y[:, :, -1:], y[:, :, -1:]], 2)
    y = torch.cat([y[..., :1], y[..., :1], y, y[..., -1:], y[..., -1:]], 3)
    with in_full(y):    # logits: 8 bits of them are too few
        return depth_to_space(F.conv2d(y, kernel)).reshape(b, c, 2 * h, 2 * w)


def enlarged(x: Tensor, smoothness: float) -> Tensor:
    """Twice the side: doubled pixels, smooth, or between the two. At 0 exactly doubled."""
    if smoothness <= 0:
        return doubled(x)
    return smooth(x) if smoothness >= 1 else torch.lerp(doubled(x), smooth(x), smoothness)
