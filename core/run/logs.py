"""Log files that do not grow without end. Their writers append to an open descriptor and outlive us, so a file is
copied and cut where it lies, never renamed away from under them."""

import os
import shutil
from pathlib import Path

from core.wire.limits import LOG_ANSWER_BYTES, LOG_LINE_CHARACTERS, MIB

MAX_LOG_BYTES = 2 * MIB     # some 20,000 lines; one older file of the same size is kept beside it


def trim(path: Path, limit_bytes: int = MAX_LOG_BYTES) -> bool:
    """Move the content of a log that is over the limit to `NAME.1` and begin it anew; True when that was done."""
    try:
        if path.stat().st_size <= limit_bytes:
            return False
        shutil.copyfile(path, path.with_name(path.name + ".1"))
        os.truncate(path, 0)
    except OSError:
        return False    # a log must never be the reason that a training stops
    return True


def tail(path: Path, lines: int) -> list[str]:
    """The last `lines` lines, long ones cut; empty when there is no log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_ANSWER_BYTES))
            text = file.read(LOG_ANSWER_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return []
    return [line[:LOG_LINE_CHARACTERS] for line in text.splitlines()[-lines:]]
