"""The fold: the state of a run is a pure function of its events."""

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.act import PauseRun, SetValues, StopRun
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
from core.events.fold import UNDO_DEPTH, apply, fold, inverse, kind
from core.events.state import Lock, RunState
from core.settings.error import JournalError
from core.settings.registry import SETTINGS, defaults

NOTE, OTHER = FaceSetNote("/faces", 10, "aa"), FaceSetNote("/faces", 12, "bb")
CONSENT = Consent("synthetic", "synthetic", "anna")
BIRTH = Born("demo", defaults(), NOTE, NOTE, CONSENT, CONSENT, "", "0.1.0")
BLOCKS = [Block(f"{part}.{name}", part, 10, 2) for part in ("encoder", "decoder") for name in ("one", "two", "three")]
NAMES = [b.name for b in BLOCKS]

changes = st.dictionaries(st.sampled_from([s.key for s in SETTINGS]), st.integers(0, 99), min_size=1, max_size=4).map(
    lambda values: [Change(key, 0, value) for key, value in values.items()])
bodies = st.one_of(
    changes.map(SettingsChanged),
    st.builds(Locked, st.just("x"), st.lists(st.sampled_from(NAMES), unique=True)),
    st.builds(Unlocked, st.just("x"), st.lists(st.sampled_from(NAMES), unique=True)),
    st.sampled_from([Paused(), Resumed(), Stopped("person"), Warned("disk", "full"), Started("cpu", 3),
                     Renamed("a", "b"), Chose("threads", 2, ""), BackedUp("b", 1), Ended("killed", "9"),
                     NetworkMade(BLOCKS),
                     Asked(PauseRun(), 9), Withdrawn(2), FacesChanged("src", OTHER, 40)]))


def event(number: int, body: Body, **more) -> Event:
    return Event(number, more.pop("iteration", number * 10), more.pop("life", 0), 1.0, "person", body, **more)


def journal(*bodies: Body) -> list[Event]:
    return [event(n, body) for n, body in enumerate((BIRTH, *bodies), start=1)]


def consistent(state: RunState, body: Body) -> Body:
    """The body with the old values and blocks that an honest writer puts into it."""
    match body:
        case SettingsChanged(changes=wanted):
            return SettingsChanged([Change(c.key, state.settings[c.key], c.new) for c in wanted])
        case Locked(asked=asked, blocks=blocks):
            return Locked(asked, [b for b in blocks if b not in state.locks])
        case Unlocked(asked=asked, blocks=blocks):
            return Unlocked(asked, [b for b in blocks if b in state.locks])
    return body


def honest(drawn: list[Body]) -> list[Event]:
    events = journal()
    for body in drawn:
        events.append(event(len(events) + 1, consistent(fold(events), body)))
    return events


@given(st.lists(bodies, max_size=12), st.integers(1, 13))
def test_folding_in_two_parts_is_folding_at_once(drawn, at):
    events = honest(drawn)
    state = fold(events[:at])
    for one in events[at:]:
        state = apply(state, one)
    assert state == fold(events)


@given(st.lists(bodies, max_size=8), bodies)
def test_taking_a_change_back_gives_settings_and_locks_back(drawn, last):
    events = honest(drawn)
    before = fold(events)
    change = event(len(events) + 1, consistent(before, last))
    back = inverse(change.body)
    if back is None:
        assert change not in fold([*events, change]).undoable
        return
    assert fold([*events, change]).undoable[-1] == change
    after = fold([*events, change, event(change.number + 1, back, undoes=change.number)])
    assert after.settings == before.settings
    assert after.locks.keys() == before.locks.keys()
    assert after.undoable == before.undoable


@given(st.lists(bodies, min_size=1, max_size=10), st.integers(1, 10))
def test_a_roll_back_restores_what_was_in_force_then(drawn, position):
    events = honest(drawn)
    position = min(position, len(events))
    then = fold(events[:position])
    roll = event(len(events) + 1, RolledBack(3, 100, position, 1), iteration=100, life=1)
    state = fold([*events, roll])
    for name in ("settings", "locks", "blocks", "chosen", "src", "dst", "first_drawn", "waiting"):
        assert getattr(state, name) == getattr(then, name), name
    assert (state.life, state.iteration, state.undoable) == (1, 100, [])
    assert (state.name, state.backups) == (fold(events).name, fold(events).backups)
    with pytest.raises(JournalError, match="without the journal before it"):
        apply(fold(events), roll)


@given(st.lists(bodies, max_size=10))
def test_a_state_crosses_the_wire_unchanged(drawn):
    state = fold(honest(drawn))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=RunState) == state


def test_a_lock_remembers_who_asked_and_why():
    events = [*journal(NetworkMade(BLOCKS)), event(3, Locked("encoder.*", NAMES[:2]), why="heads only")]
    assert fold(events).locks == dict.fromkeys(NAMES[:2], Lock("encoder.*", "person", 30, "heads only"))
    assert fold([*events, event(4, Unlocked("encoder.one", ["encoder.one"]))]).locks.keys() == {"encoder.two"}


@pytest.mark.parametrize(("cause", "after"), [("target", "person"), ("failure", "failure"), ("person", "person")])
def test_a_run_that_went_back_before_its_target_has_not_finished(cause, after):
    events = [*honest([]), event(2, Stopped(cause), iteration=500)]
    back = event(3, RolledBack(1, 100, 1, 1), iteration=100, life=1)
    assert fold([*events, back]).stopped == after


def test_a_stage_that_was_carried_out_after_the_generation_waits_again_when_the_run_goes_back():
    stage = Asked(SetValues({"random_warp": False}), 500)
    events = [*honest([]), event(2, stage)]
    done = event(3, SettingsChanged([Change("random_warp", True, False)]), iteration=500, asked=2)
    later = event(4, Asked(StopRun(), 9000), iteration=600)
    back = event(5, RolledBack(1, 100, 2, 1), iteration=100, life=1)
    assert [e.number for e in fold([*events, done, later]).waiting] == [4]
    assert [e.number for e in fold([*events, done, later, back]).waiting] == [2]


def test_a_waiting_act_waits_until_it_is_done_or_withdrawn():
    events = journal(Asked(PauseRun(), 90), Asked(SetValues({"lr": 1e-4}), None))
    assert [e.number for e in fold(events).waiting] == [2, 3]
    done = event(4, Paused(), asked=2)
    assert [e.number for e in fold([*events, done]).waiting] == [3]
    assert fold([*events, done, event(5, Withdrawn(3))]).waiting == []


def test_pause_stop_and_resume_follow_each_other():
    assert fold(journal(Paused())).paused
    assert fold(journal(Stopped("target"))).stopped == "target"
    resumed = fold(journal(Paused(), Stopped("failure"), Resumed()))
    assert (resumed.paused, resumed.stopped) == (False, "")


def test_new_faces_count_their_epochs_from_then_on():
    state = fold(journal(FacesChanged("dst", OTHER, 480)))
    assert (state.src, state.dst, state.first_drawn) == (NOTE, OTHER, {"dst": 480})


def test_the_newest_end_device_name_and_backups_are_known():
    state = fold(journal(Started("cuda:0", None), Ended("memory", "out of memory"), Renamed("demo", "film"),
                         BackedUp("a", 3), BackedUp("b", 4), Chose("threads", 2, "")))
    assert (state.device, state.name) == ("cuda:0", "film")
    assert (state.backups, state.chosen) == ({"a": 3, "b": 4}, {"threads": 2})
    assert state.last_end.body.cause == "memory"


def test_undo_goes_back_a_bounded_way():
    state = fold(journal(*[SettingsChanged([Change("lr", 0.1, 0.2)])] * (UNDO_DEPTH + 9)))
    assert len(state.undoable) == UNDO_DEPTH
    assert state.undoable[-1].number == UNDO_DEPTH + 10


@pytest.mark.parametrize(("events", "sentence"), [
    ([], "the journal is empty"),
    ([event(1, Paused())], "begins with an event of kind 'pause'"),
    ([event(1, BIRTH), event(3, Paused())], "event 3 follows event 1"),
    ([event(1, BIRTH), event(1, Paused())], "event 1 follows event 1"),
    ([event(1, BIRTH), event(2, BIRTH)], "event 2 is a second birth"),
])
def test_a_journal_that_cannot_be_understood_is_said(events, sentence):
    with pytest.raises(JournalError, match=sentence):
        fold(events)


def test_every_body_has_a_word_of_its_own():
    assert kind(Paused()) == "pause"
    words = [t.__struct_config__.tag for t in Body.__args__]
    assert len(set(words)) == len(words)


def test_a_hundred_roll_backs_cost_no_more_than_other_events():
    events = journal()
    for life in range(1, 101):  # each goes back to a generation of the life before, as people do
        events.append(event(len(events) + 1, SettingsChanged([Change("lr", 0.0, float(life))]), iteration=5,
                            life=life - 1))
        events.append(event(len(events) + 1, RolledBack(1, 0, len(events), life), iteration=0, life=life))
    began = time.process_time()
    state = fold(events)
    assert time.process_time() - began < 1.0
    assert (state.life, state.settings["lr"]) == (100, 100.0)


def test_a_run_made_before_a_setting_existed_has_it_at_its_default():
    old = {key: value for key, value in defaults().items() if key != "keep_backups"} | {"batch_size": 3}
    state = fold([Event(1, 0, 0, 0.0, "person", Born("demo", old, NOTE, NOTE, CONSENT, CONSENT, "", "0.1.0"))])
    assert state.settings == defaults() | {"batch_size": 3}


def test_a_roll_back_counts_epochs_from_the_faces_that_were_there_then():
    events = journal(FacesChanged("src", OTHER, 40), FacesChanged("src", NOTE, 90), FacesChanged("dst", OTHER, 90))
    back = event(5, RolledBack(1, 20, 2, 1), iteration=20, life=1)
    state = fold([*events, back])
    assert (state.first_drawn, state.src, state.dst) == ({"src": 40}, OTHER, NOTE)
