"""Who types: for the journal, for other people's screens, and for the record of consent."""

import os
import sys
from contextlib import suppress


def user_name() -> str:
    """The login name, or the number where there is none (a container without an entry for its user)."""
    import getpass  # late: pulls in termios and pwd

    with suppress(KeyError, OSError):
        return getpass.getuser()
    return f"user {os.getuid()}"


def author() -> str:
    """How events name the one who types: person:anna@box pts/3."""
    return f"person:{label()}"


def label() -> str:
    """How this command is called on other people's screens: anna@box pts/3."""
    seat = ""
    with suppress(OSError, ValueError):  # no terminal: a script, or cron
        seat = " " + os.ttyname(sys.stdin.fileno()).removeprefix("/dev/")
    return f"{user_name()}@{os.uname().nodename}{seat}"
