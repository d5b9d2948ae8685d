"""The two judges: of pictures (GAN, facts/networks.md 6) and of codes (true face, facts/networks.md 7).

Both give logits. They stand beside a network and have blocks of their own, so that locks, optimizer and saves take
them as they take it.
"""

from collections.abc import Mapping
from functools import cache
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from core.nets.block import BlockNetwork
from core.nets.layer import Widen, convolution
from core.nets.shape import shape_of
from core.settings.error import NetworkError
from core.settings.kind import Value

MAX_LAYERS = 9
WIDEST = 512        # channels of a level
PICTURE_SLOPE, CODE_SLOPE = 0.2, 0.1
CODE_BASE = 256


@cache
def patch_layers(patch: int) -> tuple[int, ...]:
    """Strides of the 3x3 layers whose receptive field is nearest to `patch` pixels; of two, the smaller field.

    For each field the original takes the fewest layers, then the largest sum of strides, then the first that it meets.
    """
    best: dict[int, tuple[int, ...]] = {}
    for count in range(1, MAX_LAYERS + 1):
        # it counts a bit pattern down from all ones, and the lowest bit belongs to the second layer
        for bits in product((2, 1), repeat=count - 1):
            strides = (2, *reversed(bits))
            field = field_of(strides)
            known = best.get(field)
            if known is None or (len(known) == count and sum(strides) > sum(known)):
                best[field] = strides
    nearest = min(best, key=lambda field: (abs(field - patch), field))
    return best[nearest]


def field_of(strides: tuple[int, ...]) -> int:
    """Receptive field of 3x3 layers with these strides, in pixels."""
    field, step = 3, strides[0]
    for stride in strides[1:]:
        field += 2 * step
        step *= stride
    return field


class PatchDiscriminator(BlockNetwork):
    """Tells drawn pictures from real ones: how real each patch is, and by a U-Net each pixel. dims: its base width."""

    def __init__(self, patch_size: int, dims: int, *, name: str = "gan") -> None:
        super().__init__(name)
        self.strides = patch_layers(patch_size)
        depth = len(self.strides)
        widths = [min(dims * 2**level, WIDEST) for level in range(depth + 1)]
        self.convs = [f"conv{level}" for level in range(depth)]
        self.upconvs = [f"upconv{level}" for level in range(depth)]     # 0 is the deepest
        for level, conv in enumerate(self.convs):
            self.add_module(conv, convolution(widths[level], widths[level + 1], 3, stride=self.strides[level]))
        for upconv, level in zip(self.upconvs, reversed(range(depth)), strict=True):
            joined = 1 if level == depth - 1 else 2     # all but the deepest take what they are joined with
            self.add_module(upconv, Widen(joined * widths[level + 1], widths[level], stride=self.strides[level]))
        self.add_module("in", convolution(3, widths[0], 1))
        self.out = convolution(2 * widths[0], 1, 1)
        self.center_out = convolution(widths[-1], 1, 1)
        self.center = convolution(widths[-1], widths[-1], 1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(b, 3, R, R) -> logits of the patches (b, 1, r, r) and of the pixels (b, 1, R, R). R must pass check_side."""
        x = self.act(self.get_submodule("in")(images))
        skips: list[Tensor] = []
        for conv in self.convs:
            skips.append(x)
            x = self.act(self.get_submodule(conv)(x))
        patches: Tensor = self.center_out(x)
        x = self.act(self.center(x))
        for upconv, skip in zip(self.upconvs, reversed(skips), strict=True):
            x = torch.cat([skip, self.act(self.get_submodule(upconv)(x))], 1)
        pixels: Tensor = self.out(x)
        return patches, pixels

    def act(self, x: Tensor) -> Tensor:
        """Leaky ReLU, in place: each convolution's result is used once."""
        return F.leaky_relu(x, PICTURE_SLOPE, inplace=True)

    def check_side(self, resolution: int) -> None:
        """Raise NetworkError where pictures of this side do not come back at their size."""
        step = 2 ** self.strides.count(2)
        if resolution % step:
            raise NetworkError(f"a GAN of {field_of(self.strides)} pixel patches cannot judge pictures of {resolution}",
                               hint=f"it halves them {self.strides.count(2)} times: give a resolution in steps of "
                                    f"{step}, or another gan_patch_size")


class CodeDiscriminator(BlockNetwork):
    """Tells codes of src from codes of dst. channels: of a code map, code_side: its side in pixels."""

    def __init__(self, channels: int, code_side: int, *, base: int = CODE_BASE,
                 name: str = "code_discriminator") -> None:
        super().__init__(name)
        self.convs = [f"conv{level}" for level in range(1 + code_side // 8)]
        for level, conv in enumerate(self.convs):
            width = base * min(2**level, 8)
            self.add_module(conv, convolution(channels, width, 3 if level else 4, stride=2))
            channels = width
        self.out = convolution(channels, 1, 1)

    def forward(self, code: Tensor) -> Tensor:
        """(b, channels, s, s) -> logits (b, 1, t, t)."""
        for conv in self.convs:
            code = F.leaky_relu(self.get_submodule(conv)(code), CODE_SLOPE, inplace=True)
        logits: Tensor = self.out(code)
        return logits


def make_patch_discriminator(settings: Mapping[str, Value]) -> PatchDiscriminator:
    """A judge of a run's pictures, its weights not set. gan_patch_size 0: an eighth of the side. NetworkError."""
    resolution = int(settings["resolution"])
    gan = PatchDiscriminator(int(settings["gan_patch_size"]) or resolution // 8, int(settings["gan_dims"]))
    gan.check_side(resolution)
    return gan


def make_code_discriminator(settings: Mapping[str, Value]) -> CodeDiscriminator:
    """A judge of a run's codes, its weights not set. Raises NetworkError for all but df (facts/files.md 11, 11b)."""
    shape = shape_of(settings)
    if shape.archi.kind != "df":
        raise NetworkError(f"true face needs a df network and not {shape.archi.kind}",
                           hint="only there do both people have a code of one kind")
    return CodeDiscriminator(shape.code_channels, shape.code_side)
