"""The driver's lease: one console steers, the others watch. Pure; knows no socket and no clock of its own.

Taking it over is always possible and always visible: it protects from accidents, not from each other.
"""

from dataclasses import dataclass

from core.settings.error import RefusedError


@dataclass(slots=True)
class Lease:
    """Who steers: `seat` of a client (0 = nobody) and the label that others see."""

    seat: int = 0
    label: str = ""

    def take(self, seat: int, label: str) -> bool:
        """Give the lease to `seat`, whoever holds it; True when that changed anything."""
        changed = self.seat != seat
        self.seat, self.label = seat, label
        return changed

    def leave(self, seat: int) -> bool:
        """The client at `seat` is gone or silent; True when it held the lease."""
        if self.seat != seat:
            return False
        self.seat, self.label = 0, ""
        return True

    def release(self, seat: int) -> None:
        """Give the lease back. Raises RefusedError when somebody else holds it, or nobody."""
        if not self.leave(seat):
            raise RefusedError(f"{self.label} steers, so there is nothing to release" if self.seat
                               else "nobody steers, so there is nothing to release")

    def check(self, seat: int) -> None:
        """Raises RefusedError when somebody else steers."""
        if self.seat not in (0, seat):
            raise RefusedError(f"{self.label} steers this run",
                               hint="take the lease first: t in a console, --take in a command")
