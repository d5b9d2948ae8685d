"""From a run folder to a loop that trains: what it stands on, its faces, network and threads, its first choices."""

from contextlib import ExitStack
from pathlib import Path

from core.train.boundary import EndTraining
from core.train.equipment import make_step, make_tools
from core.train.ground import find_faces, find_ground
from core.train.loop import Loop
from core.train.opening import introduce
from core.train.pipe import Ending, Pipe
from core.wire.trainer_record import Begin


class Trainer:
    """One life of a trainer on one run. `iteration` says how far it is, for its last words."""

    def __init__(self, pipe: Pipe, begin: Begin) -> None:
        self._pipe = pipe
        self._begin = begin
        self._loop: Loop | None = None

    @property
    def iteration(self) -> int:
        """Completed iterations."""
        return self._loop.iteration if self._loop else 0

    def run(self) -> Ending | None:
        """Train until something ends it: what, None for the target. Raises DflTuiError and what torch raises."""
        with ExitStack() as stack:
            try:
                ground = find_ground(self._pipe, self._begin)
                faces = find_faces(ground, Path(self._begin.cache))
                stack.callback(faces.close)
                step = make_step(ground)
                tools = make_tools(self._pipe, ground, faces, step, stack)
                self._loop = loop = Loop(tools, ground.start.iteration)
                introduce(ground, tools, loop)
            except EndTraining as end:
                return end.ending   # nothing was trained
            return loop.run()
