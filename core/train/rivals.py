"""The discriminators of a run: made when a power is first above 0, taught after each step of the network.

The original's order: the network learns, then the judge of codes (true face), then the judge of pictures (GAN), both
from what the network draws *after* its update. The examples are made without gradients, and a judge's own backward pass
reaches nothing but its own weights; while the network learns, the judges are frozen and only pass gradients on.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from core.events.event import Block
from core.nets.block import BlockNetwork, placed
from core.nets.discriminator import (
    CodeDiscriminator,
    PatchDiscriminator,
    make_code_discriminator,
    make_patch_discriminator,
)
from core.nets.initial import initialise
from core.nets.layer import widened
from core.nets.network import FaceNetwork
from core.settings.kind import Value
from core.train.judge_label import Labels, exact, labels_of
from core.train.learner import Learner, Pace
from core.train.loss_judge import Heads, belief, lesson
from core.train.objective import Judges, Terms, insides_of, seen_by_gan
from core.train.optim import make_optimizer
from core.train.precision import FULL, Precision
from core.train.pretrain import is_pretraining
from core.train.train_batch import TrainBatch
from core.train.world import ALONE, World

# The original's factors; the optimizers hardly notice them, for they divide by the gradient's size.
CODE_SHARE, SRC_SHARE, BOTH_SHARE = 0.5, 0.5, 0.125
BELIEFS = ("d_real", "d_fake", "code_real", "code_fake")


class Taught(NamedTuple):
    """What the judges believed, (4,) as in BELIEFS, NaN where nothing was judged; 1.0, or 0.0 where one was refused."""

    beliefs: Tensor
    sound: Tensor


class Examples(NamedTuple):
    """What one judge is taught with: batches of the same kind, without gradients."""

    real: Tensor
    fake: Tensor


class Rivals:
    """The discriminators of one network, each None until it is needed. Off again, it is kept and does not train."""

    def __init__(self, network: FaceNetwork, device: torch.device, world: World = ALONE) -> None:
        self._network = network
        self._device = device
        self._world = world
        self._size: tuple[int, int] | None = None       # patch and width of the GAN
        self._unknown = torch.full((2,), torch.nan, device=device)
        self.gan: Learner | None = None
        self.code: Learner | None = None

    # --- which there are ----------------------------------------------------------------------------------------------
    @property
    def learners(self) -> list[Learner]:
        """Those that there are, in the order in which they learn."""
        return [learner for learner in (self.code, self.gan) if learner is not None]

    @property
    def blocks(self) -> list[Block]:
        """All of their blocks."""
        return [block for learner in self.learners for block in learner.blocks]

    def equip(self, settings: Mapping[str, Value]) -> None:
        """Make those that the settings need. A GAN of another size than is set is given up. Raises NetworkError."""
        if self.gan is not None and self._size != size_of(settings):
            self.gan = self._size = None
        if self.gan is None and float(settings["gan_power"]) > 0:
            self.gan, self._size = self._made(make_patch_discriminator, settings), size_of(settings)
        if self.code is None and float(settings["true_face_power"]) > 0:
            self.code = self._made(make_code_discriminator, settings)

    def state(self) -> dict[str, Any]:
        """Which there are: what a resume needs beside their blocks."""
        return {"gan": None if self._size is None else list(self._size), "code": self.code is not None}

    def restore(self, state: Mapping[str, Any], settings: Mapping[str, Value]) -> None:
        """Make those of `state`; their blocks are loaded by the caller."""
        if state["gan"] is not None:
            patch, dims = self._size = (int(state["gan"][0]), int(state["gan"][1]))
            sized = {**settings, "gan_patch_size": patch, "gan_dims": dims}
            self.gan = self._made(make_patch_discriminator, sized)
        if state["code"]:
            self.code = self._made(make_code_discriminator, settings)

    def _made(self, make: Callable[[Mapping[str, Value]], PatchDiscriminator | CodeDiscriminator],
              settings: Mapping[str, Value]) -> Learner:
        with torch.device("meta"):
            outline: BlockNetwork = make(settings)
        module = placed(outline)
        initialise(module, int(settings["seed"]))
        module.to(self._device)
        return Learner(module, make_optimizer(str(settings["optimizer"]), module), self._world)

    # --- judging and learning -----------------------------------------------------------------------------------------
    def judges(self) -> Judges:
        """The judges as the network meets them: frozen, so that gradients only pass through."""
        for learner in self.learners:
            learner.freeze()
        return Judges(*(None if learner is None else module_of(learner) for learner in (self.gan, self.code)))

    def teach(self, batch: TrainBatch, terms: Terms, pace: Pace, *, locked: frozenset[str], sound: Tensor,
              mix: Tensor | None) -> Taught:
        """Teach those that train what the network draws now. sound: 0.0 where the network's own step was refused."""
        settings = pace.settings
        code = self.code if float(settings["true_face_power"]) > 0 and not is_pretraining(settings) else None
        gan = self.gan if float(settings["gan_power"]) > 0 else None
        if code is None and gan is None:
            return Taught(torch.cat([self._unknown, self._unknown]), sound)
        has_codes, has_pictures, precision = code is not None, gan is not None, pace.precision
        codes, pictures = self.examples(batch, terms, mix=mix, has_codes=has_codes, has_pictures=has_pictures,
                                        precision=precision)
        of_code = of_gan = self._unknown
        if code is not None and codes is not None:
            loss, of_code = judged(code, codes, exact(), CODE_SHARE, code.open_blocks(locked), precision)
            sound = code.learn(loss.sum(), code.open_blocks(locked), pace, sound=sound).sound
        if gan is not None and pictures is not None:
            labels = labels_of(settings, pace.stream, pace.iteration, self._world.share)
            loss, of_gan = judged(gan, pictures, labels, share_of(terms), gan.open_blocks(locked), precision)
            sound = gan.learn(loss.sum(), gan.open_blocks(locked), pace, sound=sound).sound
        return Taught(torch.cat([of_gan, of_code]), sound)

    @torch.no_grad()
    def examples(self, batch: TrainBatch, terms: Terms, *, mix: Tensor | None, has_codes: bool = True,
                 has_pictures: bool = True, precision: Precision = FULL) -> tuple[Examples | None, Examples | None]:
        """What the judges of codes and of pictures are taught with, each None where it is not wanted.

        Codes of dst are the real ones: src codes are to become like them.
        """
        network = self._network
        with precision.network():
            if has_codes or terms.judges_both or network.mixing:
                codes = network.codes(batch.src.warped, batch.dst.warped, shared_pass=True, mix=mix)
                src_code, dst_code = codes.src, codes.dst
            else:
                src_code = dst_code = network.src_code(network.encode(batch.src.warped))
        of_codes = Examples(widened(dst_code), widened(src_code)) if has_codes else None
        if not has_pictures:
            return of_codes, None
        insides = insides_of(batch, terms.form)
        with precision.network():
            src = network.picture_src(src_code)
            dst = network.picture_dst(dst_code) if terms.judges_both else src
        fake = seen_by_gan((src, dst), insides, terms)
        real = seen_by_gan((batch.src.target, batch.dst.target), insides, terms)
        return of_codes, Examples(torch.cat(real), torch.cat(fake))


def judged(learner: Learner, examples: Examples, labels: Labels, share: float, open_blocks: Sequence[str],
           precision: Precision = FULL) -> tuple[Tensor, Tensor]:
    """How wrong a judge is, (b,), with gradients of its open blocks; and what it believes of real and drawn, (2,).

    Two passes and not one over both: the gradients of real and drawn nearly cancel in the last layers, and one sum over
    all of their pixels was off by 2e-4 of the original's, two sums by 1e-6.
    """
    with torch.set_grad_enabled(bool(open_blocks)):
        with precision.judges():
            real, fake = (heads_of(module_of(learner)(batch)) for batch in examples)
        loss = lesson(real, fake, real_label=labels.real, fake_label=labels.fake) * share
    return loss, torch.stack([belief(real), belief(fake)])


def module_of(learner: Learner) -> BlockNetwork:
    """The discriminator itself, to be called."""
    if not isinstance(learner.module, BlockNetwork):
        raise TypeError(f"{type(learner.module).__name__} is no discriminator")
    return learner.module


def heads_of(judgement: Tensor | tuple[Tensor, ...]) -> Heads:
    """A judgement as a list of maps: the judge of codes gives one, that of pictures two."""
    return (judgement,) if isinstance(judgement, Tensor) else judgement


def share_of(terms: Terms) -> float:
    """The factor of a GAN's lesson."""
    return BOTH_SHARE if terms.judges_both else SRC_SHARE


def size_of(settings: Mapping[str, Value]) -> tuple[int, int]:
    """Patch and width of the GAN that the settings ask for."""
    return int(settings["gan_patch_size"]) or int(settings["resolution"]) // 8, int(settings["gan_dims"])
