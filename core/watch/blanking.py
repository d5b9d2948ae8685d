"""What a change does to the detectors: their numbers from before belong to another loss, or to another network.

Pure, of the event alone, so that a replay of the journal blanks the same iterations again.
"""

from enum import IntEnum
from types import MappingProxyType

from core.events.event import Body, FacesChanged, InterFrom, Locked, RolledBack, SettingsChanged, Unlocked
from core.events.fold import kind
from core.settings.registry import BY_KEY

# Of these a change moves neither loss nor likeness.
STILL_GROUPS = frozenset({"saving", "machine", "watching"})
STILL_KEYS = frozenset({"preview_morph"})
# Events after which it is another network, as the journal calls them, and what `since` calls them.
ANEW = MappingProxyType({"grown": "grow", "inter_reset": "inter_reset"})
# These change what the detectors themselves count by.
OWN_KEYS = frozenset({"watch_pace", "likeness_every"})


class Effect(IntEnum):
    """NONE; BLANK: losses are looked at anew after the blanking time, likeness keeps its reference; ANEW: likeness too,
    for what it was before cannot be reached or held against it."""

    NONE = 0
    BLANK = 1
    ANEW = 2


def effect_of(body: Body) -> Effect:
    """What this event does to the detectors.

    Switching random warp off keeps the likeness reference: the fall that may follow is just what is watched for (M9).
    """
    match body:
        case SettingsChanged(changes=changes):
            keys = {c.key for c in changes}
            if keys & OWN_KEYS:
                return Effect.ANEW
            return Effect.BLANK if any(moves(key) for key in keys) else Effect.NONE
        case Locked() | Unlocked() | FacesChanged():
            return Effect.BLANK
        case RolledBack(inter=InterFrom()):     # the code of a face is another one: what was reached before is not its
            return Effect.ANEW
        case _:
            return Effect.ANEW if kind(body) in ANEW else Effect.NONE


def moves(key: str) -> bool:
    """Whether a change of this setting moves loss or likeness. One that this version does not know is taken to."""
    known = BY_KEY.get(key)
    return key not in STILL_KEYS and (known is None or known.group not in STILL_GROUPS)


def changed_by(body: Body) -> list[str]:
    """What `since(...)` counts from this event on."""
    if isinstance(body, SettingsChanged):
        return [c.key for c in body.changes]
    return [ANEW[kind(body)]] if kind(body) in ANEW else []
