"""The parts of a network: encoder, inter, decoder with its mask branch (facts/networks.md 2.1 to 2.3).

A part is declared once, here: its attributes in this order are its blocks, and their names are the blocks' names.
"""

from torch import Tensor, nn

from core.nets.layer import (
    Activation,
    Dense,
    Down,
    HalfImageOut,
    ImageOut,
    MaskOut,
    Res,
    Up,
    cosine,
    leaky,
    pixel_norm,
)
from core.nets.shape import NetworkShape


def activation_of(shape: NetworkShape) -> Activation:
    """What stands after every convolution but the last."""
    return cosine if shape.archi.is_cosine else leaky


def decoder_widths(shape: NetworkShape, dims: int) -> list[int]:
    """Output channels of a decoder's levels, for `dims` of the picture or the mask."""
    return [8 * dims, 8 * dims, 4 * dims, 2 * dims] if shape.archi.is_deep else [8 * dims, 4 * dims, 2 * dims]


class Encoder(nn.Module):
    """A face to a vector: the last map, flat; AMP's goes through its first dense layer here."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        e, act = shape.e, activation_of(shape)
        self.is_unit = shape.archi.is_unit
        self.down1 = Down(3, e, act)
        if shape.archi.is_deep:
            self.res1 = Res(e, act)
        self.down2 = Down(e, 2 * e, act)
        self.down3 = Down(2 * e, 4 * e, act)
        self.down4 = Down(4 * e, 8 * e, act)
        if shape.archi.is_deep:
            self.down5 = Down(8 * e, 8 * e, act)
            self.res5 = Res(8 * e, act)
        self.levels = [name for name, _ in self.named_children()]
        self.dense1 = Dense(shape.features, shape.ae) if shape.is_amp else nn.Identity()

    def forward(self, x: Tensor, added: Tensor | None = None) -> Tensor:
        """added: (b, e, R/2, R/2), what the stems of octaves saw, or None."""
        x = self.down1(x, added)
        for name in self.levels[1:]:
            x = self.get_submodule(name)(x)
        x = x.flatten(1)  # (b, 8e h w), channel-major
        vector: Tensor = self.dense1(pixel_norm(x) if self.is_unit else x)
        return vector


class Inter(nn.Module):
    """A vector to a code map, through the narrow dense pair, of which AMP's has only the second half."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.map = (shape.inter_channels, shape.dense_side, shape.dense_side)
        self.dense1 = nn.Identity() if shape.is_amp else Dense(shape.features, shape.ae)
        self.dense2 = Dense(shape.ae, shape.inter_channels * shape.dense_side**2)
        widen = Up(shape.inter_channels, shape.inter_channels, activation_of(shape))
        self.upscale1 = nn.Identity() if shape.archi.is_deep else widen

    def forward(self, x: Tensor) -> Tensor:
        code: Tensor = self.upscale1(self.dense2(self.dense1(x)).unflatten(1, self.map))
        return code  # (b, channels, s, s)


class MaskBranch(nn.Module):
    """A code map to a mask."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        inputs = shape.code_channels
        widths = decoder_widths(shape, shape.m) + ([shape.m] if shape.archi.is_half else [])
        for level, outputs in enumerate(widths):
            self.add_module(f"upscale{level}", Up(inputs, outputs, activation_of(shape)))
            inputs = outputs
        self.out = MaskOut(inputs)

    def features(self, z: Tensor) -> Tensor:
        """The last map before the mask, (b, m or 2m, R, R)."""
        for name, block in self.named_children():
            if name != "out":
                z = block(z)
        return z

    def forward(self, z: Tensor) -> Tensor:
        mask: Tensor = self.out(self.features(z))
        return mask


class Decoder(nn.Module):
    """A code map to a face and its mask."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        inputs = shape.code_channels
        self.levels: list[tuple[str, str]] = []
        for level, outputs in enumerate(decoder_widths(shape, shape.d)):
            self.levels.append((f"upscale{level}", f"res{level}"))
            self.add_module(f"upscale{level}", Up(inputs, outputs, activation_of(shape)))
            self.add_module(f"res{level}", Res(outputs, activation_of(shape)))
            inputs = outputs
        self.out = HalfImageOut(inputs) if shape.archi.is_half else ImageOut(inputs)
        self.mask = MaskBranch(shape)

    def features(self, z: Tensor) -> Tensor:
        """The last map before the picture, (b, 2d, R, R); with letter `d` of half the side."""
        for upscale, res in self.levels:
            z = self.get_submodule(res)(self.get_submodule(upscale)(z))
        return z

    def picture(self, z: Tensor) -> Tensor:
        """(b, code channels, s, s) -> (b, 3, R, R)."""
        image: Tensor = self.out(self.features(z))
        return image

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self.picture(z), self.mask(z)
