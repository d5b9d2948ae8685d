"""The SAEHD networks, df and liae: how their parts are wired (facts/networks.md 3), and their blocks."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from core.events.event import Block
from core.nets.layer import BLOCKS
from core.nets.part import Decoder, Encoder, Inter
from core.nets.shape import NetworkShape, shape_of
from core.settings.error import NetworkError
from core.settings.kind import Value


class Prediction(NamedTuple):
    """Both people drawn as themselves: pictures (b, 3, R, R) and masks (b, 1, R, R), 0..1."""

    src: Tensor
    src_mask: Tensor
    dst: Tensor
    dst_mask: Tensor


class SaehdNetwork(nn.Module):
    """df: one inter, a decoder for each person. liae: inter_ab sees both, inter_b dst only, one decoder.

    Built under `torch.device("meta")` it costs nothing and still knows its blocks and shapes.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = Encoder(shape)
        if shape.archi.kind == "df":
            self.inter = Inter(shape)
            self.decoder_src = Decoder(shape)
            self.decoder_dst = Decoder(shape)
        else:
            self.inter_ab = Inter(shape)
            self.inter_b = Inter(shape)
            self.decoder = Decoder(shape)

    # --- blocks ---------------------------------------------------------------------------------------------------
    @property
    def blocks(self) -> list[Block]:
        """Every lockable block in build order."""
        sizes = {name: [p.numel() for p in module.parameters()] for name, module in named_blocks(self)}
        return [Block(name, name.partition(".")[0], sum(size), len(size)) for name, size in sizes.items()]

    def parameters_of(self, block: str) -> dict[str, nn.Parameter]:
        """The tensors of a block by their name inside it, e.g. `conv.weight`. Raises NetworkError."""
        for name, module in named_blocks(self):
            if name == block:
                return dict(module.named_parameters())
        raise NetworkError(f"this network has no block {block!r}", hint="its blocks are in `dfl-tui show`")

    # --- passes ---------------------------------------------------------------------------------------------------
    def train_pass(self, src: Tensor, dst: Tensor, *, shared_pass: bool) -> Prediction:
        """What the losses need, and no more: src drawn as src, dst drawn as dst.

        src, dst: (b, 3, R, R). shared_pass: both go through the common parts as one batch; the numbers are the same
        up to rounding.
        """
        codes = self.codes_together(src, dst) if shared_pass else self.codes_apart(src, dst)
        if self.shape.archi.kind == "df":
            return Prediction(*self.decoder_src(codes[0]), *self.decoder_dst(codes[1]))
        if not shared_pass:
            return Prediction(*self.decoder(codes[0]), *self.decoder(codes[1]))
        pictures, masks = self.decoder(torch.cat(codes))
        (a, b), (ma, mb) = pictures.split(len(src)), masks.split(len(src))
        return Prediction(a, ma, b, mb)

    def codes_together(self, src: Tensor, dst: Tensor) -> tuple[Tensor, Tensor]:
        """Codes of src as src and dst as dst, (b, code channels, s, s) each, from one pass over both."""
        count = len(src)
        features = self.encoder(torch.cat([src, dst]))
        if self.shape.archi.kind == "df":
            src_code, dst_code = self.inter(features).split(count)
            return src_code, dst_code
        src_ab, dst_ab = self.inter_ab(features).split(count)
        return torch.cat([src_ab, src_ab], 1), torch.cat([self.inter_b(features[count:]), dst_ab], 1)

    def codes_apart(self, src: Tensor, dst: Tensor) -> tuple[Tensor, Tensor]:
        """The same as `codes_together`, each person in a pass of its own."""
        return self.src_code(self.encoder(src)), self.dst_code(self.encoder(dst))

    def src_code(self, features: Tensor) -> Tensor:
        """The code that is drawn as src: of a src face its reconstruction, of a dst face the swap."""
        if self.shape.archi.kind == "df":
            code: Tensor = self.inter(features)
            return code
        ab = self.inter_ab(features)
        return torch.cat([ab, ab], 1)

    def dst_code(self, features: Tensor) -> Tensor:
        """The code that is drawn as dst."""
        if self.shape.archi.kind == "df":
            code: Tensor = self.inter(features)
            return code
        return torch.cat([self.inter_b(features), self.inter_ab(features)], 1)

    def draw_src(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Picture and mask of a code, drawn as src."""
        image, mask = (self.decoder_src if self.shape.archi.kind == "df" else self.decoder)(code)
        return image, mask

    def draw_dst(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Picture and mask of a code, drawn as dst."""
        image, mask = (self.decoder_dst if self.shape.archi.kind == "df" else self.decoder)(code)
        return image, mask

    @torch.no_grad()
    def reconstruct(self, src: Tensor, dst: Tensor) -> Prediction:
        """Both people drawn as themselves, without gradients."""
        src_code, dst_code = self.codes_apart(src, dst)
        return Prediction(*self.draw_src(src_code), *self.draw_dst(dst_code))

    @torch.no_grad()
    def swap(self, dst: Tensor) -> tuple[Tensor, Tensor]:
        """dst faces drawn as src: picture and mask, without gradients."""
        return self.draw_src(self.src_code(self.encoder(dst)))


def named_blocks(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Every block under `module` with its dotted name, in build order."""
    for name, child in module.named_children():
        if isinstance(child, BLOCKS):
            yield prefix + name, child
        else:
            yield from named_blocks(child, f"{prefix}{name}.")


def make_network(settings: Mapping[str, Value]) -> SaehdNetwork:
    """The network of these settings, on the CPU, its weights not set yet. Raises NetworkError."""
    with torch.device("meta"):  # torch's own first weights would be thrown away, and cost seconds for large networks
        network = SaehdNetwork(shape_of(settings))
    network.to_empty(device="cpu")
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network
