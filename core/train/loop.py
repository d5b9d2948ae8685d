"""The training loop: at each boundary what is due, then batch, step, row. Its tools are made in assemble.py."""

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from core.events.act import Act, GrowRun
from core.events.event import FacesChanged, FaceSetNote, NetworkMade, Stopped
from core.events.growth import after_name, before_name
from core.events.reading import Readings
from core.settings.error import DflTuiError, NetworkError, RefusedError
from core.train.batches import Batches
from core.train.boundary import Boundary, EndTraining, Measured
from core.train.course import Course
from core.train.floor import measure
from core.train.leader import Leader
from core.train.lrd import LrdStream
from core.train.notices import Notices
from core.train.pipe import Ending, Pipe
from core.train.pretrain import in_effect
from core.train.preview import Preview
from core.train.prober import Prober
from core.train.publisher import Publisher
from core.train.rate import rate
from core.train.step import Step
from core.train.train_batch import TrainBatch
from core.train.training_faces import TrainingFaces
from core.train.watching import Watching
from core.train.world import RankLostError
from core.train.writer import Standing, Writer
from core.wire.trainer_record import Phase

ROOM_S = 10.0    # a disk without room is asked again so often, where training cannot go on before

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the loop works with. `extra`: what every generation says beside the state."""

    pipe: Pipe
    boundary: Boundary
    course: Course
    faces: TrainingFaces
    batches: Batches
    step: Step
    writer: Writer
    preview: Preview
    publisher: Publisher
    notices: Notices
    extra: Mapping[str, Any]
    leader: Leader
    watching: Watching
    prober: Prober


class Loop:
    """Trains until it is told to end. `iteration`: completed ones."""

    def __init__(self, tools: Tools, iteration: int) -> None:
        self._tools = tools
        self.iteration = iteration
        self._is_training = False
        self._save_ms = 0.0             # of the training thread, since the last iteration
        self._watch_ms = 0.0            # likewise
        self.readings: Readings | None = None   # what is known after this iteration, where a plan is asked
        self._before: Standing | None = None    # how the run stood before the growth that is asked for
        sides: tuple[Literal["src", "dst"], ...] = ("src", "dst")
        self._changed_sides = [side for side in sides if self._new_note(side) is not None]

    def run(self) -> Ending | None:
        """Train; why it ended, None when the target was reached. All that was trained is saved then.

        An error of ours comes from samples or files and leaves whole weights: they are saved before it goes upwards.
        Not so where a rank was lost: a step may be half done, and a GPU that waits for it never answers. What was saved
        before is gone on from.
        """
        try:
            self._train()
        except EndTraining as end:
            if end.ending is Ending.RANK_LOST:
                raise RankLostError(end.ending.value) from None
            self._tools.leader.dismiss()
            self._save_last()
            return end.ending
        except RankLostError:
            raise
        except DflTuiError:
            self._save_last()
            raise
        self._tools.leader.dismiss()
        return None

    def serve(self) -> bool:
        """Do what is due at this boundary; whether training stood still for it. Raises EndTraining."""
        return self._tools.boundary.serve(self.iteration, self)

    def _train(self) -> None:
        self._tools.leader.muster(self.iteration)
        self._tools.pipe.say(Phase("training", ""))
        self._is_training = True
        began = time.perf_counter()
        while True:
            stood_still = self.serve()
            self.equip()
            if not self._note_new_faces():
                self._tools.boundary.hear(ROOM_S)  # no room: nothing is trained with faces that the journal lacks
                stood_still = True
            elif self._is_at_target():
                if self._save_last():
                    self._tools.boundary.propose(Stopped("target"), self.iteration)
                    return
                self._tools.boundary.hear(ROOM_S)  # the disk has no room: what was trained stays in memory until it has
                stood_still = True
            if stood_still:
                self._tools.pipe.say(Phase("training", ""))
                began, self._save_ms, self._watch_ms = time.perf_counter(), 0.0, 0.0
                continue
            began = self._iterate(began)

    def _iterate(self, began: float) -> float:
        """One iteration, timed from `began` on; when it ended."""
        self._tools.leader.go(self.iteration)
        settings, started = in_effect(self._tools.course.settings), time.perf_counter()
        batch = self.next_batch()
        data_ms = (time.perf_counter() - started) * 1000
        numbers = self._step(batch)
        lr = rate(settings, self.iteration)
        self.iteration += 1
        ended = time.perf_counter()
        total_ms, save_ms, self._save_ms = (ended - began) * 1000, self._save_ms, 0.0
        compute_ms, self._watch_ms = total_ms - data_ms - save_ms - self._watch_ms, 0.0
        self.readings = self._tools.watching.finished(self.iteration, numbers, (data_ms + compute_ms) / 1000)
        if self.readings is not None:   # what watching took is part of the next iteration's whole
            self._watch_ms = (time.perf_counter() - ended) * 1000
        self._tools.publisher.put((self.iteration, lr, data_ms, compute_ms, save_ms, total_ms, time.time(), numbers))
        return ended

    def next_batch(self) -> TrainBatch:
        """The samples of the next step, on the device."""
        return self._tools.batches.next(self.iteration)

    def equip(self) -> None:
        """Make the octaves and discriminators that the settings in force need, and have the blocks written down when
        they are others than the journal's, once no iteration of the journal lies ahead."""
        course, step = self._tools.course, self._tools.step
        step.equip(course.settings, course.locked)
        self._tools.faces.fit(course.settings)
        if course.state.blocks != step.blocks and self.iteration >= course.state.iteration:
            self._tools.boundary.propose(NetworkMade(step.blocks), self.iteration)

    def _step(self, batch: TrainBatch) -> Tensor:
        """Train on a batch; the step's numbers, still on the device: reading them here would wait for it."""
        course = self._tools.course
        result = self._tools.step(batch, course.settings, iteration=self.iteration, locked=course.locked,
                                  stream=LrdStream(int(course.settings["seed"]), course.life))
        self._tools.batches.trained(result)
        return result.numbers

    # --- errands at a boundary (core/train/boundary.py) ---------------------------------------------------------------
    def want_save(self, name: str, ref: int) -> None:
        """Write a generation as soon as one can be written."""
        self._tools.writer.want(name, ref)

    def want_preview(self, ref: int) -> None:
        """Draw a preview as soon as one can be written."""
        self._tools.preview.want(ref)

    def attend(self) -> None:
        """Saves, previews and warnings that wait, as far as they can be done now."""
        course = self._tools.course
        self._tools.leader.keep()
        self._save_ms += self._tools.writer.attend(self.iteration, course.settings, self._standing)
        self._tools.preview.attend(self.iteration, course.life, course.settings)
        for warning in self._tools.notices.taken():
            self._tools.boundary.mention(warning, self.iteration)
        for choice in self._tools.notices.choices():
            self._tools.boundary.mention(choice, self.iteration)

    def why_not(self, act: Act) -> RefusedError | None:
        """Why an act cannot be carried out on this machine, found by a probe."""
        before = self._tools.prober.tries
        error = self._tools.prober.why_not(act, self.iteration)
        if self._is_training and self._tools.prober.tries > before:
            self._tools.pipe.say(Phase("training", ""))
        return error

    def before_growth(self, act: GrowRun) -> Measured:
        """Note how the run stands: nothing of the network changes before the growth is written down. Where a reason
        overrides the guard, it is measured all the same: the journal tells what was overridden."""
        del act
        self._before = self._standing()
        return measure(self._tools.step.network, self._tools.faces.caches, self._tools.course.settings, self.iteration)

    def after_growth(self) -> None:
        """Backups on both sides of the growth, which is in force already but not made yet."""
        writer, before = self._tools.writer, self._before
        if before is None:
            return
        resolution = int(self._tools.course.settings["resolution"])
        writer.at_once(before_name(resolution, self.iteration), before)
        self.equip()
        writer.at_once(after_name(resolution, self.iteration), self._standing())
        self._tools.preview.want()

    def _standing(self) -> Standing:
        course = self._tools.course
        # A save says which events its weights know. One that came into force at this very boundary they must know then:
        # a growth that is made again after a crash was saved without its blocks, and such a save could not be loaded.
        with suppress(NetworkError):    # said where the step is equipped; what was trained is saved all the same
            self._tools.step.equip(course.settings, course.locked)
        return Standing(self.iteration, course.life, course.position, course.settings, tuple(course.events),
                        {**self._tools.extra, **self._tools.batches.state(), "step": self._tools.step.state(),
                         "watch": self._tools.watching.state()})

    # --- face sets that are not what the journal says -----------------------------------------------------------------
    def _new_note(self, side: str) -> FaceSetNote | None:
        """The note of that side's face set where it differs from the journal's, else None."""
        note: FaceSetNote = getattr(self._tools.course.state, side)
        faceset = self._tools.faces.sets[side]
        return None if faceset.key == note.key else FaceSetNote(note.path, len(faceset.faces), faceset.key)

    def _note_new_faces(self) -> bool:
        """Have it written down that a face set changed, once no iteration of the journal lies ahead. False when that
        was refused, which is when the disk is full: then it is to be tried again."""
        if not self._changed_sides or self.iteration < self._tools.course.state.iteration:
            return True
        for side in tuple(self._changed_sides):
            new = self._new_note(side)
            if new is not None:
                before = getattr(self._tools.course.state, side).faces
                body = FacesChanged(side, new, self._tools.batches.drawn[side])
                why = f"{side} had {before:,} faces and has {new.faces:,}, or others, now"
                if not self._tools.boundary.propose(body, self.iteration, why):
                    say = Phase("training", f"stands still until the journal can say that the faces of {side} changed")
                    self._tools.pipe.say(say)
                    return False
            self._changed_sides.remove(side)
        return True

    # --- the end ------------------------------------------------------------------------------------------------------
    def _is_at_target(self) -> bool:
        return 0 < int(self._tools.course.settings["target_iter"]) <= self.iteration

    def _save_last(self) -> bool:
        """Save what was trained; False when the disk refused, which the writer has reported."""
        self._tools.pipe.say(Phase("saving", f"saves iteration {self.iteration:,}"))
        is_saved = self._tools.writer.finish(self._standing())
        if not is_saved:
            log.error("the last state is not saved iteration=%d", self.iteration)
        return is_saved
