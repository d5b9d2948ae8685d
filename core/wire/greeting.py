"""What both sides hold against a hello: the version of the protocol, and a name that others may see."""

from collections.abc import Sequence

from core.settings.error import WireError
from core.wire.console_record import PROTOCOL
from core.wire.limits import MAX_LABEL_CHARACTERS


def check_protocol(theirs: Sequence[int]) -> None:
    """Raises WireError when the other side speaks another major version."""
    if theirs[0] != PROTOCOL[0]:
        raise WireError(f"the other side speaks version {theirs[0]}.{theirs[1]} of the protocol and this is "
                        f"{PROTOCOL[0]}.{PROTOCOL[1]}", hint="use the same version of dfl-tui for run and console")


def clean_label(label: str) -> str:
    """A client's name as others may see it: printable, one line, bounded (it is drawn on other people's screens)."""
    text = "".join(c for c in label if c.isprintable()).strip()
    return text[:MAX_LABEL_CHARACTERS] or "somebody"
