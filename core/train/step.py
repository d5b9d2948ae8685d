"""One training step: forward, losses, backward, update, the judges' lessons. It knows no files, clocks or events."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from core.events.event import Block
from core.nets.network import FaceNetwork
from core.settings.error import NetworkError
from core.settings.growth import octaves_of
from core.settings.kind import Value
from core.train.blur_out import blurred_out
from core.train.device import synchronise
from core.train.growth import grow_learner
from core.train.inter_reset import begin_inters_anew
from core.train.learner import Learner, Outcome, Pace
from core.train.lock import effective_locks
from core.train.lrd import LrdStream
from core.train.mix import draw_mix
from core.train.numerics import Numerics
from core.train.objective import Losses, Objective, terms_of
from core.train.optim import Masks, Optimizer
from core.train.precision import precision_of
from core.train.pretrain import in_effect, is_pretraining
from core.train.ramp import Ramps, full_powers
from core.train.rivals import Rivals, Taught
from core.train.train_batch import TrainBatch
from core.train.world import ALONE, World

NO_STREAM = LrdStream(0, 0)


class StepNumbers(NamedTuple):
    """A step in numbers: batch means of the losses, the mask's part of both, the gradient's length before clipping.

    applied: False where a loss or a gradient was not finite; then nothing was changed from there on. d_real to
    code_fake: what the judges believed of real and drawn pictures and codes, 0..1, NaN where they did not learn.
    overflowed: not applied because fp16 could not hold the scaled gradient. loss_scale: NaN where there is none.
    """

    src: float
    dst: float
    masks: float
    gradient_norm: float
    applied: bool
    d_real: float
    d_fake: float
    code_real: float
    code_fake: float
    overflowed: bool
    loss_scale: float


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step's outcome, still on the device: reading it waits for a GPU.

    src, dst: loss of each sample, (b,), before the update. numbers: (11,), the fields of StepNumbers.
    """

    src: Tensor
    dst: Tensor
    numbers: Tensor

    def read(self) -> StepNumbers:
        """The numbers on the host, in one transfer."""
        return read_numbers(self.numbers)


def read_numbers(numbers: Tensor) -> StepNumbers:
    """The numbers of a step on the host; waits for a GPU."""
    src, dst, masks, norm, applied, d_real, d_fake, code_real, code_fake, overflowed, scale = numbers.tolist()
    return StepNumbers(src, dst, masks, norm, bool(applied), d_real, d_fake, code_real, code_fake, bool(overflowed),
                       scale)


class Step:
    """Trains a network with an optimizer, and its judges with their own, one batch at a time.

    shared_pass: src and dst go through the common parts as one batch. It changes bits, so it is part of the run.
    world: the ranks that train together; each is given its own share of the batch.
    """

    def __init__(self, network: FaceNetwork, optimizer: Optimizer, *, shared_pass: bool = True,
                 world: World = ALONE) -> None:
        self.network = network
        self.optimizer = optimizer
        self.shared_pass = shared_pass
        self.world = world
        self.learner = Learner(network, optimizer, world)
        self.rivals = Rivals(network, optimizer.device, world)
        self.numerics = Numerics(network, optimizer.device)
        self._ramps = Ramps()
        self._was_pretraining = False
        self._equipped_for: Mapping[str, Value] | None = None

    def __call__(
        self,
        batch: TrainBatch,
        settings: Mapping[str, Value],
        *,
        iteration: int,
        locked: frozenset[str] = frozenset(),
        stream: LrdStream = NO_STREAM,
        masks: Masks | None = None,
        mix: Tensor | None = None,
    ) -> StepResult:
        """Train on `batch`. iteration: completed iterations before this step.

        Dropout masks and AMP's mix are used where they are given, else drawn from `stream`.
        """
        self.equip(settings, locked)
        settings = in_effect(settings)
        terms = terms_of(settings, self._ramps.step(settings, iteration))
        self.network.stand_at(iteration, int(settings["growth_ramp"]))
        numerics = self.numerics
        batch = prepared(numerics.taken(batch), settings, iteration)
        total = self.total(batch, settings)
        mix = draw_mix(self.network, settings, stream, iteration, total) if mix is None else mix
        # Drawn for the whole batch and then shared out: any number of ranks sees the same draws.
        mix = mix if mix is None else mix[self.world.rank::self.world.size]
        pace = Pace(settings, iteration, stream, masks, numerics.precision)
        open_blocks = self.open_blocks(settings, locked)
        objective = Objective(numerics.drawing, batch, terms, self.rivals.judges(), numerics.precision)
        losses = objective.losses(shared_pass=self.shared_pass, mix=mix)
        outcome = self.learner.learn(losses.total.sum(), open_blocks, pace, loss_scale=numerics.loss_scale)
        taught = self.rivals.teach(batch, terms, pace, locked=locked, sound=outcome.sound, mix=mix)
        return self.result(losses, outcome, taught, total)

    # --- what there is to train ---------------------------------------------------------------------------------------
    @property
    def learners(self) -> list[Learner]:
        """The network and its judges."""
        return [self.learner, *self.rivals.learners]

    @property
    def optimizers(self) -> list[Optimizer]:
        """Theirs."""
        return [learner.optimizer for learner in self.learners]

    @property
    def blocks(self) -> list[Block]:
        """All blocks, the network's first."""
        return self.learner.blocks + self.rivals.blocks

    def open_blocks(self, settings: Mapping[str, Value], locked: frozenset[str]) -> list[str]:
        """The network's blocks that this step trains, in build order; its tensors are set accordingly."""
        return self.learner.open_blocks(effective_locks(self.learner.blocks, settings, locked))

    def equip(self, settings: Mapping[str, Value], locked: frozenset[str] = frozenset()) -> None:
        """Make what these settings need: octaves, judges, and new inters where pretraining has ended. Raises
        NetworkError."""
        if settings is self._equipped_for:
            return
        if octaves_of(settings) != self.network.octaves:
            grow_learner(self.network, self.learner, settings)
        self.rivals.equip(in_effect(settings))
        if self._was_pretraining and not is_pretraining(settings):
            begin_inters_anew(self.learner, int(settings["seed"]), locked)
        self._was_pretraining = is_pretraining(settings)
        self.numerics.settle(settings, self.learners)
        self._equipped_for = settings

    def state(self) -> dict[str, Any]:
        """What a resume needs beside the blocks, as plain numbers."""
        return {"rivals": self.rivals.state(), "ramps": self._ramps.state(), "pretraining": self._was_pretraining,
                **self.numerics.state()}

    def restore(self, state: Mapping[str, Any], settings: Mapping[str, Value]) -> None:
        """Be as `state` says. The blocks of the judges are loaded by the caller."""
        self.rivals.restore(state["rivals"], settings)
        self._ramps = Ramps(state["ramps"])
        self._was_pretraining = bool(state["pretraining"])
        self.numerics.restore(state)

    def total(self, batch: TrainBatch, settings: Mapping[str, Value]) -> int:
        """Samples of a side in the whole batch, of which `batch` is our share. NetworkError where a rank has none."""
        if self.world.size == 1:
            return len(batch.src.warped)
        total = int(settings["batch_size"])
        if total < self.world.size:
            raise NetworkError(f"batch_size = {total} leaves some of the {self.world.size} devices without a sample",
                               hint=f"raise it to {self.world.size} or more, or train on fewer devices")
        return total

    def result(self, losses: Losses, outcome: Outcome, taught: Taught, total: int) -> StepResult:
        """The numbers of a step over the whole batch, detached from its graph."""
        rows = [part.detach() for part in (losses.src.total, losses.dst.total, losses.src.mask, losses.dst.mask)]
        src, dst, *masks = parts = [self.world.spread(part, total) for part in rows]
        # A mean over our samples, which are so many of all.
        beliefs = taught.beliefs if self.world.size == 1 else taught.beliefs * (len(rows[0]) / total)
        self.world.sum_([*parts, beliefs])
        first = torch.stack([src.mean(), dst.mean(), torch.cat(masks).mean(), outcome.norm, taught.sound])
        last = torch.stack([outcome.overflowed, outcome.loss_scale])
        return StepResult(src, dst, torch.cat([first, beliefs, last]))

    # --- without training ---------------------------------------------------------------------------------------------
    def losses(self, batch: TrainBatch, settings: Mapping[str, Value], *, mix: Tensor | None = None) -> Losses:
        """The losses of a batch with all powers at their full height, with gradients. Changes nothing."""
        settings = in_effect(settings)
        batch = prepared(self.numerics.taken(batch), settings, 0)
        mix = draw_mix(self.network, settings, NO_STREAM, 0, len(batch.src.warped)) if mix is None else mix
        objective = Objective(self.numerics.drawing_of(settings), batch, terms_of(settings, full_powers(settings)),
                              self.rivals.judges(), precision_of(settings, self.optimizer.device))
        return objective.losses(shared_pass=self.shared_pass, mix=mix)

    def rehearse(self, batch: TrainBatch, settings: Mapping[str, Value]) -> None:
        """Forward and backward of the network on a batch, without an update; waits for the device."""
        open_blocks = self.open_blocks(in_effect(settings), self.learner.locked or frozenset())
        self.learner.gradients(self.losses(batch, settings).total.sum(), open_blocks)
        synchronise(self.optimizer.device)
        self.learner.module.zero_grad()


def prepared(batch: TrainBatch, settings: Mapping[str, Value], iteration: int) -> TrainBatch:
    """The batch as the step sees it: unwarped now and then, the background of its targets blurred if wanted."""
    batch = blurred_out(batch, str(settings["blur_out_mask"]))
    every = int(settings["unwarped_every"])
    if not every or not iteration or iteration % every:
        return batch
    return TrainBatch(replace(batch.src, warped=batch.src.target), replace(batch.dst, warped=batch.dst.target))
