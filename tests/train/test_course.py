from core.events.event import (
    Born,
    Change,
    Chose,
    Consent,
    Event,
    FacesChanged,
    FaceSetNote,
    Locked,
    RolledBack,
    SettingsChanged,
    Unlocked,
    Warned,
)
from core.settings.registry import defaults
from core.train.choice import standing
from core.train.course import Course

NOTE = FaceSetNote("/faces", 5, "k")
WHO = Consent("synthetic", "synthetic", "tests")
BORN = Born("r", defaults(), NOTE, NOTE, WHO, WHO, "", "t")


def journal(*bodies):
    """Events of (iteration, life, body) after the birth."""
    rows = [(0, 0, BORN), *bodies]
    return [Event(n, i, life, 0.0, "person", body) for n, (i, life, body) in enumerate(rows, start=1)]


def lr(new, old=5e-5):
    return SettingsChanged([Change("lr", old, new)])


def test_changes_after_the_generation_come_into_force_at_their_own_iteration():
    course = Course(journal((10, 0, lr(1e-3)), (20, 0, Locked("a", ["a"])), (20, 0, Warned("x", "y")),
                            (30, 0, Unlocked("a", ["a"]))), 1)
    seen = {}
    for iteration in (0, 10, 19, 20, 30):
        course.advance(iteration)
        seen[iteration] = (course.settings["lr"], course.locked, course.position)
    assert seen == {0: (5e-5, frozenset(), 1), 10: (1e-3, frozenset(), 2), 19: (1e-3, frozenset(), 2),
                    20: (1e-3, {"a"}, 4), 30: (1e-3, frozenset(), 5)}


def test_what_the_generation_holds_already_is_not_applied_again():
    course = Course(journal((10, 0, lr(1e-3)), (20, 0, lr(2e-3, 1e-3))), 2)
    course.advance(15)
    assert course.settings["lr"] == 1e-3
    assert course.position == 2


def test_a_new_event_is_in_force_at_once_and_moves_the_position():
    course = Course(journal(), 1)
    course.advance(7)
    course.add(Event(2, 7, 0, 0.0, "person", lr(1e-3)))
    course.advance(7)
    assert course.settings["lr"] == 1e-3
    assert course.position == 2


def test_an_abandoned_life_is_never_applied_again():
    events = journal((10, 0, lr(1e-3)), (20, 0, lr(2e-3, 1e-3)), (10, 1, RolledBack(1, 10, 2, 1)), (12, 1, lr(3e-3)))
    course = Course(events, 4)      # the roll back's own event: settings of event 2
    course.advance(10)
    assert (course.life, course.settings["lr"]) == (1, 1e-3)
    course.advance(12)
    assert course.settings["lr"] == 3e-3


def test_a_new_face_set_begins_its_epoch_at_its_event():
    course = Course(journal((4, 0, FacesChanged("src", NOTE, 16))), 1)
    assert (course.first_drawn("src"), course.first_drawn("dst")) == (0, 0)
    course.advance(4)
    assert (course.first_drawn("src"), course.first_drawn("dst")) == (16, 0)


def test_a_choice_stands_until_a_person_sets_it():
    device = SettingsChanged([Change("device", "auto", "cpu")])
    events = journal((0, 0, Chose("device", "cuda:0", "")), (0, 0, Chose("shared_pass", True, "")), (5, 0, device))
    assert standing(events[:3], "device") == "cuda:0"
    assert standing(events, "device") is None
    assert standing(events, "threads") is None


def test_what_was_measured_on_a_device_does_not_stand_for_another():
    events = journal((0, 0, Chose("device", "cpu", "")), (0, 0, Chose("shared_pass", True, "")),
                     (9, 0, Chose("device", "cuda:0", "")))
    assert standing(events[:3], "shared_pass", since="device") is True
    assert standing(events, "shared_pass", since="device") is None
