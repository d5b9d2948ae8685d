"""What the network is trained for, as one number a sample: the losses that are shown, and what is paid beside them.

Pure arithmetic over a network and its judges; knows no optimizer and no iteration. The original's terms are those of
facts/losses.md 3 (SAEHD), 5 (AMP) and 8 (Quick96).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from core.nets.layer import widened
from core.nets.network import Codes, Prediction
from core.nets.octave import pooled
from core.settings.family import AMP, AMP_LEGACY
from core.settings.kind import Value
from core.train.loss_judge import persuasion
from core.train.loss_side import LossForm, SideLoss, form_of, inside_of, side_loss
from core.train.loss_style import background_style, face_style, variation
from core.train.precision import FULL, Precision
from core.train.train_batch import TrainBatch, TrainSide

SMOOTH_WEIGHT = 1e-6        # of the sum of squared differences between neighbours
OUTSIDE_WEIGHT = 0.02       # of the background while a discriminator judges what is inside
HOLDS = {"n": 0.0, "dfl": 0.1, "mve": 25.0}     # of AMP's background
HOLD_SMOOTH = {"dfl": 1e-6, "mve": 1e-5}


@dataclass(frozen=True, slots=True)
class Terms:
    """Which terms count and how much. The powers of discriminators are 0 where there is none to judge."""

    form: LossForm
    face_style: float = 0.0
    bg_style: float = 0.0
    bg_mask: str = "drawn"
    gan: float = 0.0
    is_guarded: bool = False        # a GAN trains, and what it does not see is held
    judges_both: bool = False
    true_face: float = 0.0
    speckle: str = "y"
    hold: str = "n"
    holds_smooth: bool = False
    keep: float = 0.0               # of the smaller pictures inside a grown network

    @property
    def sees_outside(self) -> bool:
        """Whether a term beside the sides' own needs the softened masks."""
        return self.is_guarded or self.hold != "n" or self.gan > 0 or (self.bg_style > 0 and self.bg_mask == "dfl")


def terms_of(settings: Mapping[str, Value], powers: Mapping[str, float]) -> Terms:
    """The terms of these settings, with these powers in force."""
    model, form = settings["model"], form_of(settings)
    sides = settings["gan_sides"]
    return Terms(
        form, powers["face_style_power"], powers["bg_style_power"], str(settings["bg_style_mask"]),
        gan=powers["gan_power"], is_guarded=float(settings["gan_power"]) > 0 and form.is_masked,
        judges_both=sides == "both" or (sides == "auto" and model == AMP), true_face=powers["true_face_power"],
        speckle=str(settings["speckle_guard"]),
        hold=str(settings["background_hold"]) if model in (AMP, AMP_LEGACY) else "n", holds_smooth=model == AMP,
        keep=float(settings["growth_keep"]))


class Losses(NamedTuple):
    """Losses of src and dst as they are shown, and what the network pays beside them, (b,), None where nothing."""

    src: SideLoss
    dst: SideLoss
    unseen: Tensor | None

    @property
    def total(self) -> Tensor:
        """What the network is trained for, (b,)."""
        shown = self.src.total + self.dst.total
        return shown if self.unseen is None else shown + self.unseen


class Judges(NamedTuple):
    """The discriminators, frozen: of pictures and of codes."""

    gan: nn.Module | None = None
    code: nn.Module | None = None


class Insides(NamedTuple):
    """The softened face masks of both people, (b, 1, R, R)."""

    src: Tensor
    dst: Tensor


class Drawing(Protocol):
    """What of a network a loss needs; core/nets/network.py says what each does."""

    def codes(self, src: Tensor, dst: Tensor, *, shared_pass: bool, mix: Tensor | None = None) -> Codes: ...
    def levels(self, codes: Codes, *, shared_pass: bool) -> list[Prediction]: ...
    def draw_src(self, code: Tensor) -> tuple[Tensor, Tensor]: ...
    def picture_src(self, code: Tensor) -> Tensor: ...


class Objective:
    """The losses of one batch. Network and judges compute in `precision`, every loss in float32."""

    def __init__(self, network: Drawing, batch: TrainBatch, terms: Terms, judges: Judges,
                 precision: Precision = FULL) -> None:
        self._network = network
        self._batch = batch
        self._terms = terms
        self._judges = judges
        self._precision = precision

    def losses(self, *, shared_pass: bool, mix: Tensor | None = None) -> Losses:
        """Forward: the losses, with gradients."""
        batch, terms = self._batch, self._terms
        with self._precision.network():
            codes = self._network.codes(batch.src.warped, batch.dst.warped, shared_pass=shared_pass, mix=mix)
            *lower, drawn = self._network.levels(codes, shared_pass=shared_pass)
        insides = insides_of(batch, terms.form) if terms.sees_outside else None
        src = side_loss(drawn.src, drawn.src_mask, batch.src, terms.form, insides and insides.src)
        dst = side_loss(drawn.dst, drawn.dst_mask, batch.dst, terms.form, insides and insides.dst)
        for style in self._styles(codes, drawn, insides):
            src = src._replace(total=src.total + style)
        unseen = [] if insides is None else self._of_pictures(drawn, insides)
        unseen += self._kept(lower)
        if self._judges.code is not None and terms.true_face:
            with self._precision.judges():
                judgement = self._judges.code(widened(codes.src))
            unseen.append(persuasion([judgement]) * terms.true_face)
        return Losses(src, dst, torch.stack(unseen).sum(0) if unseen else None)

    def _styles(self, codes: Codes, drawn: Prediction, insides: Insides | None) -> list[Tensor]:
        """What makes the swap look like dst. Face style moves the decoder alone: it could win by a changed code."""
        terms, swap_mask, found = self._terms, None, []
        dst_mask = drawn.dst_mask.detach()
        if terms.face_style:
            with self._precision.network():
                swap, swap_mask = self._network.draw_src(codes.swap.detach())
            found.append(face_style(swap * swap_mask.detach(), drawn.dst.detach() * dst_mask, terms.face_style))
        if terms.bg_style:
            with self._precision.network():
                if swap_mask is None:
                    swap, swap_mask = self._network.draw_src(codes.swap)
                else:
                    swap = self._network.picture_src(codes.swap)
            if terms.bg_mask == "dfl" and insides is not None:
                outside = 1 - insides.src
            else:
                outside = 1 - inside_of(swap_mask.detach() * dst_mask, terms.form)
            found.append(background_style(swap * outside, self._batch.dst.target * outside, terms.bg_style))
        return found

    def _kept(self, lower: Sequence[Prediction]) -> list[Tensor]:
        """What the smaller pictures inside a grown network still count. Nothing where all that draws them is locked:
        it could not be bettered."""
        found, sides = [], (self._batch.src, self._batch.dst)
        for drawn in reversed(lower):
            sides = (half(sides[0]), half(sides[1]))
            if self._terms.keep and drawn.src.requires_grad | drawn.dst.requires_grad:
                src = side_loss(drawn.src, drawn.src_mask, sides[0], self._terms.form)
                dst = side_loss(drawn.dst, drawn.dst_mask, sides[1], self._terms.form)
                found.append((src.total + dst.total) * self._terms.keep)
        return found

    def _of_pictures(self, drawn: Prediction, insides: Insides) -> list[Tensor]:
        """What the GAN asks for, its guards, and AMP's hold on the background."""
        terms, batch, found = self._terms, self._batch, []
        if self._judges.gan is not None and terms.gan:
            seen = seen_by_gan((drawn.src, drawn.dst), insides, terms)
            with self._precision.judges():
                judgements = self._judges.gan(torch.cat(seen))
            asked = persuasion(judgements) * terms.gan
            found.append(asked.view(len(seen), -1).sum(0))
        if terms.is_guarded:
            apart = (drawn.src - batch.src.target) * (1 - insides.src)
            found.append(apart.square().mean((1, 2, 3)) * OUTSIDE_WEIGHT)
            found += self._smooth(drawn.src, SMOOTH_WEIGHT)
        if terms.hold == "n":
            return found
        held = [(drawn.dst, batch.dst, insides.dst)]
        held += [(drawn.src, batch.src, insides.src)] if terms.hold == "mve" else []
        for picture, side, inside in held:
            outside = picture * (1 - inside)
            found.append((outside - side.target * (1 - inside)).square().mean((1, 2, 3)) * HOLDS[terms.hold])
            found += self._smooth(outside, HOLD_SMOOTH[terms.hold]) if terms.holds_smooth else []
        return found

    def _smooth(self, picture: Tensor, weight: float) -> list[Tensor]:
        speckle = self._terms.speckle
        return [] if speckle == "n" else [variation(picture, is_dfl=speckle == "dfl") * weight]


def half(side: TrainSide) -> TrainSide:
    """A side of a batch as a network of half the resolution has it."""
    eyes_mouth = None if side.eyes_mouth is None else pooled(side.eyes_mouth)
    return TrainSide(side.warped, pooled(side.target), pooled(side.mask), eyes_mouth)


def insides_of(batch: TrainBatch, form: LossForm) -> Insides:
    """The softened masks of a batch."""
    return Insides(inside_of(batch.src.mask, form), inside_of(batch.dst.mask, form))


def seen_by_gan(pictures: tuple[Tensor, Tensor], insides: Insides, terms: Terms) -> list[Tensor]:
    """What of the pictures of src and dst a GAN judges: inside the masks where training is masked."""
    seen = [p * inside for p, inside in zip(pictures, insides, strict=True)] if terms.form.is_masked else list(pictures)
    return seen if terms.judges_both else seen[:1]
