"""Host copies of what changed: all that a save costs the training thread.

Copies go to buffers that are kept: 300 MB cost 37 ms so, and 253 ms into fresh memory (facts/training.md 5.5). A block
that has not changed since it was last written is named by its blobs there, without a copy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.store.generation import BlockContent
from core.store.manifest import BlockBlobs
from core.train.optim import Optimizer

Arrays = dict[str, NDArray[np.generic]]
# Which optimizer (a discriminator can begin anew under the same names), updates of a block, and what torch counts of
# writes into its weights.
Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Taken:
    """Blocks as a generation wants them, and the version at which each was taken. Valid until the next `take`."""

    blocks: dict[str, BlockContent | BlockBlobs]
    versions: dict[str, Version]


class Snapshot:
    """Copies of weights and optimizer state. `take` is for the training thread, `written` for the writer's."""

    def __init__(self, optimizers: Callable[[], Sequence[Optimizer]]) -> None:
        self._optimizers = optimizers
        self._buffers: dict[str, tuple[int, Arrays, Arrays]] = {}
        self._known: dict[str, tuple[Version, BlockBlobs]] = {}

    def take(self) -> Taken:
        """The state of all blocks now. What the last `Taken` copied is overwritten."""
        versions = self._versions()
        blocks: dict[str, BlockContent | BlockBlobs] = {}
        for optimizer in self._optimizers():
            for block in optimizer.parameters:
                known = self._known.get(block)
                is_known = known is not None and known[0] == versions[block]
                blocks[block] = known[1] if known is not None and is_known else self._copied(optimizer, block)
        return Taken(blocks, versions)

    def written(self, taken: Taken, blobs: Mapping[str, BlockBlobs]) -> None:
        """The blocks of `taken` are durable as `blobs`: while they do not change, they are not copied again."""
        self._known = {block: (version, blobs[block]) for block, version in taken.versions.items()}

    def loaded(self, blobs: Mapping[str, BlockBlobs]) -> None:
        """The network was just set to these blobs."""
        self._known = {block: (version, blobs[block]) for block, version in self._versions().items()}

    def forget(self) -> None:
        """Copy and write everything next time: a save has failed, and what is on the disk is not certain."""
        self._known = {}

    def _versions(self) -> dict[str, Version]:
        return {block: (optimizer.serial, optimizer.counter_of(block), sum(p._version for p in parameters.values()))
                for optimizer in self._optimizers() for block, parameters in optimizer.parameters.items()}

    def _copied(self, optimizer: Optimizer, block: str) -> BlockContent:
        owner, weights, moments = self._buffers.get(block, (-1, {}, {}))
        if owner != optimizer.serial:   # the block of another size has arrays of its own
            weights, moments = {}, {}
            self._buffers[block] = (optimizer.serial, weights, moments)
        for name, parameter in optimizer.parameters[block].items():
            copy(parameter.detach(), weights, name)
        for name, slot, tensor in optimizer.moments_of(block):
            copy(tensor, moments, f"{name}.{slot}")
        # With the moments: where these are given up for room, the optimizer begins anew, and so does its count.
        moments["counter"] = np.array(optimizer.counter_of(block), np.int64)
        return BlockContent(weights, moments)


def copy(tensor: Tensor, into: Arrays, name: str) -> None:
    """Copy a tensor into the array of that name, in C order; the array is made the first time."""
    if name not in into:
        into[name] = torch.empty(tensor.shape, dtype=tensor.dtype).numpy()
    torch.from_numpy(into[name]).copy_(tensor)
