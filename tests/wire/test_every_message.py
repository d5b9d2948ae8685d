"""Laws that hold for every message of every direction: found by their types, so that a new one is held to them too."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.settings.error import WireError
from core.wire.codec import ANSWERS, ORDERS, REPORTS, REQUESTS
from core.wire.console_record import ClientMessage, SupervisorMessage
from core.wire.frame import HEADER_BYTES, pack, read_length
from core.wire.trainer_record import SupervisorOrder, TrainerReport
from tests.wire.any_struct import instances

DIRECTIONS = {"requests": (REQUESTS, ClientMessage), "answers": (ANSWERS, SupervisorMessage),
              "orders": (ORDERS, SupervisorOrder), "reports": (REPORTS, TrainerReport)}
KINDS = [(name, kind) for name, (_, union) in DIRECTIONS.items() for kind in union.__args__]
some = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])   # of each of 40 kinds

by_kind = pytest.mark.parametrize(("direction", "kind"), KINDS, ids=[f"{d}-{k.__name__}" for d, k in KINDS])


def payload(frame: bytes, limit: int) -> bytes:
    assert read_length(frame[:HEADER_BYTES], limit) == len(frame) - HEADER_BYTES
    return frame[HEADER_BYTES:]


@by_kind
@some
@given(data=st.data())
def test_what_is_packed_comes_back_as_it_was(direction, kind, data):
    codec, message = DIRECTIONS[direction][0], data.draw(instances(kind))
    assert codec.decode(payload(pack(message), codec.limit)) == message


@by_kind
@some
@given(data=st.data())
def test_a_message_that_lost_or_gained_bytes_is_none(direction, kind, data):
    codec, whole = DIRECTIONS[direction][0], pack(data.draw(instances(kind)))[HEADER_BYTES:]
    for other in (whole[:-1], whole + b"\xc0", whole[:data.draw(st.integers(0, len(whole) - 1))]):
        with pytest.raises(WireError):
            codec.decode(other)


@by_kind
@some
@given(data=st.data())
def test_an_unknown_field_is_refused_and_a_missing_one_too(direction, kind, data):
    codec, fields = DIRECTIONS[direction][0], msgspec.to_builtins(data.draw(instances(kind)), builtin_types=(bytes,))
    with pytest.raises(WireError, match="unknown field"):
        codec.decode(msgspec.msgpack.encode(fields | {"a field of tomorrow": 1}))
    for name in kind.__struct_fields__[:len(kind.__struct_fields__) - len(kind.__struct_defaults__)]:
        with pytest.raises(WireError, match="missing required field"):
            codec.decode(msgspec.msgpack.encode({k: v for k, v in fields.items() if k != name}))


@by_kind
def test_a_message_of_one_direction_is_none_of_another(direction, kind):
    tag = kind.__struct_config__.tag
    others = [d for d, (_, union) in DIRECTIONS.items()
              if d != direction and tag not in [k.__struct_config__.tag for k in union.__args__]]
    for other in others:
        with pytest.raises(WireError, match="not understood"):
            DIRECTIONS[other][0].decode(msgspec.msgpack.encode({"type": tag}))


def test_every_kind_of_a_direction_has_a_word_of_its_own():
    for _, union in DIRECTIONS.values():
        tags = [kind.__struct_config__.tag for kind in union.__args__]
        assert len(set(tags)) == len(tags)
