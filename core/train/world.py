"""The ranks of one training as one: what a rank does not have itself it gets from the others here.

Every rank trains its own slots of the batch with the same weights. The gradient of the whole batch is the *sum* of
theirs; each then makes the same update of it, so weights stay equal without being sent. With one rank nothing here does
anything, and no process group exists: that path is the one that it always was, to the bit.

Not torch's DistributedDataParallel, which stands on the same all-reduce, for three reasons. It hooks one module's
forward(), and a step here calls parts of the network several times (codes, pictures, swaps) and freezes discriminators
in between. It must be wrapped anew with every lock (facts/training.md 3.9), or search the graph each step. And it
averages over the ranks, which is the mean over the batch only where all shares are equally long.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributed import BroadcastOptions, ProcessGroup

from core.samples.share import Share
from core.settings.error import DflTuiError

# Elements that are summed in one go: 64 MB of float32. Large enough that the latency of a network is nothing beside it,
# small enough that a copy of all gradients is never needed at once.
BUCKET = 1 << 24
INLINE_BYTES = 248          # of an order that needs one broadcast; nearly all do
LENGTH_BYTES = 8


class RankLostError(DflTuiError):
    """A rank is gone or does not answer: the others cannot go on without it.

    killed: it was ended from outside. memory: an allocation of its failed.
    """

    def __init__(self, message: str, *, hint: str = "", killed: bool = False, memory: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.killed = killed
        self.memory = memory


class World:
    """This rank among `size`. `group`: torch's, None for one rank alone. For the training thread."""

    def __init__(self, rank: int = 0, size: int = 1, group: ProcessGroup | None = None) -> None:
        self.rank = rank
        self.size = size
        self._group = group
        self._buffers: dict[tuple[torch.dtype, torch.device], Tensor] = {}

    @property
    def share(self) -> Share:
        """Which samples of a batch are ours."""
        return Share(self.rank, self.size)

    def rows(self, total: int, like: Tensor) -> Tensor:
        """The rows of a batch of `total` that are ours, int64, on the device of `like`."""
        return torch.arange(self.rank, total, self.size, device=like.device)

    @torch.no_grad()
    def sum_(self, tensors: Sequence[Tensor]) -> None:
        """Make each tensor the sum of all ranks' ones, in place; the same bits on every rank.

        The order of the sum is the same each time: tensors are laid end to end, in the order given.
        """
        if self._group is None:
            return
        for bucket in buckets(tensors):
            if len(bucket) == 1 and bucket[0].is_contiguous():
                self._reduce(bucket[0])
                continue
            flat = torch.cat([t.reshape(-1) for t in bucket], out=self._buffer(bucket))
            self._reduce(flat)
            parts = torch.split(flat, [t.numel() for t in bucket])
            torch._foreach_copy_(list(bucket), [p.view(t.shape) for p, t in zip(parts, bucket, strict=True)])

    def spread(self, rows: Tensor, total: int) -> Tensor:
        """Our samples' numbers (n, ...) at their places in the batch, (total, ...), 0 elsewhere: to be summed."""
        if self._group is None:
            return rows
        whole = rows.new_zeros((total, *rows.shape[1:]))
        whole[self.rank::self.size] = rows
        return whole

    def gathered(self, rows: NDArray[np.int64], total: int) -> NDArray[np.int64]:
        """One number of each sample of the batch, (total,), from every rank's own."""
        if self._group is None:
            return rows
        whole = self.spread(torch.from_numpy(np.ascontiguousarray(rows)), total)
        self.sum_([whole])
        return whole.numpy()

    def copy_(self, tensors: Sequence[Tensor]) -> None:
        """Make each tensor rank 0's, in place."""
        if self._group is None:
            return
        for tensor in tensors:
            whole = tensor.detach().contiguous()
            self._broadcast(whole)
            if whole.data_ptr() != tensor.data_ptr() and self.rank:
                tensor.detach().copy_(whole)

    def tell(self, order: bytes = b"") -> bytes:
        """What rank 0 says, on every rank; what another one gives is not looked at. Waits until it is said."""
        head = torch.zeros(LENGTH_BYTES + INLINE_BYTES, dtype=torch.uint8)
        if self.rank == 0:
            head[:LENGTH_BYTES] = bytes_of(len(order).to_bytes(LENGTH_BYTES, "little"))
            if 0 < len(order) <= INLINE_BYTES:
                head[LENGTH_BYTES:LENGTH_BYTES + len(order)] = bytes_of(order)
        self._broadcast(head)
        length = int.from_bytes(head[:LENGTH_BYTES].numpy().tobytes(), "little")
        if length <= INLINE_BYTES:
            return head[LENGTH_BYTES:LENGTH_BYTES + length].numpy().tobytes()
        body = bytes_of(order) if self.rank == 0 else torch.zeros(length, dtype=torch.uint8)
        self._broadcast(body)
        return body.numpy().tobytes()

    def _reduce(self, tensor: Tensor) -> None:
        if self._group is not None:
            with of_others():
                self._group.allreduce([tensor]).wait()

    def _broadcast(self, tensor: Tensor) -> None:
        if self._group is not None:
            options = BroadcastOptions()
            options.rootRank = 0
            with of_others():
                self._group.broadcast([tensor], options).wait()

    def _buffer(self, bucket: Sequence[Tensor]) -> Tensor:
        """Memory for a bucket laid end to end. Kept: fresh memory costs the CPU more than the sum does."""
        first, count = bucket[0], sum(t.numel() for t in bucket)
        kept = self._buffers.get((first.dtype, first.device))
        if kept is None or len(kept) < count:
            kept = self._buffers[first.dtype, first.device] = first.new_empty(count)
        return kept[:count]


ALONE = World()


def buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Neighbours of one type and device, up to BUCKET elements together."""
    bucket: list[Tensor] = []
    count = 0
    for tensor in tensors:
        fits = bucket and count + tensor.numel() <= BUCKET
        if bucket and not (fits and (tensor.dtype, tensor.device) == (bucket[0].dtype, bucket[0].device)):
            yield bucket
            bucket, count = [], 0
        bucket.append(tensor)
        count += tensor.numel()
    if bucket:
        yield bucket


def bytes_of(words: bytes) -> Tensor:
    """As a tensor, (n,) uint8."""
    return torch.frombuffer(bytearray(words), dtype=torch.uint8)


@contextmanager
def of_others() -> Iterator[None]:
    """What fails in a collective is another rank: its connection is closed, or it said nothing for too long."""
    try:
        yield
    except RuntimeError as error:
        first = (str(error).strip().splitlines() or [""])[0][:200]
        raise RankLostError(f"another rank of this training is gone ({first})",
                            hint="its own words are in log/trainer.log") from error
