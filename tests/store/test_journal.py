"""The journal: durable before append returns, never half understood, whole after any crash."""

import errno
import random
import typing
import zlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.act import LockBlocks, SetValues, StopRun
from core.events.event import (
    Asked,
    BackedUp,
    Block,
    Body,
    Born,
    Change,
    Chose,
    Consent,
    Ended,
    Event,
    FacesChanged,
    FaceSetNote,
    Grown,
    Locked,
    NetworkMade,
    Paused,
    Renamed,
    Resumed,
    RolledBack,
    SettingsChanged,
    Started,
    Stopped,
    Unlocked,
    Warned,
    Withdrawn,
)
from core.settings.error import JournalError, StoreError
from core.settings.registry import defaults
from core.store.disk import DiskFullError
from core.store.journal import JournalWriter, folded, read_journal, scan_journal

from .model_disk import ModelDisk

NOTE = FaceSetNote("/faces/src", 12, "ab" * 32)
CONSENT = Consent("synthetic", "synthetic", "anna@box")
BODIES: list[Body] = [
    Born("demo", defaults(), NOTE, NOTE, CONSENT, CONSENT, "", "0.1.0"),
    NetworkMade([Block("encoder.down1", "encoder", 4864, 2)]),
    Chose("threads", 2, "2 cores"),
    SettingsChanged([Change("lr", 5e-5, 1e-300), Change("batch_size", 8, 2**62), Change("hook", "", "\n\t老\x00\"}")]),
    Locked("encoder.*", ["encoder.down1"]),
    Unlocked("encoder", ["encoder.down1"]),
    Paused(), Resumed(), Stopped("target"),
    Asked(SetValues({"random_warp": False}), 500), Asked(LockBlocks("inter*"), None), Asked(StopRun(), None),
    Withdrawn(9), BackedUp("before heads", 3), RolledBack(3, 400, 7, 1), Started("cpu", None), Started("cuda:0", 4),
    Ended("killed", "killed by signal 9", None, 9), Warned("disk", "the disk is full"), Renamed("demo", "demo2"),
    FacesChanged("dst", NOTE, 12345),
    Grown(64, 128, "octaves:1", [Block("encoder.octave1", "encoder", 4864, 2)], [], floor=0.5, error=1.25),
]


def event(number: int, body: Body | None = None) -> Event:
    body = body if body is not None else BODIES[(number - 1) % len(BODIES)]
    return Event(number, number * 10, 0, 1700000000.125, "person:anna@box", body, why="because", asked=None)


def written(path: Path, count: int) -> list[Event]:
    writer = JournalWriter(path)
    for number in range(1, count + 1):
        writer.append(event(number))
    writer.close()
    return writer.events


def test_every_kind_of_event_comes_back_as_it_was(tmp_path):
    events = written(tmp_path / "j", len(BODIES))
    assert {type(b) for b in BODIES} == set(typing.get_args(Body))
    assert read_journal(tmp_path / "j") == events
    assert JournalWriter(tmp_path / "j").events == events


@given(st.data())
def test_any_event_comes_back_as_it_was(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("j") / "journal"
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    value = st.booleans() | st.integers(-2**63, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | text
    body = data.draw(st.sampled_from(BODIES) | st.builds(Warned, text, text) | st.builds(
        SettingsChanged, st.lists(st.builds(Change, text, value, value), max_size=3)))
    one = Event(1, data.draw(st.integers(0, 2**40)), 0, data.draw(st.floats(0, 1e12)), data.draw(text), body,
                why=data.draw(text), undoes=data.draw(st.none() | st.integers(1, 9)))
    writer = JournalWriter(path)
    writer.append(one)
    writer.close()
    (read,) = read_journal(path)
    assert read == one
    assert msgspec.json.encode(read) == msgspec.json.encode(one)   # 1 is not 1.0, nor True


def test_a_torn_last_line_is_dropped_and_said(tmp_path):
    path = tmp_path / "j"
    events = written(path, 5)
    whole = path.read_bytes()
    start = whole[:-1].rindex(b"\n") + 1
    for cut in range(start + 1, len(whole)):
        for tail in (whole[start:cut], whole[start:cut] + bytes(len(whole) - cut), bytes(cut - start)):
            path.write_bytes(whole[:start] + tail)
            scan = scan_journal(path)
            assert scan.events == events[:4]
            assert "cut short" in scan.torn


def test_an_append_after_a_torn_line_cuts_it_first(tmp_path):
    path = tmp_path / "j"
    events = written(path, 4)
    path.write_bytes(path.read_bytes() + b'{"check":"00000000","event":{"number":5' + bytes(300))
    writer = JournalWriter(path)
    assert "after event 4" in writer.torn
    writer.append(event(5))
    assert read_journal(path) == [*events, event(5)]
    assert b"\0" not in path.read_bytes()


@given(st.data())
def test_any_damage_is_a_shorter_journal_or_a_sentence(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("j") / "journal"
    events = written(path, 4)
    text = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(text) - 1))
    match data.draw(st.sampled_from(["change", "insert", "remove"])):
        case "change":
            text[at] = data.draw(st.integers(0, 255))
        case "insert":
            text[at:at] = data.draw(st.binary(min_size=1, max_size=300))
        case "remove":
            del text[at:at + data.draw(st.integers(1, 300))]
    path.write_bytes(text)
    try:
        read = read_journal(path)
    except JournalError as error:
        assert "line" in error.message
    else:
        assert read == events[:len(read)]


def test_a_last_line_whose_check_is_wrong_is_dropped(tmp_path):
    path = tmp_path / "j"
    events = written(path, 4)
    path.write_bytes(path.read_bytes().replace(b'"number":4', b'"number":5'))
    assert read_journal(path) == events[:3]


@pytest.mark.parametrize("line", [1, 2, 3])
@pytest.mark.parametrize("change", [lambda x: x.replace(b"because", b"becauze"), lambda _: b"", lambda x: x[:-3],
                                    lambda x: b" " + x, lambda x: bytes(len(x)),
                                    lambda x: x.replace(b"check", b"chock")])
def test_an_altered_line_is_named(tmp_path, line, change):
    path = tmp_path / "j"
    written(path, 4)
    lines = path.read_bytes().split(b"\n")
    lines[line - 1] = change(lines[line - 1])
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(JournalError, match=f"line {line} "):
        read_journal(path)


def test_a_missing_or_double_line_is_named(tmp_path):
    path = tmp_path / "j"
    written(path, 4)
    lines = path.read_bytes().splitlines(keepends=True)
    for wrong, where in (([0, 2, 3], 2), ([0, 1, 1, 2, 3], 3), ([1, 2], 1)):
        path.write_bytes(b"".join(lines[i] for i in wrong))
        with pytest.raises(JournalError, match=f"line {where} .* holds event"):
            read_journal(path)


@pytest.mark.parametrize("body", ['{"type":"teleported"}', '{"type":"pause","speed":3}', '{"type":"backup"}'])
def test_an_unknown_kind_or_field_is_an_error_even_in_the_last_line(tmp_path, body):
    path = tmp_path / "j"
    written(path, 1)
    text = f'{{"number":2,"iteration":0,"life":0,"at":1.0,"author":"x","body":{body}}}'.encode()
    path.write_bytes(path.read_bytes() + b'{"check":"%08x","event":%s}\n' % (zlib.crc32(text), text))
    with pytest.raises(JournalError, match=r"line 2 .* does not know"):
        read_journal(path)


@pytest.mark.parametrize("content", [b"", b"garbage without an end", bytes(200)], ids=["empty", "garbage", "zeros"])
def test_a_journal_without_a_birth_is_named_with_its_line(tmp_path, content):
    path = tmp_path / "j"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=f"line 1 of {path} is not the birth of a run: restore it"):
        folded(read_journal(path), path)


def test_events_in_an_impossible_order_are_told_with_the_file(tmp_path):
    path = tmp_path / "j"
    events = written(path, 3)
    with pytest.raises(JournalError, match=f"^{path}: "):
        folded([events[0], events[2]], path)
    with pytest.raises(JournalError, match=f"^{path}: the journal begins with"):
        folded(events[1:], path)


def test_a_journal_that_is_not_there_is_an_error_and_an_empty_one_is_not(tmp_path):
    with pytest.raises(StoreError, match="cannot read"):
        read_journal(tmp_path / "none")
    writer = JournalWriter(tmp_path / "j")
    assert (writer.last, writer.torn) == (0, "")
    assert read_journal(tmp_path / "j") == []


def test_numbers_have_no_gaps(tmp_path):
    writer = JournalWriter(tmp_path / "j")
    writer.append(event(1))
    for number in (1, 3):
        with pytest.raises(JournalError, match="cannot follow event 1"):
            writer.append(event(number))
    assert read_journal(tmp_path / "j") == [event(1)]


@pytest.mark.parametrize("body", [Warned("disk", "\udc80 broken"), Chose("x", float("nan"), "")])
def test_what_could_not_be_read_back_is_not_written(tmp_path, body):
    writer = JournalWriter(tmp_path / "j")
    with pytest.raises(JournalError):
        writer.append(event(1, body))
    assert read_journal(tmp_path / "j") == []
    writer.append(event(1))


def test_a_full_disk_leaves_the_journal_as_it_was_and_says_what_is_missing(tmp_path):
    disk = ModelDisk()
    path = tmp_path / "journal"
    writer = JournalWriter(path, disk)
    writer.append(event(1))
    before = bytes(disk.entries[path].cached)
    disk.fail = lambda number: errno.ENOSPC if disk.operations[number].startswith("write") else 0
    disk.capacity = len(before)
    with pytest.raises(DiskFullError) as caught:
        writer.append(event(2))
    assert bytes(disk.entries[path].cached) == before
    assert caught.value.missing_bytes > 100
    disk.fail = lambda _: 0
    writer.append(event(2, Paused()))   # the same number, another event
    assert scan_journal(path, disk).events == [event(1), event(2, Paused())]


@pytest.mark.parametrize("code", [0, errno.ENOSPC, errno.EIO])
def test_no_acknowledged_event_is_lost_by_a_crash_after_any_operation(tmp_path, code):
    path = tmp_path / "journal"
    for fail_at in range(14) if code else [-1]:
        disk = ModelDisk()
        accepted: list[Event] = []
        tried: list[Event] = []
        draw = random.Random(0)

        def look(_: str, disk: ModelDisk = disk, accepted: list[Event] = accepted, tried: list[Event] = tried,
                 draw: random.Random = draw) -> None:
            for image in disk.images(draw):
                if not accepted and path not in image.entries:
                    continue
                events = JournalWriter(path, image).events
                assert events[:len(accepted)] == accepted
                assert all(e in tried for e in events)

        disk.after = look
        disk.fail = lambda number, fail_at=fail_at: code if number == fail_at else 0
        writer = None
        for attempt in range(6):
            try:
                writer = writer or JournalWriter(path, disk)
                one = event(writer.last + 1, Warned("attempt", "x" * (attempt * 7 % 5 * 10)))
                tried.append(one)
                writer.append(one)
                accepted.append(one)
            except StoreError:
                continue
        assert len(accepted) >= 5
        look("the end")


def test_a_journal_without_sync_is_found_out(tmp_path):
    disk = ModelDisk(skip=("sync journal",))
    writer = JournalWriter(tmp_path / "journal", disk)
    writer.append(event(1))
    left = [len(JournalWriter(tmp_path / "journal", image).events) for image in disk.images(random.Random(0))]
    assert 0 in left

