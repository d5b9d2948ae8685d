"""The batches of a run, one a step: faces drawn in order, or those that were learnt worst, once more.

Counts how many faces of each side were drawn. What it keeps is in every generation, so that a resumed run draws on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from core.samples.planes import Batch
from core.samples.request import Pick
from core.samples.worst import Worst, picks_of
from core.train.course import Course
from core.train.notices import Notices
from core.train.pretrain import in_effect
from core.train.start import Start
from core.train.step import StepResult
from core.train.train_batch import TrainBatch, to_train_batch
from core.train.training_faces import SIDES, TrainingFaces

Picks = tuple[Sequence[Pick], Sequence[Pick]]


class Batches:
    """Makes the batch of the next step. `drawn`: faces of each side drawn so far."""

    def __init__(self, faces: TrainingFaces, start: Start, notices: Notices, device: torch.device) -> None:
        self._faces = faces
        self._course: Course = start.course
        self._notices = notices
        self._device = device
        extra = start.generation.extra if start.generation is not None else {}
        self._worst = Worst([faces.sets[side].key for side in SIDES], extra.get("worst"))
        self._picks: Picks | None = None        # of the batch that was made last, None where it drew no faces
        self.drawn = dict(start.drawn)

    def next(self, iteration: int) -> TrainBatch:
        """The samples of the step after `iteration` completed ones, on the device."""
        settings = in_effect(self._course.settings)
        again = self._worst.due(iteration, int(settings["batch_size"])) if settings["retraining_samples"] else None
        if again is not None:
            samples = self._faces.again(again, settings)
            self._picks = None
        else:
            life, drawn = self._course.life, self._since_epochs()
            samples = self._faces.batch(life=life, iteration=iteration, drawn=drawn, settings=settings)
            src, dst = (picks_of(side.index, life=life, iteration=iteration, drawn=drawn[name])
                        for name, side in zip(SIDES, (samples.src, samples.dst), strict=True))
            self._picks = src, dst
        self._tell(samples)
        return to_train_batch(samples, self._device)

    def trained(self, result: StepResult) -> None:
        """The batch that was made last was trained with this result."""
        if self._picks is None:
            return
        for side, picks in zip(SIDES, self._picks, strict=True):
            self.drawn[side] += len(picks)
        if self._course.settings["retraining_samples"]:
            # Read when they are needed: a GPU is not waited for at every step.
            self._worst.note(self._picks, lambda: (result.src.cpu().numpy(), result.dst.cpu().numpy()))

    def state(self) -> dict[str, Any]:
        """What a resume needs, as plain numbers."""
        return {"drawn": dict(self.drawn), "worst": self._worst.state()}

    def _since_epochs(self) -> Mapping[str, int]:
        """Faces drawn of each side since its present face set came in."""
        return {side: count - self._course.first_drawn(side) for side, count in self.drawn.items()}

    def _tell(self, samples: Batch) -> None:
        for sentence in samples.problems:
            self._notices.warn("faces", sentence)
        if samples.restarts:
            self._notices.warn("workers", f"{samples.restarts} sample workers ended and were started again")
