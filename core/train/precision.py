"""In which number format a step computes: convolutions in the run's precision, everything else in float32.

Autocast only: weights, moments and losses are float32 whatever is set. In bf16 weights an update of 5e-5 leaves three
quarters of them where they were, and DSSIM in bf16 is wrong by half on flat skin (facts/training.md 7). The networks
themselves see to it that dense layers, pixel norm and the sigmoids of pictures are float32 (core/nets/layer.py).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from core.settings.kind import Value

DTYPES: Mapping[str, torch.dtype] = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Precision:
    """fp32, bf16 or fp16 on a kind of device: contexts for the forward pass of networks. The backward pass follows."""

    name: str = "fp32"
    device: str = "cpu"

    def network(self) -> AbstractContextManager[object]:
        """Where the network draws. In fp32 nothing at all, so that not one bit moves."""
        return self._autocast(self.name)

    def judges(self) -> AbstractContextManager[object]:
        """Where discriminators judge. In fp32 while the network computes in fp16: they have no loss scale of their own,
        and what they tell the network must not overflow (facts/training.md 7)."""
        return self._autocast("fp32" if self.name == "fp16" else self.name)

    @property
    def is_scaled(self) -> bool:
        """Whether small gradients would vanish without a loss scale."""
        return self.name == "fp16"

    def _autocast(self, name: str) -> AbstractContextManager[object]:
        return nullcontext() if name == "fp32" else torch.autocast(self.device, DTYPES[name])


FULL = Precision()


def precision_of(settings: Mapping[str, Value], device: torch.device) -> Precision:
    """The precision that the settings ask for."""
    return Precision(str(settings["precision"]), device.type)


def set_tf32(is_on: bool) -> None:
    """Let convolutions on an NVIDIA GPU round what they multiply. Products of matrices (the dense layers) never do:
    they are a small part of a step, and all of a face goes through them."""
    torch.backends.cudnn.allow_tf32 = is_on
    torch.backends.cuda.matmul.allow_tf32 = False
