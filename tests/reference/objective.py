"""Everything the network pays for a batch, and what its judges pay: a whole step's losses from weights and pictures.

Source: facts/losses.md 3 (SAEHD) and 5 (AMP), in the order of the original. Every loss is (b,). Gradients of the
weights are complex steps: give one weight an imaginary part (`derivative.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from . import adversarial, amp, loss_mask, network, saehd, style
from .layer import Weights

Pictures = dict[str, np.ndarray]


@dataclass(frozen=True)
class Wanted:
    """What trains and what counts. gan_strides: of the discriminator's layers; gan_name: prefix of its weights."""

    archi: str = "df-ud"
    form: saehd.Options = field(default_factory=saehd.Options)
    has_priority: bool = False
    blurs_out: bool = False
    face_style: float = 0.0
    bg_style: float = 0.0
    gan: float = 0.0
    gan_strides: tuple[int, ...] = (2, 2)
    gan_name: str = "D_src"
    true_face: float = 0.0
    speckle: str = "dfl"                    # tv over channels and rows (dfl), over pixels (y), none (n)
    hold: str = "dfl"                       # AMP's background: dst lightly (dfl), both much (mve), none (n)
    choice: np.ndarray | None = None        # AMP: (b, inter_dims)


def smoothness(x: np.ndarray, form: str) -> np.ndarray:
    if form == "n":
        return np.zeros(len(x))
    return style.variation(x) if form == "dfl" else style.spatial_variation(x)


def side_of(name: str, picture: np.ndarray, mask: np.ndarray, given: Pictures, wanted: Wanted) -> saehd.Side:
    target, m = given[f"target_{name}"], given[f"target_{name}m"]
    target = loss_mask.blur_out(target, m, target.shape[-1]) if wanted.blurs_out else target
    return saehd.Side(target, m, picture, mask, given[f"target_{name}m_em"] if wanted.has_priority else None)


def styles(drawn: network.Drawn, src: saehd.Side, dst: saehd.Side, w: Weights, wanted: Wanted) -> np.ndarray:
    """Face style reaches the decoder's image branch only; background style (mask of the src sample) the code too."""
    name = "decoder_src" if wanted.archi == "df-ud" else "decoder"
    swap, swap_mask = network.decoder(drawn.code_swap, w, name, deep=False)
    stopped, _ = network.decoder(drawn.code_swap.real, w, name, deep=False)
    fixed = (swap_mask.real, dst.picture.real, dst.picture_mask.real)
    face = saehd.face_style(stopped, *fixed, wanted.face_style)
    return face + saehd.background_style(swap, dst.target, src.mask, wanted.bg_style)


def guards(side: saehd.Side, wanted: Wanted) -> np.ndarray:
    """With a GAN and masked training; `speckle` chooses the first."""
    outside = 1.0 - loss_mask.blurred(side.mask, side.target.shape[-1])
    apart = saehd.over_chw((side.picture * outside - side.target * outside) ** 2)
    return 1e-6 * smoothness(side.picture, wanted.speckle) + 0.02 * apart


def losses(given: Pictures, w: Weights, wanted: Wanted) -> dict[str, np.ndarray]:
    """src_loss, dst_loss (as shown), loss_G (all that is paid), loss_Dgan0 and loss_Dcode0 (before any update)."""
    src_in, dst_in = given["warped_src"], given["warped_dst"]
    if wanted.archi.startswith("amp"):
        return amp_losses(network.amp(src_in, dst_in, w, wanted.choice), given, w, wanted)
    drawn = (network.df_ud if wanted.archi == "df-ud" else network.liae_ud)(src_in, dst_in, w)
    src = side_of("src", drawn.ss, drawn.ssm, given, wanted)
    dst = side_of("dst", drawn.dd, drawn.ddm, given, wanted)
    found = {"src_loss": saehd.loss(src, wanted.form), "dst_loss": saehd.loss(dst, wanted.form)}
    if wanted.face_style or wanted.bg_style:
        found["src_loss"] = found["src_loss"] + styles(drawn, src, dst, w, wanted)
    found["loss_G"] = found["src_loss"] + found["dst_loss"]
    if wanted.true_face:
        seen = [network.code_discriminator(code, w) for code in (drawn.code_src, drawn.code_dst)]
        found["loss_G"] = found["loss_G"] + adversarial.true_face_term(wanted.true_face, seen[0])
        found["loss_Dcode0"] = adversarial.code_discriminator(seen[1], seen[0])
    if wanted.gan:
        shown = saehd.seen_by_gan(src, wanted.form)
        real, fake = (network.patch_discriminator(x, w, wanted.gan_name, wanted.gan_strides) for x in shown)
        found["loss_G"] = found["loss_G"] + adversarial.generator_term(wanted.gan, fake)
        found["loss_G"] = found["loss_G"] + (guards(src, wanted) if wanted.form.masked else 0.0)
        found["loss_Dgan0"] = adversarial.image_discriminator(real, fake)
    return found


def amp_losses(drawn: network.Drawn, given: Pictures, w: Weights, wanted: Wanted) -> dict[str, np.ndarray]:
    src = side_of("src", drawn.ss, drawn.ssm, given, wanted)
    dst = side_of("dst", drawn.dd, drawn.ddm, given, wanted)
    if wanted.archi == "amp_legacy":
        return legacy_losses(src, dst, wanted)
    found = {"src_loss": amp.side_loss(src, wanted.form), "dst_loss": amp.side_loss(dst, wanted.form)}
    found["loss_G"] = found["src_loss"] + found["dst_loss"]
    held = {"dfl": [(dst, 0.1, 1e-6)], "mve": [(src, 25.0, 1e-5), (dst, 25.0, 1e-5)], "n": []}[wanted.hold]
    for side, weight, tv_weight in held:
        if wanted.speckle == "dfl":
            found["loss_G"] = found["loss_G"] + amp.background_term(side, weight=weight, tv_weight=tv_weight)
        else:
            outside = 1.0 - loss_mask.blurred(side.mask, side.target.shape[-1])
            tv = tv_weight * smoothness(side.picture * outside, wanted.speckle)
            found["loss_G"] = found["loss_G"] + amp.background_term(side, weight=weight, tv_weight=0.0) + tv
    if wanted.gan:
        shown = [x for side in (src, dst) for x in saehd.seen_by_gan(side, wanted.form)]
        seen = [network.patch_discriminator(x, w, wanted.gan_name, wanted.gan_strides) for x in shown]
        found["loss_G"] = found["loss_G"] + adversarial.generator_term(wanted.gan, [*seen[1], *seen[3]])
        found["loss_G"] = found["loss_G"] + guards(src, wanted)
        found["loss_Dgan0"] = adversarial.amp_discriminator(*seen)
    return found


def legacy_losses(src: saehd.Side, dst: saehd.Side, wanted: Wanted) -> dict[str, np.ndarray]:
    """AMPLegacy without GAN: SAEHD's windows, dst's background lightly held, no smoothness (facts/losses.md 7).

    The original shows the hold in dst_loss; here, as in the product, it is paid beside it.
    """
    shown = {"src_loss": saehd.loss(src, wanted.form), "dst_loss": saehd.loss(dst, wanted.form)}
    return {**shown, "loss_G": sum(shown.values()) + amp.background_term(dst, weight=0.1, tv_weight=0.0)}
