"""The batches of a run, one a step: faces drawn in order, or those that were learnt worst, once more.

Counts how many faces of each side were drawn. What it keeps is in every generation, so that a resumed run draws on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from core.samples.planes import Batch
from core.samples.request import Pick
from core.samples.worst import Worst, picks_of
from core.train.course import Course
from core.train.notices import Notices
from core.train.pretrain import in_effect
from core.train.step import StepResult
from core.train.train_batch import TrainBatch, to_train_batch
from core.train.training_faces import SIDES, TrainingFaces
from core.train.world import ALONE, World


class Found(NamedTuple):
    """The faces that we drew for a batch, src and dst, and where it stood."""

    faces: tuple[NDArray[np.int64], NDArray[np.int64]]
    life: int
    iteration: int
    drawn: Mapping[str, int]


class Batches:
    """Makes our share of the batch of the next step. `drawn`: faces of each side drawn so far, by all ranks.

    kept: what `state` gave when it was saved.
    """

    def __init__(self, faces: TrainingFaces, course: Course, kept: Mapping[str, Any], *, notices: Notices,
                 device: torch.device, world: World = ALONE) -> None:
        self._faces = faces
        self._course = course
        self._notices = notices
        self._device = device
        self._world = world
        self._worst = Worst([faces.sets[side].key for side in SIDES], kept.get("worst"))
        self._drew = 0      # faces a side of the batch that was made last, 0 where they were shown before
        self._found: Found | None = None        # in that batch, where it may be shown again
        self.drawn = {side: int(count) for side, count in kept["drawn"].items()}

    def next(self, iteration: int) -> TrainBatch:
        """The samples of the step after `iteration` completed ones, on the device."""
        settings = in_effect(self._course.settings)
        size = int(settings["batch_size"])
        again = self._worst.due(iteration, size) if settings["retraining_samples"] else None
        self._found, self._drew = None, 0 if again is not None else size
        if again is not None:
            samples = self._faces.again(again, settings)
        else:
            life, drawn = self._course.life, self._since_epochs()
            samples = self._faces.batch(life=life, iteration=iteration, drawn=drawn, settings=settings)
            if settings["retraining_samples"]:
                self._found = Found((samples.src.index, samples.dst.index), life, iteration, drawn)
        self._tell(samples)
        return to_train_batch(samples, self._device)

    def trained(self, result: StepResult) -> None:
        """The batch that was made last was trained with this result."""
        for side in SIDES:
            self.drawn[side] += self._drew
        if self._found is not None:
            # Losses are read when they are needed: a GPU is not waited for at every step.
            self._worst.note(self._picks(self._found), lambda: (result.src.cpu().numpy(), result.dst.cpu().numpy()))

    def state(self) -> dict[str, Any]:
        """What a resume needs, as plain numbers."""
        return {"drawn": dict(self.drawn), "worst": self._worst.state()}

    def _picks(self, found: Found) -> tuple[Sequence[Pick], Sequence[Pick]]:
        """Addresses of all samples of a batch. Every rank knows the faces that it drew, and asks the others for theirs
        only here, after a step: a trial makes batches on one rank alone."""
        src, dst = (picks_of(self._world.gathered(index, self._drew), life=found.life, iteration=found.iteration,
                             drawn=found.drawn[side]) for side, index in zip(SIDES, found.faces, strict=True))
        return src, dst

    def _since_epochs(self) -> Mapping[str, int]:
        """Faces drawn of each side since its present face set came in."""
        return {side: count - self._course.first_drawn(side) for side, count in self.drawn.items()}

    def _tell(self, samples: Batch) -> None:
        for sentence in samples.problems:
            self._notices.warn("faces", sentence)
        if samples.restarts:
            self._notices.warn("workers", f"{samples.restarts} sample workers ended and were started again")
