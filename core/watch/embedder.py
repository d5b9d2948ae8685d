"""The network that turns a face into 128 numbers: a residual net of 29 convolutions. The one module here with torch.

It knows chips and weights; it knows nothing of people, scores or runs. The weights are package data (NOTICE) and are
believed only when their hash is the one that was measured: another file would give another curve.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load
from torch import Tensor

from core.settings.error import DflTuiError
from core.watch.chip import CHIP_PX

SHIPPED = Path(__file__).parent / "weights" / "likeness_resnet29_fp16.safetensors"
SHA256 = "065fbc0984d13c42f35cbecf758188a27fd72377f6d3c52159a1f5a51c3f5da5"
NAME = "dlib_face_recognition_resnet_model_v1, float16"
NUMBERS = 128
MEAN = (122.782, 117.001, 104.298)      # of red, green, blue
# Channels of the fourteen blocks, and which of them halve the picture.
CHANNELS = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256, 256)
DOWN = frozenset({3, 7, 10, 13})
BATCH = 32                              # chips at a time: 45 MB, and no faster with more


class EmbedderError(DflTuiError):
    """The likeness network cannot be used."""


class Embedder:
    """Chips to embeddings, always in float32: bf16 and fp16 arithmetic were not measured."""

    def __init__(self, weights: dict[str, Tensor], device: torch.device | None = None) -> None:
        self._weights = {name: tensor.to(device=device, dtype=torch.float32) for name, tensor in weights.items()}

    @staticmethod
    def load(path: Path = SHIPPED, device: torch.device | None = None) -> "Embedder":
        """The embedder of these weights. Raises EmbedderError when they are missing or are others."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise EmbedderError(f"the likeness network {path} cannot be read ({error.strerror})",
                                hint="install dfl-tui again") from error
        if hashlib.sha256(data).hexdigest() != SHA256:
            raise EmbedderError(f"the likeness network {path} is another file than the one that was measured",
                                hint="install dfl-tui again")
        return Embedder(load(data), device)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """chips: uint8 (n, 150, 150, 3), RGB. Embeddings float32 (n, 128), not normalised; distances are Euclidean."""
        if chips.shape[1:] != (CHIP_PX, CHIP_PX, 3):
            raise ValueError(f"chips are {CHIP_PX} x {CHIP_PX} x 3, not {chips.shape[1:]}")
        parts = [self._embedded(chips[first:first + BATCH]) for first in range(0, len(chips), BATCH)]
        return np.concatenate([np.empty((0, NUMBERS), np.float32), *parts])

    def stages(self, chips: NDArray[np.uint8]) -> list[Tensor]:
        """What the stem and each block give, (n, c, h, w): for comparison with recorded numbers."""
        with torch.inference_mode():
            return self._stages(self._input(chips))

    def _embedded(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        # Training may run under autocast and with gradients: neither concerns this network.
        with torch.inference_mode(), torch.autocast(self._weights["fc"].device.type, enabled=False):
            last = self._stages(self._input(chips))[-1]
            return np.asarray((last.mean((2, 3)) @ self._weights["fc"]).cpu().numpy())  # (n, 256) -> (n, 128)

    def _input(self, chips: NDArray[np.uint8]) -> Tensor:
        device = self._weights["fc"].device
        x = torch.from_numpy(np.ascontiguousarray(chips)).to(device).permute(0, 3, 1, 2).to(torch.float32)
        return (x - torch.tensor(MEAN, device=device).view(1, 3, 1, 1)) / 256.0

    def _stages(self, x: Tensor) -> list[Tensor]:
        x = F.relu(self._convolved(x, 0, stride=2, padding=0))              # (n, 32, 72, 72)
        stages = [F.max_pool2d(x, 3, 2)]                                    # (n, 32, 35, 35)
        for number in range(len(CHANNELS)):
            x, is_down = stages[-1], number in DOWN
            y = F.relu(self._convolved(x, 2 * number + 1, stride=2, padding=0) if is_down
                       else self._convolved(x, 2 * number + 1))
            y = self._convolved(y, 2 * number + 2)
            stages.append(F.relu(added(y, F.avg_pool2d(x, 2, 2) if is_down else x)))
        return stages

    def _convolved(self, x: Tensor, number: int, *, stride: int = 1, padding: int = 1) -> Tensor:
        return F.conv2d(x, self._weights[f"w{number:02d}"], self._weights[f"b{number:02d}"], stride=stride,
                        padding=padding)


def added(a: Tensor, b: Tensor) -> Tensor:
    """The sum of two maps, both filled with zeros at the end of each dimension up to the larger of the two.

    The down blocks need it: an unpadded convolution gives one row less than the pool (3 against 4), and channels
    double. Cropping instead gives embeddings that look right and are not.
    """
    channels, rows, columns = (max(m, n) for m, n in zip(a.shape[1:], b.shape[1:], strict=True))
    return filled(a, channels, rows, columns) + filled(b, channels, rows, columns)


def filled(x: Tensor, channels: int, rows: int, columns: int) -> Tensor:
    """x with zeros behind its channels, rows and columns."""
    c, h, w = x.shape[1:]
    if (c, h, w) == (channels, rows, columns):
        return x
    return F.pad(x, (0, columns - w, 0, rows - h, 0, channels - c))
