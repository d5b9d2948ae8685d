"""What a run decided once: device, threads, the shared pass. Pure; a resume never chooses again (design.md 4.4)."""

from collections.abc import Sequence

from core.events.event import Chose, Event, SettingsChanged
from core.settings.kind import Value


def standing(events: Sequence[Event], what: str, *, since: str = "") -> Value | None:
    """What was chosen for `what`, None if nothing is: never chosen, or a person set the setting of that name later.

    since: the choice counts only while it is newer than the one for `since` (a shared pass was measured on a device).
    """
    for event in reversed(events):
        match event.body:
            case Chose(what=chosen, value=value) if chosen == what:
                return value
            case Chose(what=chosen) if chosen == since:
                return None
            case SettingsChanged(changes=changes) if any(c.key == what for c in changes):
                return None
            case _:
                pass
    return None
