"""What a run or a backup may be called: a name that is a safe file name everywhere and needs no quotes in a shell."""

import re

from core.settings.error import RefusedError
from core.wire.limits import MAX_NAME_CHARACTERS

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def check_name(name: str, whose: str) -> str:
    """`name`, if it may name `whose` ("a run", "a backup"). Raises RefusedError with the rule."""
    if len(name) <= MAX_NAME_CHARACTERS and _NAME.fullmatch(name):
        return name
    shown = name if len(name) <= 40 else name[:39] + "…"
    raise RefusedError(f"{shown!r} cannot be the name of {whose}",
                       hint=f"use 1 to {MAX_NAME_CHARACTERS} of A-Z a-z 0-9 . _ -, and no dot in front")
