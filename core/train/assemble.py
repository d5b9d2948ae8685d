"""From a run folder to a loop that trains: what it stands on, its faces, network and threads, its first choices."""

import logging
import os
from contextlib import ExitStack
from pathlib import Path

from core.train.boundary import EndTraining
from core.train.equipment import make_step, make_tools
from core.train.ground import Ground, find_faces, find_ground
from core.train.loop import Loop
from core.train.opening import introduce
from core.train.pipe import Ending, Pipe
from core.train.ranks import Ranks
from core.train.world import RankLostError
from core.wire.trainer_record import Begin, Failed

STUCK_S = 20.0      # after that a training thread does not come back by itself

log = logging.getLogger(__name__)


class Trainer:
    """One life of a trainer on one run. `iteration` says how far it is, for its last words."""

    def __init__(self, pipe: Pipe, begin: Begin) -> None:
        self._pipe = pipe
        self._begin = begin
        self._loop: Loop | None = None
        self._ranks: Ranks | None = None

    @property
    def iteration(self) -> int:
        """Completed iterations."""
        return self._loop.iteration if self._loop else 0

    def run(self) -> Ending | None:
        """Train until something ends it: what, None for the target. Raises DflTuiError and what torch raises."""
        with ExitStack() as stack:
            try:
                ground = find_ground(self._pipe, self._begin)
                self._ranks = ranks = self._other_ranks(ground)
                stack.callback(ranks.close)
                return self._run(ground, ranks, stack)
            except RankLostError as error:
                told = self._ranks.explain(error) if self._ranks else error
                if ground.machine.device.type == "cuda":
                    stack.pop_all()     # nothing is closed in order: a GPU that waits for a lost rank never answers
                raise told from error

    def _run(self, ground: Ground, ranks: Ranks, stack: ExitStack) -> Ending | None:
        """The life of the loop."""
        try:
            ranks.start()       # they load torch while we read faces
            faces = find_faces(ground, Path(self._begin.cache))
            stack.callback(faces.close)
            world = ranks.meet(ground.progress)
            stack.callback(ranks.tell(self._pipe.say).set)
            faces.share = world.share
            tools = make_tools(self._pipe, ground, faces, make_step(ground, world), stack, cache=self._begin.cache)
            self._loop = loop = Loop(tools, ground.start.iteration)
            introduce(ground, tools, loop)
        except EndTraining as end:
            if end.ending is Ending.RANK_LOST:
                raise RankLostError(end.ending.value) from None
            return end.ending   # nothing was trained
        return loop.run()

    def _other_ranks(self, ground: Ground) -> Ranks:
        settings = ground.start.course.state.settings
        return Ranks(ground.folder.path, ground.machine, settings, lost=self._lose)

    def _lose(self) -> None:
        """A rank of this machine is gone: a thread says so. Training ends at its next boundary, or in the collective
        that fails; where neither comes, because a GPU waits, it is ended here."""
        self._pipe.lose_rank()
        if self._ranks is None or self._ranks.told.wait(STUCK_S):
            return
        told = self._ranks.explain(RankLostError(Ending.RANK_LOST.value))
        log.error("rank lost and the training thread does not come back error=%s", told)
        self._pipe.say(Failed(str(told), self.iteration, memory=told.memory, killed=told.killed))
        self._pipe.close()
        os._exit(1)
