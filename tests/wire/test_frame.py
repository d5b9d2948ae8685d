"""Frames: what is packed comes back the same, and nothing else comes through."""

import math
import struct

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events.act import LockBlocks, SaveNow, SetValues, UndoLast
from core.settings.error import WireError
from core.wire.codec import ORDERS, REPORTS, REQUESTS
from core.wire.console_record import AskHistory, Command, Hello, Lease, Ping
from core.wire.frame import HEADER_BYTES, pack, read_length
from core.wire.limits import MAX_REQUEST_BYTES
from core.wire.trainer_record import Beat, Saved

ids = st.integers(0, 2**32 - 1)
values = st.one_of(st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False),
                   st.text(max_size=20))
acts = st.one_of(st.builds(SetValues, st.dictionaries(st.text(max_size=12), values, max_size=4)),
                 st.builds(LockBlocks, st.text(max_size=30)), st.just(SaveNow()), st.just(UndoLast()))
requests = st.one_of(
    st.builds(Hello, st.tuples(st.integers(0, 99), st.integers(0, 99)), st.text(max_size=9), st.text(max_size=9)),
    st.builds(Command, ids, acts, st.none() | st.integers(0, 2**40 - 1)),
    st.builds(Lease, ids, st.booleans()), st.builds(Ping, ids),
    st.builds(AskHistory, ids, st.lists(st.text(max_size=5), max_size=4), st.integers(0, 9), st.none(),
              st.integers(1, 4096)))


def payload(frame: bytes) -> bytes:
    assert read_length(frame[:HEADER_BYTES], MAX_REQUEST_BYTES) == len(frame) - HEADER_BYTES
    return frame[HEADER_BYTES:]


@given(requests)
def test_a_request_comes_back_as_it_was_sent(message):
    assert REQUESTS.decode(payload(pack(message))) == message


def test_reports_of_the_trainer_come_back_as_they_were_sent():
    for message in (Saved(1, 2, "", 3, 0.5, None), Beat(1, 0, *[0.5] * 10, 0)):
        assert REPORTS.decode(payload(pack(message))) == message


@given(st.binary(min_size=1, max_size=200))
@settings(max_examples=500)
def test_any_bytes_are_a_message_or_a_wire_error(data):
    try:
        message = REQUESTS.decode(data)
    except WireError as error:
        assert "\n" not in error.message
    else:
        assert REQUESTS.decode(payload(pack(message))) == message


WRONG = {
    "an unknown type": msgspec.msgpack.encode({"type": "format_disk", "id": 1}),
    "a type of the other direction": msgspec.msgpack.encode({"type": "done", "id": 1, "event": None, "sentence": ""}),
    "a field too many": msgspec.msgpack.encode({"type": "ping", "id": 1, "extra": 0}),
    "a field too few": msgspec.msgpack.encode({"type": "ping"}),
    "a field of another type": msgspec.msgpack.encode({"type": "ping", "id": "1"}),
    "an id that is too large": msgspec.msgpack.encode({"type": "ping", "id": 2**32}),
    "bytes after the message": msgspec.msgpack.encode({"type": "ping", "id": 1}) + b"\xc0",
    "half a message": msgspec.msgpack.encode({"type": "ping", "id": 1})[:-1],
    "deep nesting": b"\x91" * 60_000 + b"\xc0",
    "deep nesting in a field": b"\x82\xa4type\xa4ping\xa2id" + b"\x91" * 60_000,
    "an array that claims four billion items": b"\xdd\xff\xff\xff\xff",
    "text that is not UTF-8": b"\x82\xa4type\xa4ping\xa2\xff\xfe\x01",
    "an extension type": b"\xc7\x01\x05\x00",
    "nothing": b"\xc0",
}


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG.keys())
def test_what_is_not_exactly_one_message_is_refused_with_a_sentence(data):
    with pytest.raises(WireError, match=r"not understood|too deeply"):
        REQUESTS.decode(data)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_does_not_reach_a_setting(value):
    with pytest.raises(WireError, match="finite"):
        REQUESTS.decode(payload(pack(Command(1, SetValues({"lr": value})))))


def test_the_length_is_checked_before_anything_is_read():
    with pytest.raises(WireError, match="limit is 65,536"):
        read_length(struct.pack(">I", 2**32 - 1), MAX_REQUEST_BYTES)
    with pytest.raises(WireError, match="0 bytes"):
        read_length(struct.pack(">I", 0), MAX_REQUEST_BYTES)


def test_a_message_that_the_other_side_would_refuse_is_not_packed():
    with pytest.raises(WireError, match="does not fit"):
        pack(Hello((1, 0), "x" * 2**21, ""))


def test_an_order_is_no_report():
    with pytest.raises(WireError):
        ORDERS.decode(payload(pack(Saved(1, 2, "", 3, 0.5, None))))


def test_text_with_broken_characters_is_a_wire_error_and_not_the_end_of_a_thread():
    with pytest.raises(WireError, match="cannot be written"):
        pack(Command(1, LockBlocks("encoder\udcff"), None))
