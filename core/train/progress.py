"""What the trainer does before training begins, said as it goes; and the way out for an end that comes meanwhile."""

import logging
import time

from core.train.boundary import Boundary
from core.train.pipe import Pipe
from core.wire.trainer_record import Phase

SAY_S = 0.2                 # a phase is renewed at most so often

log = logging.getLogger(__name__)


class Progress:
    """Says what is done before training begins, and lets an end of training through."""

    def __init__(self, pipe: Pipe, boundary: Boundary) -> None:
        self._pipe = pipe
        self._boundary = boundary
        self._last_s = 0.0

    def phase(self, name: str, sentence: str) -> None:
        """A phase begins. Raises EndTraining."""
        log.info("phase=%s detail=%r", name, sentence)
        self._pipe.say(Phase(name, sentence))
        self._boundary.hear()

    def renew(self, sentence: str, name: str = "starting") -> None:
        """The phase goes on: a sign of life. Raises EndTraining."""
        if time.monotonic() - self._last_s > SAY_S:
            self._last_s = time.monotonic()
            self._pipe.say(Phase(name, sentence))
            self._boundary.hear()
