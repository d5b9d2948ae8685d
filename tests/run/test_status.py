"""What a tick says, and why a run stands still: from records alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.events.event import Born, Ended, Event, Resumed, Started, Stopped
from core.events.fold import fold
from core.run.restart import has_no_end
from core.run.status import Moment, eta_s, tick, why_it_stands_still
from core.settings.registry import defaults
from core.wire.console_record import Machine
from core.wire.trainer_record import Beat
from tests.run.running import CONSENT, FACES

BORN = Event(1, 0, 0, 0.0, "person", Born("demo", defaults(), FACES, FACES, CONSENT, CONSENT, "", "1"))
STATE = fold([BORN])
BEAT = Beat(40, 0, 2.0, 1.0, 499.0, 0.0, 5e-5, 0.4, 0.3, 0.41, 0.31, 0.01, 0)
MACHINE = Machine(0.5, 1, 2, 3, 4)


def moment(beat: Beat | None) -> Moment:
    return Moment("training", "", 41, beat, 7.0, 9.0, MACHINE)


def event(number: int, body, why: str = "") -> Event:
    return Event(number, 0, 0, 0.0, "supervisor", body, why)


def test_without_a_trainer_a_tick_says_what_is_known_and_no_pace():
    said = tick(STATE, moment(None))
    assert (said.phase, said.iteration, said.contact, said.at, said.machine) == ("training", 41, 7.0, 9.0, MACHINE)
    assert (said.it_s, said.eta_s, said.losses) == (0.0, None, None)


def test_with_a_trainer_it_says_what_the_trainer_said_last():
    said = tick(STATE, moment(BEAT))
    assert (said.iteration, said.it_s, said.data_ms, said.compute_ms) == (40, 2.0, 1.0, 499.0)
    assert (said.losses.src, said.losses.dst_smooth, said.losses.masks) == (0.4, 0.31, 0.01)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1e4))
def test_the_time_left_is_never_negative_and_there_is_none_without_target_or_pace(target, iteration, it_s):
    state = replace(STATE, settings=STATE.settings | {"target_iter": target})
    left_s = eta_s(state, replace(BEAT, iteration=iteration, it_s=it_s))
    if not target or not it_s:
        assert left_s is None
    else:
        assert left_s >= 0
        assert (left_s == 0) == (round((target - iteration) / it_s, 1) <= 0)


@pytest.mark.parametrize(("events", "words"), [
    ([], "nobody started the training"),
    ([event(2, Stopped("person"))], "saved; resume it"),
    ([event(2, Stopped("failure"), why="stopped after 3 failures")], "stopped after 3 failures"),
    ([event(2, Stopped("failure"))], "the trainer failed"),
    ([event(2, Stopped("person")), event(3, Resumed())], "nobody started"),
])
def test_why_a_run_stands_still(events, words):
    assert words in why_it_stands_still(fold([BORN, *events]), [BORN, *events])


def test_a_target_that_is_reached_is_named():
    state = replace(STATE, stopped="target", settings=STATE.settings | {"target_iter": 12_000})
    assert why_it_stands_still(state, []) == "the target of 12,000 iterations is reached"


@pytest.mark.parametrize(("bodies", "lost"), [
    ([], False),
    ([Started("cpu", None)], True),
    ([Started("cpu", None), Ended("killed", "")], False),
    ([Started("cpu", None), Ended("killed", ""), Started("cpu", 1)], True),
    ([Ended("failed", "it never began")], False),
])
def test_a_trainer_that_began_and_has_no_end_is_lost(bodies, lost):
    events = [BORN, *(event(n, body) for n, body in enumerate(bodies, 2))]
    assert has_no_end([*events, event(len(events) + 1, Resumed())]) is lost
