"""The two face sets of a run while it trains: opened with their progress said, cached, and turned into batches."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import disk_usage

from core.faces.cache import FaceCache
from core.faces.face import FaceSet
from core.faces.face_type import face_type_of
from core.faces.faceset import open_faceset
from core.faces.pose import yaw_of
from core.samples.planes import Batch
from core.samples.request import Pick
from core.samples.share import WHOLE, Share
from core.samples.source import SampleSource
from core.settings.error import FaceFileError
from core.settings.kind import Value
from core.train.pretrain import is_pretraining
from core.train.sample_options import sample_options

SIDES = ("src", "dst")
PRETRAIN = "pretraining"
MOST_CACHE_BYTES = 16 * 1024**3     # of one face set; 16 GB hold 260,000 faces at 128 px
CACHE_SHARE = 4                     # and never more than this fraction of what is free
NAMED_PROBLEMS = 5                  # files of a warning; `faces check` names all

log = logging.getLogger(__name__)


class TrainingFaces:
    """Faces of both people at the model's size, and the source of their batches.

    `caches` may hold a third set, PRETRAIN: while the run is being pretrained, both sides are drawn from it.
    """

    def __init__(self, sets: Mapping[str, FaceSet], caches: dict[str, FaceCache], *, seed: int,
                 workers: int) -> None:
        self.sets = sets
        self.caches = caches
        self.share: Share = WHOLE   # of each batch that we make; settled before the first one
        self._drawn_from = SIDES
        self._seed = seed
        self._workers = workers
        self._source: SampleSource | None = None
        self._has_yaw = False

    def batch(self, *, life: int, iteration: int, drawn: Mapping[str, int], settings: Mapping[str, Value]) -> Batch:
        """The samples of the step after `iteration` completed ones; drawn counts from the epochs' beginning."""
        self.fit(settings)
        options = sample_options(settings)
        source = self._source_with(self._names(settings), needs_yaw=options.uniform_yaw)
        return source.batch(life=life, iteration=iteration, drawn_src=drawn["src"], drawn_dst=drawn["dst"],
                            options=options)

    def again(self, picks: tuple[Sequence[Pick], Sequence[Pick]], settings: Mapping[str, Value]) -> Batch:
        """Samples that were made before, unwarped."""
        options = sample_options(settings)
        return self._source_with(self._names(settings), needs_yaw=options.uniform_yaw).again(picks, options)

    def fit(self, settings: Mapping[str, Value]) -> None:
        """Have the faces at the side of these settings: after a growth they are decoded anew, once each. `caches`
        stays the same object, with others in it."""
        side = int(settings["resolution"])
        if all(cache.opening().side_px == side for cache in self.caches.values()):
            return
        self.close()
        for name, cache in self.caches.items():
            opening = replace(cache.opening(), side_px=side)
            cache.close()
            self.caches[name] = opening.open()

    def close(self) -> None:
        """End the workers."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _names(self, settings: Mapping[str, Value]) -> tuple[str, str]:
        """The sets that src and dst are drawn from."""
        return (PRETRAIN, PRETRAIN) if is_pretraining(settings) and PRETRAIN in self.caches else SIDES

    def _source_with(self, names: tuple[str, str], *, needs_yaw: bool) -> SampleSource:
        if self._source is not None and names == self._drawn_from and (self._has_yaw or not needs_yaw):
            return self._source
        self.close()
        self._has_yaw, self._drawn_from = needs_yaw, names
        src, dst = names
        yaws = (yaw_of(self.sets[src]), yaw_of(self.sets[dst])) if needs_yaw else None
        self._source = SampleSource(self.caches[src], self.caches[dst], seed=self._seed, workers=self._workers,
                                    yaws=yaws, share=self.share)
        return self._source


def open_faces(folders: tuple[Path, Path], settings: Mapping[str, Value], cache: Path, *, workers: int,
               say: Callable[[str], None]) -> TrainingFaces:
    """Open the face sets of src and dst. `say` gets a sentence now and then. Raises FaceFileError."""
    sets = {side: open_side(side, folder, say) for side, folder in zip(SIDES, folders, strict=True)}
    if settings["pretrain_dir"]:
        sets[PRETRAIN] = open_side(PRETRAIN, Path(str(settings["pretrain_dir"])), say)
    face_type = face_type_of(str(settings["face_type"]))
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    limit = min(MOST_CACHE_BYTES, disk_usage(cache).free // CACHE_SHARE)
    caches = {side: FaceCache(faceset, side_px=int(settings["resolution"]), face_type=face_type, folder=cache,
                              limit_bytes=limit) for side, faceset in sets.items()}
    return TrainingFaces(sets, caches, seed=int(settings["seed"]), workers=workers)


def open_side(side: str, folder: Path, say: Callable[[str], None]) -> FaceSet:
    """The face set of one side. Raises FaceFileError, also for a run that was imported without."""
    if not folder.is_absolute():
        raise FaceFileError(f"the run has no {side} faces: it was imported to be exported",
                            hint="import the model again with --src and --dst")
    faceset = open_faceset(folder, lambda done, total: say(f"reads {side} faces: {done:,} of {total:,}"))
    log.info("side=%s faces=%d problems=%d key=%s", side, len(faceset.faces), len(faceset.problems), faceset.key)
    return faceset


def told_problems(side: str, faceset: FaceSet) -> str:
    """A sentence about the files of a face set that are skipped, or ""."""
    count = len(faceset.problems)
    if not count:
        return ""
    named = "; ".join(f"{p.name}: {p.reason}" for p in faceset.problems[:NAMED_PROBLEMS])
    more = f"; and {count - NAMED_PROBLEMS:,} more: see dfl-tui faces check" if count > NAMED_PROBLEMS else ""
    return f"{count:,} file{'s' * (count != 1)} of {side} {'are' if count != 1 else 'is'} skipped: {named}{more}"
