"""What a generation keeps of the watching, and what becomes of a state that is not understood."""

import pytest

from core.events.event import Born, Consent, Event, FaceSetNote, Warned
from core.settings.registry import defaults
from core.train.course import Course
from core.train.notices import Notices
from core.train.watching import Watching

NOTE, CONSENT = FaceSetNote("/faces", 96, "00"), Consent("Anna", "own", "anna")


def watching(kept):
    born = Event(1, 0, 0, 0.0, "person", Born("run", defaults(), NOTE, NOTE, CONSENT, CONSENT, "", "0.1"))
    notices = Notices([born])
    return Watching(Course([born], 1), None, None, None, notices, kept=kept), list(notices.taken())


@pytest.mark.parametrize("kept", [{"watch": {"last": [None]}}, {"watch": {"another_version": 1}}, {"rows": [[1.0]]}],
                         ids=["not-a-number", "another-version", "short-row"])
def test_a_state_that_is_not_understood_is_told_and_begun_anew(kept):
    one, (warning,) = watching(kept)
    assert isinstance(warning, Warned) and "begin anew" in warning.sentence
    assert one.state() == watching(None)[0].state()


def test_what_is_understood_comes_back():
    kept = watching(None)[0].state() | {"rows": [(1.0, None, 0.5, True, None, None)], "event": 1}
    one, told = watching(kept)
    assert (one.state(), told) == (kept, [])
