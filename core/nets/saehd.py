"""The SAEHD networks, df and liae: how their parts are wired (facts/networks.md 3). Quick96 is a df-ud."""

import torch
from torch import Tensor

from core.nets.growth import GrowingNetwork, predictions
from core.nets.network import Codes, Mixing, Prediction
from core.nets.part import Decoder, Encoder, Inter
from core.nets.shape import NetworkShape
from core.settings.error import NetworkError


class SaehdNetwork(GrowingNetwork):
    """df: one inter, a decoder for each person. liae: inter_ab sees both, inter_b dst only, one decoder."""

    mixing: Mixing = ""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        self.encoder = Encoder(shape)
        if shape.archi.kind == "df":
            self.inter = Inter(shape)
            self.decoder_src = Decoder(shape)
            self.decoder_dst = Decoder(shape)
        else:
            self.inter_ab = Inter(shape)
            self.inter_b = Inter(shape)
            self.decoder = Decoder(shape)

    # --- training -------------------------------------------------------------------------------------------------
    def train_pass(self, src: Tensor, dst: Tensor, *, shared_pass: bool, mix: Tensor | None = None) -> Prediction:
        """What the losses need, and no more: src drawn as src, dst drawn as dst.

        src, dst: (b, 3, R, R). shared_pass: both go through the common parts as one batch; the numbers are the same
        up to rounding.
        """
        return self.drawn(self.codes(src, dst, shared_pass=shared_pass, mix=mix), shared_pass=shared_pass)

    def codes(self, src: Tensor, dst: Tensor, *, shared_pass: bool, mix: Tensor | None = None) -> Codes:
        """Codes of src as src, dst as dst and dst as src, (b, code channels, s, s) each."""
        if mix is not None:
            raise NetworkError("this network has no channels to mix", hint="give no mix")
        if not shared_pass:
            return self.codes_apart(src, dst)
        count = len(src)
        features = self.encode(torch.cat([src, dst]))
        if self.shape.archi.kind == "df":
            src_code, dst_code = self.inter(features).split(count)
            return Codes(src_code, dst_code, dst_code)
        src_ab, dst_ab = self.inter_ab(features).split(count)
        return liae_codes(src_ab, dst_ab, self.inter_b(features[count:]))

    def codes_apart(self, src: Tensor, dst: Tensor) -> Codes:
        """The codes, each person in a pass of its own."""
        src_features, dst_features = self.encode(src), self.encode(dst)
        if self.shape.archi.kind == "df":
            dst_code = self.inter(dst_features)
            return Codes(self.inter(src_features), dst_code, dst_code)
        return liae_codes(self.inter_ab(src_features), self.inter_ab(dst_features), self.inter_b(dst_features))

    def levels(self, codes: Codes, *, shared_pass: bool) -> list[Prediction]:
        """Both people decoded, liae's in one pass or in two."""
        if self.shape.archi.kind != "df":
            return self.both(codes.src, codes.dst, shared_pass=shared_pass)
        return predictions(self.drawn_levels("src", codes.src), self.drawn_levels("dst", codes.dst))

    # --- one code -------------------------------------------------------------------------------------------------
    def src_code(self, features: Tensor, _morph: float = 1.0, /) -> Tensor:
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

    def decoder_of(self, person: str) -> Decoder:
        """The decoder that draws src or dst."""
        if self.shape.archi.kind == "liae":
            return self.decoder
        return self.decoder_src if person == "src" else self.decoder_dst

    # --- pictures -------------------------------------------------------------------------------------------------
    @torch.no_grad()
    def reconstruct(self, src: Tensor, dst: Tensor, *, mix: Tensor | None = None) -> Prediction:
        """Both people drawn as themselves, without gradients."""
        return self.train_pass(src, dst, shared_pass=False, mix=mix)

    @torch.no_grad()
    def swap(self, dst: Tensor, *, morph: float = 1.0) -> tuple[Tensor, Tensor]:
        """dst faces drawn as src: picture and mask, without gradients."""
        return self.draw_src(self.src_code(self.encode(dst), morph))


def liae_codes(src_ab: Tensor, dst_ab: Tensor, dst_b: Tensor) -> Codes:
    """What liae's two inters give, joined along the channels; the order matters."""
    return Codes(torch.cat([src_ab, src_ab], 1), torch.cat([dst_b, dst_ab], 1), torch.cat([dst_ab, dst_ab], 1))
