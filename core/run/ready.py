"""The one line that a supervisor says to its starter: where its socket is, or why it could not start."""

import contextlib
import os
from typing import Literal

import msgspec

from core.settings.error import DflTuiError, JournalError, RefusedError, StoreError

Kind = Literal["journal", "store", "refused"]
REFUSED: Kind = "refused"
KINDS: dict[Kind, type[DflTuiError]] = {"journal": JournalError, "store": StoreError, REFUSED: RefusedError}


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The supervisor holds the run's lock and listens at `socket`."""

    socket: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The supervisor could not start; message and hint are those of its error, `kind` is its class in KINDS.
    `in_use`: another one has the run."""

    message: str
    hint: str
    in_use: bool = False
    kind: Kind = REFUSED

    def error(self) -> DflTuiError:
        """The error as it was there: a command ends with the same code, whoever found out."""
        return KINDS[self.kind](self.message, hint=self.hint)


class Starter:
    """The one who waits for a word, at the other end of a pipe (`fd`), if anybody does."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd

    def tell(self, word: Ready | Failed) -> None:
        """Say the one word; later ones are not said. A starter that is gone is no reason to fail."""
        fd, self._fd = self._fd, None
        if fd is not None:
            # A starter that was interrupted has closed its end; the run goes on without it.
            with contextlib.suppress(OSError):
                os.write(fd, msgspec.json.encode(word))
            os.close(fd)

    def tell_failure(self, error: DflTuiError, *, in_use: bool = False) -> None:
        """Say why it could not start."""
        kind: Kind = next((kind for kind, cls in KINDS.items() if isinstance(error, cls)), REFUSED)
        self.tell(Failed(error.message, error.hint, in_use, kind))


def understood(data: bytes) -> Ready | Failed | None:
    """What was said; None when it ended without a word."""
    try:
        return msgspec.json.decode(data, type=Ready | Failed) if data else None
    except msgspec.DecodeError:
        return None
