"""All detectors together: the same rows, readings and events give every verdict again, in any portions."""

import math

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events.event import BackedUp, Body, Change, Event, InterFrom, Locked, RolledBack, SettingsChanged
from core.watch import watch
from core.watch.blanking import Effect, effect_of
from core.watch.pace import SHORT
from core.watch.watch import Row, Watch

LOOK = SHORT.look
EVERY = 40


def rows(seed: int, count: int) -> list[Row]:
    """A run of `count` iterations: losses settle, some steps are not applied, a judge learns."""
    draws = np.random.default_rng(seed)
    src = 1 + np.exp(-np.arange(count) / 80) * draws.lognormal(0, 0.1, count)
    made = [Row(s, s * 1.1, 0.1 * s, bool(a), 0.7, 0.3) for s, a in zip(src.tolist(), draws.random(count) > 0.01,
                                                                        strict=True)]
    return [r if r.applied else r._replace(src=math.nan, dst=math.nan) for r in made]


def event(number: int, iteration: int, body: Body) -> Event:
    """An event of the first life."""
    return Event(number, iteration, 1, 0.0, "person", body)


def changed(key: str) -> SettingsChanged:
    """A change of one setting."""
    return SettingsChanged([Change(key, True, False)])


def run(made: list[Row], events: list[Event], through_bytes: set[int]) -> list[bytes]:
    """Every verdict of a run; at the looks in `through_bytes` the state is written down and read again."""
    state, told = Watch(), []
    for last in range(LOOK, len(made) + 1, LOOK):
        state = watch.look(state, last, made[last - LOOK:last], SHORT)
        for one in events:
            if last - LOOK < one.iteration <= last:
                state = watch.follow(state, one, SHORT)
        if last % EVERY == 0:
            likeness = 50 + 10 * math.sin(last / 300) - 20 * (last > 400)
            state = watch.read(state, last, likeness, SHORT, every=EVERY)
        if last in through_bytes:
            state = msgspec.convert(msgspec.json.decode(msgspec.json.encode(state)), Watch)
        told.append(msgspec.json.encode(watch.readings(state, last, 1, SHORT, measured={})))
    return told


@settings(max_examples=4)
@given(seed=st.integers(0, 2**32 - 1), kept=st.sets(st.integers(1, 48).map(lambda n: n * LOOK), max_size=8))
def test_a_replay_gives_every_verdict_again_wherever_the_state_was_written_down(seed, kept):
    made = rows(seed, 480)
    events = [event(2, 200, changed("random_warp")), event(3, 420, Locked("encoder", ["encoder.down1"]))]
    assert run(made, events, set()) == run(made, events, kept)


@settings(max_examples=4)
@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.integers(1, 299), max_size=6, unique=True))
def test_rows_may_come_in_any_portions(seed, cuts):
    made = rows(seed, 300)
    whole = watch.look(Watch(), 300, made, SHORT)
    state = Watch()
    for first, end in zip([0, *sorted(cuts)], [*sorted(cuts), 300], strict=True):
        state = watch.look(state, end, made[first:end], SHORT)
    for name in watch.LOSSES:
        assert state.courses[name].plateau == whole.courses[name].plateau
        assert state.courses[name].divergence == whole.courses[name].divergence
        assert state.courses[name].spike.last == whole.courses[name].spike.last
    assert state.not_finite.skipped == whole.not_finite.skipped


def test_after_a_change_no_plateau_is_told_until_the_blanking_is_over_and_the_likeness_reference_stays():
    still = [Row(1.0, 1.0, 0.1, True, math.nan, math.nan)] * 400
    state = watch.look(Watch(), 400, still, SHORT)
    for number in range(12):
        state = watch.read(state, 40 * number + 40, 70.0, SHORT, every=EVERY)
    assert watch.readings(state, 400, 1, SHORT, measured={}).plateau("loss").holds
    state = watch.follow(state, event(2, 400, changed("random_warp")), SHORT)
    assert state.blank_until == 400 + 120
    assert state.drop.reference is not None
    state = watch.look(state, 640, still[:240], SHORT)
    assert not watch.readings(state, 640, 1, SHORT, measured={}).plateau("loss").holds  # eleven blocks of twelve
    state = watch.look(state, 680, still[:40], SHORT)
    told = watch.readings(state, 680, 1, SHORT, measured={"floor": 1.4})
    assert told.plateau("loss").holds
    assert told.since_change("random_warp") == 280 and told.since_change("gan_power") == 680
    assert told.value("floor") == 1.4 and told.value("likeness") == 70.0 and told.value("before") is None


def test_what_changes_neither_loss_nor_likeness_blanks_nothing():
    assert effect_of(changed("preview_every")) is Effect.NONE
    assert effect_of(BackedUp("a", 1)) is Effect.NONE
    assert effect_of(changed("gan_power")) is Effect.BLANK
    assert effect_of(Locked("encoder", ["encoder.down1"])) is Effect.BLANK
    assert effect_of(changed("watch_pace")) is Effect.ANEW
    inter = InterFrom("other", 1, 40, 0, ["inter.dense1"], [])
    assert effect_of(RolledBack(3, 40, 9, 1, inter)) is Effect.ANEW
    assert effect_of(RolledBack(3, 40, 9, 1)) is Effect.NONE
    assert effect_of(changed("a setting of a later version")) is Effect.BLANK


def test_growth_makes_likeness_begin_anew_and_a_stage_remembers_where_it_stood():
    state = Watch()
    for number in range(20):
        state = watch.read(state, 40 * number + 40, 60.0 + number, SHORT, every=EVERY)
    state = watch.stage_began(state, 800)
    assert state.before == 77.0 and state.best == 77.0
    state = watch.blanked(msgspec.structs.replace(state, changed={"grow": 800}), 800, Effect.ANEW, SHORT)
    assert state.drop.reference is None and state.before == 77.0
    told = watch.readings(state, 900, 1, SHORT, measured={})
    assert told.value("iterations") == 100 and told.since_change("grow") == 100 and told.value("likeness") is None


def test_a_drop_holds_at_its_reading_and_not_at_the_next_look():
    state, iteration = Watch(), 0
    for _ in range(20):
        iteration += EVERY
        state = watch.read(state, iteration, 70.0, SHORT, every=EVERY)
    while not state.drop.holds:
        iteration += EVERY
        state = watch.read(state, iteration, 50.0, SHORT, every=EVERY)
    assert watch.readings(state, iteration, 1, SHORT, measured={}).drop("likeness").holds
    state = watch.look(state, iteration + LOOK, [Row(1, 1, 1, True, 0.6, 0.4)] * LOOK, SHORT)
    told = watch.readings(state, iteration + LOOK, 1, SHORT, measured={})
    assert not told.drop("likeness").holds
    assert math.isclose(told.value("gan.balance"), 0.2)


def test_a_reading_out_of_turn_moves_no_detector():
    state = watch.read(Watch(), 40, 70.0, SHORT, every=EVERY)
    assert watch.read(state, 47, 10.0, SHORT, every=None) == state
