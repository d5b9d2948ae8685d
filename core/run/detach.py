"""Leaving the terminal for good: a session of our own, no parent that owns a terminal, no descriptor that leads to one
(facts/console.md 2.1: each of these alone is not enough somewhere).
"""

import os
import signal
import sys
from pathlib import Path

PRIVATE_UMASK = 0o077


def detach(log_file: Path) -> None:
    """Become a process that no terminal can end. Returns in the child only; the parent has ended.

    Call it before any thread is started and before anything that must not be shared is opened.
    """
    sys.stdout.flush()
    # The starter waits for the parent's end and no longer; the child has a parent then that owns no terminal.
    if os.fork():
        os._exit(0)
    os.setsid()
    # SIGINT comes from a keyboard, and there is none; trainers inherit both.
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    os.umask(PRIVATE_UMASK)
    os.chdir(log_file.parent)
    null = os.open(os.devnull, os.O_RDONLY)
    # Not through a link: what is written there would land in a file that is no log.
    log = os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(null)
    os.close(log)
