"""How many events fit into a message. Pure."""

from collections.abc import Sequence

import msgspec

from core.events.event import Event


def newest_that_fit(events: Sequence[Event], limit_bytes: int, *, oldest_first: bool = False) -> list[Event]:
    """As many of `events` as fit into `limit_bytes`, in order; the newest ones, or the oldest ones if told so."""
    room = limit_bytes
    kept: list[Event] = []
    for event in events if oldest_first else reversed(events):
        room -= len(msgspec.msgpack.encode(event))
        if room < 0:
            break
        kept.append(event)
    return kept if oldest_first else kept[::-1]
