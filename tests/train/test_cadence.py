"""How often likeness is read: the default is timed once and written down, a person's number is kept."""

from core.events.event import Change, Chose, Event, SettingsChanged
from core.settings.watching_settings import EVERY
from core.train.cadence import cadence, choice, standing_choice


def event(number, iteration, body):
    return Event(number, iteration, 0, 0.0, "trainer", body)


def test_a_cheap_reading_keeps_the_default_and_a_dear_one_is_read_less_often():
    assert choice(0.5, 0.5).value == EVERY
    dear = choice(2.0, 0.03)
    assert dear.value == 6_700 and dear.reason.endswith("every 6,700 iterations it costs 1.00 % of training")


def test_a_choice_counts_from_the_iteration_after_its_own_and_until_a_person_sets_another():
    events = [event(1, 500, Chose("likeness_every", 1_200, "timed"))]
    default = {"likeness_every": EVERY}
    assert cadence(events, default, 500) == EVERY and cadence(events, default, 501) == 1_200
    assert cadence(events, {"likeness_every": 40}, 900) == 40 and cadence(events, {"likeness_every": 0}, 900) == 0
    set_again = event(2, 900, SettingsChanged([Change("likeness_every", 40, EVERY)]))
    assert standing_choice([*events, set_again]) is None and standing_choice(events) == 1_200
