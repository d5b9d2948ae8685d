from dataclasses import replace

from core.events.event import Event, Locked
from core.wire.console_record import Losses, Tick
from dfl_tui.cli.plain import plain_lines
from dfl_tui.cli.standing import Standing

TICK = Tick("training", "", 0, 1, 0.0, it_s=2.0, compute_ms=500.0, losses=Losses(0.4, 0.4, 0.5, 0.5, 0.0))
TRAINING = Standing("a", "training", "", 0, 0, 0.5, 0.5, "CPU", TICK)


def at(iteration: int) -> Standing:
    import msgspec

    return replace(TRAINING, iteration=iteration, tick=msgspec.structs.replace(TICK, iteration=iteration))


def lines(*items, every=100):
    return list(plain_lines(items, every=every))


def test_a_line_for_each_multiple_that_was_passed_and_none_between():
    told = lines(*[at(i) for i in (0, 40, 90, 110, 150, 200, 210)])
    assert [int(line.split()[0].replace(",", "")) for line in told] == [0, 110, 200]


def test_nothing_is_told_twice_when_followed_from_the_middle():
    assert [line.split()[0] for line in lines(at(150), at(190), at(201))] == ["201"]


def test_events_and_other_states_have_a_line_of_their_own():
    event = Event(4, 120, 1, 0.0, "person:anna@box", Locked("mask", ["decoder.mask.out"]))
    backoff = replace(TRAINING, state="backoff", sentence="waits 8 s", iteration=120)
    assert lines(event, backoff, backoff) == ["      120  locked mask (1 block) (anna@box)",
                                              "      120  backoff: waits 8 s"]
