"""How a step computes, as its settings say: number format, loss scale, layout in memory, compiled kernels.

All of it can change between two iterations. What it keeps from step to step is the loss scale, which is in every
generation. Weights and moments are the same tensors whatever is set.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from core.nets.network import FaceNetwork
from core.settings.kind import Value
from core.train.compiled import Compiled
from core.train.layout import lay_out, plain
from core.train.learner import Learner
from core.train.loss_scale import LossScale
from core.train.objective import Drawing
from core.train.precision import Precision, precision_of, set_tf32
from core.train.train_batch import TrainBatch


class Numerics:
    """`precision`, `loss_scale` of the next step; `drawing`: the network as a step calls it, compiled or as it is."""

    def __init__(self, network: FaceNetwork, device: torch.device) -> None:
        self._network = network
        self._device = device
        self._compiled: Compiled | None = None
        self._is_plain = False
        self.precision = Precision(device=device.type)
        self.loss_scale: LossScale | None = None
        self.drawing: Drawing = network

    def settle(self, settings: Mapping[str, Value], learners: Iterable[Learner]) -> None:
        """Be as these settings say. A loss scale begins with fp16 and ends with it."""
        self.precision = precision_of(settings, self._device)
        if not self.precision.is_scaled:
            self.loss_scale = None
        elif self.loss_scale is None:
            self.loss_scale = LossScale(self._device)
        set_tf32(bool(settings["tf32"]))
        self._is_plain = not settings["channels_last"]
        for learner in learners:
            lay_out(learner.optimizer, is_channels_last=not self._is_plain)
        self.drawing = self.drawing_of(settings)

    def drawing_of(self, settings: Mapping[str, Value]) -> Drawing:
        """The network as these settings have it called."""
        if not settings["compile"]:
            return self._network
        if self._compiled is None:
            self._compiled = Compiled(self._network)
        return self._compiled

    def taken(self, batch: TrainBatch) -> TrainBatch:
        """The batch in the layout of the network."""
        return plain(batch) if self._is_plain else batch

    def state(self) -> dict[str, Any]:
        """What a resume needs, as plain numbers."""
        return {"loss_scale": None if self.loss_scale is None else self.loss_scale.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Be as `state` says; a save that is older than precisions says nothing."""
        kept = state.get("loss_scale")
        self.loss_scale = None if kept is None else LossScale(self._device, kept)
