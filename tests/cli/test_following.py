import pytest

from core.events.event import Consent, Event, FaceSetNote, Locked, Resumed, RolledBack, Stopped
from core.events.state import RunState
from core.settings.registry import defaults
from core.wire.console_record import EventNews, StateNews, Tick
from dfl_tui.cli.failure import RunFailedError
from dfl_tui.cli.following import followed
from dfl_tui.cli.standing import Standing

CONSENT = Consent("nobody", "synthetic", "test")
NOTE = FaceSetNote("/faces", 96, "00")
STATE = RunState("a", 1, 0, 1, defaults(), NOTE, NOTE, CONSENT, CONSENT, "", "0.1.0")


def tick(phase: str, iteration: int) -> Tick:
    return Tick(phase, "", iteration, 1, 0.0)


def event(number: int, body, *, why: str = "") -> EventNews:
    return EventNews(Event(number, 10, 1, 0.0, "person", body, why))


def states(*news):
    items = followed("a", STATE, tick("training", 0), iter(news))
    return [(i.state, i.iteration) if isinstance(i, Standing) else type(i.body).__name__ for i in items]


def test_it_ends_when_the_last_save_is_done_and_not_at_the_event():
    assert states(tick("training", 5), event(2, Stopped("person")), tick("stopping", 10), tick("stopped", 10),
                  tick("training", 11)) == [("training", 0), ("training", 5), "Stopped", ("stopping", 10),
                                            ("stopped", 10)]


def test_a_run_that_goes_on_before_it_ended_is_followed_further():
    told = states(event(2, Stopped("person")), event(3, Resumed()), tick("training", 12))
    assert told[-1] == ("training", 12)


def test_a_failure_is_raised_with_its_reason():
    with pytest.raises(RunFailedError, match="a stopped after a failure: out of memory: dfl-tui logs a"):
        states(event(2, Stopped("failure"), why="out of memory"), tick("stopped", 10))


def test_locks_and_roll_backs_are_in_the_state_that_is_shown():
    newer = RunState("a", 3, 4, 2, defaults() | {"target_iter": 50}, NOTE, NOTE, CONSENT, CONSENT, "", "0.1.0")
    items = list(followed("a", STATE, tick("training", 0), iter([
        event(2, Locked("mask", ["decoder.mask.out"])), tick("training", 9),
        event(3, RolledBack(1, 4, 1, 2)), StateNews(newer), tick("training", 4)])))
    shown = [i for i in items if isinstance(i, Standing)]
    assert list(shown[1].run.locks) == ["decoder.mask.out"]
    assert (shown[-1].target, shown[-1].iteration) == (50, 4)
