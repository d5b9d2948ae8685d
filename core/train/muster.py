"""What rank 0 says to the other ranks, and how it is packed. Typed and checked as on every other wire of ours."""

from typing import Any

import msgspec
from msgspec import Struct

from core.events.event import Event


class Muster(Struct, frozen=True, forbid_unknown_fields=True, tag="muster"):
    """Be as rank 0 is: journal, what was drawn, what the step keeps beside tensors. The tensors follow.

    position: events in force from the start (core/train/course.py); keys: of the face sets that rank 0 has.
    """

    events: list[Event]
    position: int
    iteration: int
    cache: str
    keys: dict[str, str]
    drawn: dict[str, Any]
    step: dict[str, Any]
    shared_pass: bool
    counters: dict[str, int]


class Go(Struct, frozen=True, forbid_unknown_fields=True, tag="go"):
    """Train the step after `iteration` completed ones; `events` came into the journal since the last word."""

    iteration: int
    events: list[Event]


class Keep(Struct, frozen=True, forbid_unknown_fields=True, tag="keep"):
    """Training stands still. Wait on."""


class End(Struct, frozen=True, forbid_unknown_fields=True, tag="end"):
    """Training ends in order."""


Order = Muster | Go | Keep | End
ENCODER = msgspec.msgpack.Encoder()
DECODER: msgspec.msgpack.Decoder[Order] = msgspec.msgpack.Decoder(Order)


def packed(order: Order) -> bytes:
    """For World.tell."""
    return ENCODER.encode(order)


def understood(words: bytes) -> Order:
    """What was packed. Raises msgspec.ValidationError, which is a mistake of ours: both ends are one program."""
    return DECODER.decode(words)
