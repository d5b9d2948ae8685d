"""The trainer that an earlier supervisor left behind: it saves and ends by itself; one that hangs is ended.

Nothing else may write before the kernel says that trainer.lock is free: whatever is done here, only that lets the next
trainer start. The process that is ended is the one that the lock names, and only while it is the same process still:
a process id is used again within hours on a busy machine (facts/console.md 2.2).
"""

import contextlib
import logging
import os
import signal
from dataclasses import dataclass

from core.store.folder import RunFolder
from core.store.lock import Holder, boot_id, holder, is_held, start_time

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an orphan may take. save_s: for its last save, as long as one that was told to end gets; then SIGTERM,
    which ends what only does not listen to its pipe; end_s: from there to SIGKILL."""

    save_s: float = 300.0
    end_s: float = 15.0


PATIENCE = Patience()


class Orphan:
    """Waits for the trainer of an earlier supervisor. `ended_by`: the last signal that it had to be sent, or None."""

    def __init__(self, folder: RunFolder, patience: Patience) -> None:
        self._lock = folder.trainer_lock
        self._patience = patience
        self._since_s: float | None = None
        self.ended_by: signal.Signals | None = None

    def look(self, now_s: float) -> str:
        """What is waited for, in a sentence; "" when no trainer writes. Call it again and again; `now_s`: monotonic."""
        if not is_held(self._lock):
            return ""
        self._since_s = now_s if self._since_s is None else self._since_s
        # The text can be that of a holder that was killed: the next one signs a moment after it has the lock.
        who = living(holder(self._lock))
        if who is None:
            return "another trainer holds this run, and its lock does not say which process it is: end it by hand"
        if now_s - self._since_s >= self._patience.save_s:
            self._end(who, now_s - self._since_s - self._patience.save_s)
            return (f"the trainer of an earlier supervisor (process {who.pid}) did not end within "
                    f"{self._patience.save_s:g} s and is being ended")
        return (f"the trainer of an earlier supervisor (process {who.pid}) saves and ends; it has "
                f"{self._patience.save_s:g} s for that")

    def _end(self, who: Holder, late_s: float) -> None:
        """SIGTERM once, SIGKILL once it had its time for that."""
        number = signal.SIGTERM if late_s < self._patience.end_s else signal.SIGKILL
        if self.ended_by in (number, signal.SIGKILL):
            return
        log.warning("orphan pid=%s signal=%s", who.pid, number.name)
        self.ended_by = number
        send(who, number)

    @property
    def story(self) -> str:
        """What became of it, for the journal; "" where it ended by itself."""
        if self.ended_by is None:
            return ""
        return (f"its trainer did not end within {self._patience.save_s:g} s and was ended ({self.ended_by.name}): "
                "what it had not saved is trained again")


def living(who: Holder | None) -> Holder | None:
    """`who`, if that is a process of this machine that runs now; else None."""
    if who is None or who.boot != boot_id() or not who.started or who.started != start_time(who.pid):
        return None
    return who


def send(who: Holder, number: signal.Signals) -> None:
    """Signal a process, and never another one that got its id meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        if not hasattr(os, "pidfd_open"):   # macOS: ids are used again after 99,999 processes
            os.kill(who.pid, number)
            return
        fd = os.pidfd_open(who.pid)
        try:
            if living(who) is not None:     # asked with the descriptor open: from here on it is that process or none
                signal.pidfd_send_signal(fd, number)
        finally:
            os.close(fd)
