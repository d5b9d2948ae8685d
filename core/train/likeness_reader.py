"""Takes a reading of likeness between two iterations: the probes are swapped as the merger gets them, and looked at.

What is compared with what is fixed once and kept in the run folder; it is chosen by streams of the run, so that a lost
file is made again equal. Made at the first reading and not at the start: a run of minutes without one pays nothing.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.faces.cache import FaceCache
from core.faces.face import UInt8Array
from core.nets.network import FaceNetwork
from core.nets.picture import CHUNK
from core.samples.stream import Address, Draws, Stream
from core.settings.kind import Value
from core.store.folder import RunFolder
from core.train.train_batch import to_tensor
from core.watch.bootstrap import RESAMPLES, picks_of
from core.watch.choice import FEWEST, PROBES, REFERENCES
from core.watch.departure import Gradients, make_departure
from core.watch.embedder import NAME, SHA256, Embedder, EmbedderError
from core.watch.likeness import (
    SPARE,
    Describer,
    Probes,
    Reading,
    choose_probes,
    choose_references,
    described,
    probes_of,
    reading_of,
    swap_chips,
)
from core.watch.scale import Scale, make_scale
from core.watch.scale_file import keep, kept

log = logging.getLogger(__name__)


class LikenessReader:
    """Reads one network. For the training thread. `warn`: what a person should know."""

    def __init__(self, network: FaceNetwork, caches: Mapping[str, FaceCache], folder: RunFolder, *,
                 warn: Callable[[str, str], None]) -> None:
        self._network = network
        self._caches = caches
        self._folder = folder
        self._warn = warn
        self._describer: Describer | None = None
        self._missing = ""      # why the network of likeness cannot be used
        self._probes: Probes | None = None
        self.picks: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._side = 0
        self.scale: Scale | None = None

    def prepare(self, settings: Mapping[str, Value]) -> Scale:
        """Have scale and probes ready for the network's present size. Raises FaceFileError, StoreError."""
        if self._describer is None:
            self._describer = self._make_describer()
        scale = self.scale or self._kept()
        if scale is None or probes_are_gone(self._caches["dst"], scale):
            scale = self._make_scale(int(settings["seed"]))
            keep(self._folder.readings, scale)
        if self.scale is not scale or self._side != self._network.resolution:
            self.scale, self._side = scale, self._network.resolution
            # Nothing is read with too few faces, so they need not be decoded either.
            self._probes = None if len(scale.probes) < FEWEST else probes_of(self._caches["dst"], scale.probes)
            address = Address(int(settings["seed"]), Stream.RESAMPLE, 0, 0, 0)
            count = len(scale.probes)
            self.picks = picks_of(Draws().uniforms(address, RESAMPLES * count), count)
        return scale

    def read(self, iteration: int, settings: Mapping[str, Value]) -> Reading | None:
        """A reading after `iteration` completed ones; None where there are not enough faces. `prepare` comes first."""
        if self.scale is None or self._probes is None or self._describer is None or self.scale.gap == 0:
            return None
        self._network.stand_at(iteration, int(settings["growth_ramp"]))
        chips = swap_chips(self._probes, self._swaps(self._probes.pictures))
        return reading_of(self.scale, self._describer.embed(chips), self.picks)

    @torch.no_grad()
    def _swaps(self, pictures: UInt8Array) -> UInt8Array:
        """dst faces (n, R, R, 3) BGR drawn as src, wholly (AMP: morph 1), uint8 RGB."""
        device = next(self._network.parameters()).device
        parts = []
        for first in range(0, len(pictures), CHUNK):
            faces = to_tensor(pictures[first:first + CHUNK], device)
            drawn, _ = self._network.draw_src(self._network.src_code(self._network.encode(faces), 1.0))
            levels = (drawn.float().clamp(0, 1) * 255).round().to(torch.uint8)
            parts.append(levels.permute(0, 2, 3, 1).flip(-1).cpu().numpy())     # BGR to RGB
        return np.concatenate(parts)

    def _make_describer(self) -> Describer:
        try:
            return Embedder.load(device=next(self._network.parameters()).device)
        except EmbedderError as error:
            self._missing = str(error)
            self._warn("likeness", f"{error}; until then the departure from the destination is measured instead, "
                                   "which is no likeness")
            return Gradients()

    def _kept(self) -> Scale | None:
        scale = kept(self._folder.readings)
        wanted = "departure" if self._missing else "likeness"
        return scale if scale is not None and scale.measure == wanted else None

    def _make_scale(self, seed: int) -> Scale:
        """Choose and describe references and probes: some seconds, once for a run."""
        describer = self._describer or Gradients()
        draws = Draws()
        sets = {side: self._caches[side].faceset for side in ("src", "dst")}
        chosen = choose_references(sets["src"], draws.uniforms(Address(seed, Stream.REFERENCE, 0, 0, 0),
                                                               REFERENCES + SPARE))
        references = described(sets["src"], chosen, describer, as_references=True)
        chosen = choose_probes(sets["dst"], draws.uniforms(Address(seed, Stream.PROBE, 0, 0, 0), PROBES))
        probes = described(sets["dst"], chosen, describer, as_references=False)
        scale = (make_departure(references, probes, self._missing) if self._missing
                 else make_scale(references, probes, f"{NAME}, sha256 {SHA256}"))
        log.info("scale references=%d probes=%d gap=%.3f trouble=%r", len(scale.references), len(scale.probes),
                 scale.gap, scale.trouble)
        return scale


def probes_are_gone(cache: FaceCache, scale: Scale) -> bool:
    """Whether a probe is no face of the set any more: then no reading can be held against those before."""
    there = {face.name for face in cache.faceset.faces}
    return any(name not in there for name in scale.probes)


def readings_folder(folder: RunFolder) -> Path:
    """Where scale and readings lie, made for runs that are older than they."""
    folder.readings.mkdir(mode=0o700, exist_ok=True)
    return folder.readings
