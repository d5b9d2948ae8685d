"""The AMP networks: two inters whose channels are mixed, one decoder (facts/networks.md 4).

A src face is trained from a mix of both inters' channels, so that the decoder learns every blend between the two
people. The mix is given from outside: this module draws no random numbers.
"""

import numpy as np
import torch
from torch import Tensor

from core.nets.growth import GrowingNetwork
from core.nets.network import Codes, Mixing, Prediction
from core.nets.part import Decoder, Encoder, Inter
from core.nets.shape import NetworkShape
from core.settings.error import NetworkError


class AmpNetwork(GrowingNetwork):
    """mixing: AMP takes an exact number of inter_src channels, AMPLegacy draws for each channel."""

    def __init__(self, shape: NetworkShape, mixing: Mixing = "exact") -> None:
        super().__init__(shape)
        self.mixing: Mixing = mixing
        self.encoder = Encoder(shape)
        self.inter_src = Inter(shape)
        self.inter_dst = Inter(shape)
        self.decoder = Decoder(shape)

    # --- training -------------------------------------------------------------------------------------------------
    def train_pass(self, src: Tensor, dst: Tensor, *, shared_pass: bool, mix: Tensor | None = None) -> Prediction:
        """src drawn from a mix of both inters, dst from inter_dst. mix: (b, inter channels, 1, 1), of 0 and 1."""
        return self.drawn(self.codes(src, dst, shared_pass=shared_pass, mix=mix), shared_pass=shared_pass)

    def codes(self, src: Tensor, dst: Tensor, *, shared_pass: bool, mix: Tensor | None = None) -> Codes:
        """Codes of src and dst, (b, inter channels, s, s). A swap is never trained: its code is that of dst."""
        wanted = (len(src), self.shape.inter_channels, 1, 1)
        if mix is None or tuple(mix.shape) != wanted:
            raise NetworkError(f"an AMP network is trained with a mix of shape {wanted}", hint="draw one")
        if shared_pass:
            features = self.encode(torch.cat([src, dst]))
            as_src = self.inter_src(features[: len(src)])
            src_as_dst, as_dst = self.inter_dst(features).split(len(src))
        else:
            features = self.encode(src)
            as_src, src_as_dst = self.inter_src(features), self.inter_dst(features)
            as_dst = self.inter_dst(self.encode(dst))
        return Codes(as_src * mix + src_as_dst * (1 - mix), as_dst, as_dst)

    def levels(self, codes: Codes, *, shared_pass: bool) -> list[Prediction]:
        """Both people decoded, in one pass or in two."""
        return self.both(codes.src, codes.dst, shared_pass=shared_pass)

    # --- one code -------------------------------------------------------------------------------------------------
    def src_code(self, features: Tensor, morph: float = 1.0, /) -> Tensor:
        """The first `morph` of the channels from inter_src, the others from inter_dst."""
        count = channels_of(self.shape.inter_channels, morph)
        return torch.cat([self.inter_src(features)[:, :count], self.inter_dst(features)[:, count:]], 1)

    def dst_code(self, features: Tensor) -> Tensor:
        """All channels from inter_dst."""
        code: Tensor = self.inter_dst(features)
        return code

    def decoder_of(self, person: str) -> Decoder:  # noqa: ARG002 - both people have the same
        """The decoder that draws both people."""
        return self.decoder

    # --- pictures -------------------------------------------------------------------------------------------------
    @torch.no_grad()
    def reconstruct(self, src: Tensor, dst: Tensor, *, mix: Tensor | None = None) -> Prediction:
        """Both people drawn as themselves, without gradients; without a mix src is drawn from inter_src alone."""
        if mix is None:
            mix = src.new_ones(len(src), self.shape.inter_channels, 1, 1)
        return self.train_pass(src, dst, shared_pass=False, mix=mix)

    @torch.no_grad()
    def swap(self, dst: Tensor, *, morph: float = 1.0) -> tuple[Tensor, Tensor]:
        """dst faces drawn as src, as far as `morph` says: picture and mask, without gradients."""
        return self.draw_src(self.src_code(self.encode(dst), morph))


def channels_of(channels: int, morph: float) -> int:
    """How many of the channels come from inter_src: cut off in float32, as the original's graph does it."""
    return int(np.float32(channels) * np.float32(morph))
