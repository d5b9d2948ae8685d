"""Plateau, drop, spike, divergence and collapse on made-up courses, each with its words."""

import math

import numpy as np
import pytest

from core.watch import divergence, drop, not_finite, plateau, spike
from core.watch.divergence import Divergence
from core.watch.drop import Drop
from core.watch.not_finite import NotFinite
from core.watch.pace import NORMAL, SHORT, Pace
from core.watch.plateau import Plateau
from core.watch.robust import log_of, median, spread, trimmed_mean
from core.watch.spike import Spike


def noise(seed: int, count: int, sd: float, rho: float = 0.4) -> np.ndarray:
    """AR(1) with heavy-tailed innovations (Student's t, 3 degrees), of that standard deviation."""
    innovations = np.clip(np.random.default_rng(seed).standard_t(3, count), -40, 40) / math.sqrt(3)
    values = np.zeros(count)
    for i, innovation in enumerate(innovations):
        values[i] = (rho * values[i - 1] if i else 0.0) + math.sqrt(1 - rho * rho) * innovation
    return values * sd


def plateau_of(logs: np.ndarray, pace: Pace) -> tuple[Plateau, int | None]:
    """The state after a course of logarithms, and the first iteration at which it stood still."""
    state, found = Plateau(), None
    size = pace.loss.block
    for end in range(size, len(logs) + 1, size):
        state = plateau.advance(state, end, trimmed_mean(logs[end - size:end].tolist()), pace.loss, spacing=size)
        found = end if found is None and state.holds else found
    return state, found


def test_a_loss_that_falls_is_no_plateau_however_noisy():
    iterations = np.arange(8_000)
    falling = np.log(2.0) - 0.11 * iterations / 1000    # 11 % in 1,000 iterations, over twice the short bound
    for seed in range(3):
        assert plateau_of(falling + noise(seed, 8_000, 0.25), SHORT)[1] is None


def test_a_loss_that_settles_becomes_a_plateau_after_it_has_and_noise_only_delays_it():
    iterations = np.arange(8_000)
    settling = np.log(1 + 1.5 * np.exp(-iterations / 500))
    settled = 2_035     # where it changes by less than 5 % in 1,000 iterations
    found = [plateau_of(settling + noise(3, 8_000, sd), SHORT)[1] for sd in (0.03, 0.12, 0.25)]
    assert all(at is not None and at > settled - 200 for at in found)
    assert found == sorted(found)
    assert found[0] < settled + 1_000


def test_the_sentence_of_a_plateau_tells_slope_bound_and_window():
    state, found = plateau_of(np.zeros(2_000), SHORT)
    told = plateau.verdict(state, "loss", SHORT.loss)
    assert found is not None and told.holds and told.confidence == 0.95
    assert told.sentence == ("loss moves +0.00 % (+-0.00) in 1,000 iterations, over the last 120: it stands still "
                             "(less than 5 %)")
    assert told.numbers == {"slope": 0.0, "margin": 0.0, "window": 120.0, "delta": 0.05}
    assert not plateau.verdict(Plateau(), "loss", SHORT.loss).holds


def drops_of(readings: np.ndarray, pace: Pace) -> list[int]:
    """The readings at which a drop is found, counted from 0."""
    state, found = Drop(), []
    for number, reading in enumerate(readings.tolist()):
        state = drop.advance(state, number + 1, reading, pace.drop)
        found += [number] if state.holds else []
    return found


@pytest.mark.parametrize("pace", [NORMAL, SHORT], ids=["normal", "short"])
def test_a_drop_of_six_points_is_found_within_a_few_readings_and_level_readings_never_ring(pace):
    for seed in range(4):
        level = 60 + noise(seed, 240 if pace is NORMAL else 120, 0.5, 0.0)
        at = 80 if pace is NORMAL else 40
        assert drops_of(level, pace) == []
        found = drops_of(level - 6 * np.clip((np.arange(len(level)) - at) / 10, 0, 1), pace)
        assert found and at <= found[0] <= at + 12


def test_probes_of_64_faces_with_a_paired_spread_of_4_keep_to_the_table_of_half_a_point():
    # likeness/README.md 11, check 8: the reading's own spread is 4 / 8 = 0.5 points
    rung, delays = 0, []
    for seed in range(6):
        draws = np.random.default_rng(seed)
        faces = draws.normal(60, 14, 64) + draws.normal(0, 4, (240, 64))
        rung += bool(drops_of(faces.mean(axis=1), NORMAL))
        fall = 3 * np.clip((np.arange(240) - 80) / 10, 0, 1)
        delays.append(drops_of(faces.mean(axis=1) - fall, NORMAL)[0] - 80)
    assert rung == 0
    assert np.median(delays) <= 10 and max(delays) <= 46


def test_a_change_keeps_the_reference_and_silences_the_alarm_for_a_while():
    state = Drop()
    for i in range(60):
        state = drop.advance(state, i, 70.0 + 0.1 * (i % 3), NORMAL.drop)
    changed = drop.changed(state, NORMAL.drop)
    assert changed.reference == state.reference and changed.total == 0
    for i in range(NORMAL.drop.quiet):
        changed = drop.advance(changed, 60 + i, 50.0, NORMAL.drop)
        assert not changed.holds
    assert drop.advance(changed, 70, 50.0, NORMAL.drop).holds


def test_the_sentence_of_a_drop_tells_by_how_much_and_how_sure_a_reading_is():
    state = Drop()
    for i in range(60):
        state = drop.advance(state, i, 70.0, NORMAL.drop)
    while not state.holds:
        state = drop.advance(state, state.iteration + 1, 64.0, NORMAL.drop)
    told = drop.verdict(state, "likeness", NORMAL.drop)
    assert told.holds and 5.5 < told.numbers["fall"] < 6
    assert told.sentence.startswith("likeness has dropped by 5.9 points: the last 5 readings lie at 64.0")


def test_one_spike_is_told_with_its_iteration_and_a_hill_of_ten_as_high_for_long():
    logs = noise(1, 600, 0.1).tolist()
    state = spike.advance(Spike(), 400, logs[:400], NORMAL.window)
    assert [v.holds for v in spike.verdicts(state, "loss")] == [False, False]
    logs[407] = math.log(20)
    leapt = spike.advance(state, 420, logs[400:420], NORMAL.window)
    told, sustained = spike.verdicts(leapt, "loss")
    assert told.holds and told.iteration == 408 and "nothing is done for it" in told.sentence
    assert not sustained.holds
    hill = spike.advance(leapt, 440, [v + 1.0 for v in logs[420:440]], NORMAL.window)
    assert spike.verdicts(hill, "loss")[1].holds


def test_a_loss_that_doubles_in_200_iterations_runs_away_and_a_burst_of_20_does_not():
    course = noise(2, 3_000, 0.12)
    assert not any(s.holds for s in diverging(course))
    rising = course + math.log(2) * np.maximum(0, np.arange(3_000) - 2_000) / 200
    found = [s.iteration for s in diverging(rising) if s.holds]
    assert found and 2_000 < found[0] <= 2_150
    burst = course.copy()
    burst[2_000:2_020] += math.log(10)
    assert not any(s.holds for s in diverging(burst))
    first = next(s for s in diverging(rising) if s.holds)
    assert "it runs away" in divergence.verdict(first, "loss").sentence


def diverging(logs: np.ndarray) -> list[Divergence]:
    """The states after each block."""
    states, state = [], Divergence()
    for end in range(divergence.BLOCK, len(logs) + 1, divergence.BLOCK):
        state = divergence.advance(state, end, trimmed_mean(logs[end - divergence.BLOCK:end].tolist()))
        states.append(state)
    return states


def test_three_skipped_steps_in_a_row_or_five_in_a_hundred_are_a_collapse():
    assert not not_finite.advance(NotFinite(), 2, [True, True]).holds
    assert not_finite.advance(NotFinite(), 3, [True, True, True]).holds
    spread_out = ([True] + [False] * 19) * 5
    assert not_finite.advance(NotFinite(), 100, spread_out).holds
    thinner = ([True] + [False] * 24) * 5
    state = not_finite.advance(NotFinite(), 125, thinner)
    assert not state.holds
    assert not_finite.verdict(state).sentence.startswith("4 of the last 100 steps were not applied")


def test_robust_numbers_are_those_of_their_definitions():
    assert median([3, 1, 2]) == 2 and median([4, 1, 2, 3]) == 2.5
    assert spread([1, 2, 3, 100], 2.5) == pytest.approx(1.4826 * 1.0)
    assert trimmed_mean([0, 1, 2, 3, 1000]) == 2
    assert log_of(math.nan) is None and log_of(0.0) is None and log_of(1.0) == 0.0
    with pytest.raises(ValueError, match="no values"):
        median([])
