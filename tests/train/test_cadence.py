"""How often likeness is read: the default is timed once and written down, a person's number is kept."""

from core.events.event import Change, Chose, Event, RolledBack, SettingsChanged, Warned
from core.settings.watching_settings import EVERY
from core.train.cadence import Choices, choice


def event(number, iteration, body):
    return Event(number, iteration, 0, 0.0, "trainer", body)


def test_a_cheap_reading_keeps_the_default_and_a_dear_one_is_read_less_often():
    assert choice(0.5, 0.5).value == EVERY
    dear = choice(2.0, 0.03)
    assert dear.value == 6_700 and dear.reason.endswith("every 6,700 iterations it costs 1.00 % of training")


def test_a_choice_counts_from_the_iteration_after_its_own_and_until_a_person_sets_another():
    events = [event(1, 500, Chose("likeness_every", 1_200, "timed"))]
    cadence, standing_choice = Choices().cadence, Choices().standing
    default = {"likeness_every": EVERY}
    assert cadence(events, default, 500) == EVERY and cadence(events, default, 501) == 1_200
    assert cadence(events, {"likeness_every": 40}, 900) == 40 and cadence(events, {"likeness_every": 0}, 900) == 0
    set_again = event(2, 900, SettingsChanged([Change("likeness_every", 40, EVERY)]))
    assert standing_choice(events) == 1_200 and standing_choice([*events, set_again]) is None


def test_what_is_trained_again_is_read_where_it_was_read_the_first_time():
    default, chosen = {"likeness_every": EVERY}, event(1, 500, Chose("likeness_every", 1_200, "timed"))
    events = [chosen, event(2, 900, SettingsChanged([Change("likeness_every", EVERY, 40)]))]
    assert Choices().cadence(events, default, 800) == Choices().cadence(events[:1], default, 800) == 1_200
    # nor does a life that was given up say anything
    events = [event(1, 0, Warned("a", "b")), event(2, 500, chosen.body), Event(3, 100, 1, 0.0, "person",
                                                                             RolledBack(1, 100, 1, 1))]
    assert Choices().cadence(events[:2], default, 800) == 1_200 and Choices().cadence(events, default, 800) == EVERY


def test_each_event_is_looked_at_once():
    class Looked(list):
        count = 0

        def __getitem__(self, which):
            found = super().__getitem__(which)
            Looked.count += len(found)
            return found

    choices, events = Choices(), Looked(event(n, n, Warned("a", "b")) for n in range(1, 9))
    for iteration in range(100):
        assert choices.cadence(events, {"likeness_every": EVERY}, iteration) == EVERY
    assert Looked.count == 8
