"""The four directions of the wire, each with the messages that may come and their largest size."""

import math

from core.events.act import SetValues
from core.settings.error import WireError
from core.wire.console_record import ClientMessage, Command, SupervisorMessage
from core.wire.frame import Codec
from core.wire.limits import MAX_ANSWER_BYTES, MAX_PIPE_BYTES, MAX_REQUEST_BYTES
from core.wire.trainer_record import SupervisorOrder, TrainerReport


def refuse_not_finite(message: ClientMessage) -> None:
    """NaN passes every type check, and no setting takes it. Raises WireError."""
    if not (isinstance(message, Command) and isinstance(message.act, SetValues)):
        return
    for key, value in message.act.values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise WireError(f"a message sets {key[:40]!r} to {value}", hint="give a finite number")


REQUESTS: Codec[ClientMessage] = Codec(ClientMessage, MAX_REQUEST_BYTES, refuse_not_finite)
ANSWERS: Codec[SupervisorMessage] = Codec(SupervisorMessage, MAX_ANSWER_BYTES)
ORDERS: Codec[SupervisorOrder] = Codec(SupervisorOrder, MAX_PIPE_BYTES)
REPORTS: Codec[TrainerReport] = Codec(TrainerReport, MAX_PIPE_BYTES)
