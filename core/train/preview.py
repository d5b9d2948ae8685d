"""Preview pictures: the same faces each time, drawn between two iterations, encoded and written by a thread.

A row is a face of each person, taken evenly from the sets; inputs are not warped, for a preview shows the face and not
the training. Columns: src, src drawn as src, dst, dst drawn as dst, the swap, and the mask under which the swap would
be laid into a frame (what both the dst mask and the swap mask say, as grey).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.faces.cache import FaceCache
from core.nets.network import FaceNetwork, morphs_of
from core.nets.picture import Pictures, pictures
from core.settings.error import DflTuiError, FaceFileError
from core.settings.kind import Value
from core.store.preview import PreviewStore
from core.train.background import Background
from core.train.train_batch import to_tensor
from core.wire.trainer_record import Previewed, TrainerReport

COLUMNS = ("src", "src'", "dst", "dst'", "swap", "mask")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fixed:
    """The faces of a preview on the device: (n, 3, R, R) of each person; `names`: one a row, for people."""

    src: Tensor
    dst: Tensor
    names: list[str]


class Preview:
    """Draws previews of one network. For the training thread."""

    def __init__(self, network: FaceNetwork, caches: Mapping[str, FaceCache], store: PreviewStore, *,
                 say: Callable[[TrainerReport], None], warn: Callable[[str, str], None]) -> None:
        self._network = network
        self._caches = caches
        self._store = store
        self._say = say
        self._warn = warn
        self._thread = Background("preview")
        self._fixed: Fixed | None = None
        self._count = 0
        self._is_due = False
        self._refs: list[int] = []
        self._drawn_at = -1

    def want(self, ref: int | None = None) -> None:
        """Draw at the next boundary at which none is being written; several wishes share one preview."""
        self._is_due = True
        if ref is not None:
            self._refs.append(ref)

    def attend(self, iteration: int, life: int, settings: Mapping[str, Value]) -> None:
        """Draw what is wanted or due, unless one is still being written."""
        # A boundary attends again and again while the run is paused at one iteration: drawn once is enough.
        if iteration and iteration % int(settings["preview_every"]) == 0 and iteration != self._drawn_at:
            self._is_due = True
        if not self._is_due or self._thread.is_busy:
            return
        refs, self._refs, self._is_due, self._drawn_at = self._refs, [], False, iteration
        try:
            fixed = self._faces(int(settings["preview_faces"]))
        except FaceFileError as error:
            self._refuse(f"no preview can be drawn: {error}", iteration, refs)
            return
        self._network.stand_at(iteration, int(settings["growth_ramp"]))
        drawn = pictures(self._network, fixed.src, fixed.dst, morphs=morphs_of(settings))
        self._thread.start(lambda: self._write(iteration, life, fixed, drawn, refs))

    def close(self, timeout_s: float) -> None:
        """End the thread after what it writes."""
        self._thread.close(timeout_s)

    def _faces(self, count: int) -> Fixed:
        side = self._network.resolution
        if self._fixed is None or count != self._count or self._fixed.src.shape[-1] != side:
            device = next(self._network.parameters()).device
            src, src_names = fixed_faces(self._caches["src"], count)
            dst, dst_names = fixed_faces(self._caches["dst"], count)
            rows = min(len(src), len(dst))
            names = [f"{a} | {b}" for a, b in zip(src_names, dst_names, strict=False)]
            self._fixed = Fixed(to_tensor(src[:rows], device), to_tensor(dst[:rows], device), names)
            self._count = count
        return self._fixed

    def _write(self, iteration: int, life: int, fixed: Fixed, drawn: Pictures, refs: list[int]) -> None:
        try:
            self._store.write(iteration, life, tiles(fixed, drawn), list(COLUMNS), fixed.names)
        except DflTuiError as error:
            self._refuse(f"the preview of iteration {iteration:,} could not be written: {error}", iteration, refs)
            return
        answered: list[int] | list[None] = refs or [None]
        for ref in answered:
            self._say(Previewed(iteration, ref))

    def _refuse(self, sentence: str, iteration: int, refs: list[int]) -> None:
        """Warn, and answer those who asked: nobody waits for a preview that does not come."""
        self._warn("preview", sentence)
        for ref in refs:
            self._say(Previewed(iteration, ref, sentence))


def fixed_faces(cache: FaceCache, count: int) -> tuple[NDArray[np.uint8], list[str]]:
    """`count` faces spread evenly over the set, uint8 (n, R, R, 3) BGR, and their names.

    One that cannot be read is replaced by the next that can. Raises FaceFileError when none can.
    """
    images: dict[int, NDArray[np.uint8]] = {}
    total = len(cache)
    for number in range(min(count, total)):
        first = number * total // min(count, total)
        for index in ((first + step) % total for step in range(total)):
            if index in images:
                continue
            try:
                images[index] = cache.image(index)
                break
            except FaceFileError as error:
                log.warning("preview face=%d skipped=%s", index, error)
    if not images:
        raise FaceFileError("none of the faces can be read any more", hint="check the face set")
    return np.stack([images[i] for i in images]), [cache.faceset.faces[i].name for i in images]


def tiles(fixed: Fixed, drawn: Pictures) -> NDArray[np.uint8]:
    """The pictures of a preview, uint8 (faces, columns, R, R, 3) RGB."""
    mask = (drawn.dst_mask * drawn.swap_mask).expand(-1, 3, -1, -1)
    columns = [fixed.src.cpu(), drawn.src, fixed.dst.cpu(), drawn.dst, drawn.swap, mask]
    stacked = torch.stack(columns, 1).clamp(0, 1)  # (n, columns, 3, R, R) BGR
    levels = (stacked * 255).round().to(torch.uint8).permute(0, 1, 3, 4, 2).flip(-1)
    return np.ascontiguousarray(levels.numpy())
