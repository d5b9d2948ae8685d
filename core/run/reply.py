"""The one answer to a command, for those who know no client."""

from collections.abc import Callable

from msgspec import Struct

from core.events.event import Event
from core.settings.error import DflTuiError
from core.wire.console_record import Done, Refused


class Reply:
    """Where the one answer to a command goes: by `send`, which drops it for a client that left."""

    def __init__(self, send: Callable[[Struct], None], request: int) -> None:
        self._send = send
        self._request = request

    def done(self, event: Event | None, sentence: str) -> None:
        """It was carried out, or accepted for later."""
        self._send(Done(self._request, event, sentence))

    def refused(self, error: DflTuiError) -> None:
        """It was not carried out."""
        self._send(Refused(self._request, error.message, error.hint))
