"""Samples that come again: which ones, when, and that a resume chooses and makes the same."""

import json

import numpy as np
import pytest

from core.samples.request import WINDOW, Pick, Request, is_again
from core.samples.source import SampleSource
from core.samples.worst import Worst, picks_of
from tests.samples.conftest import options
from tests.samples.test_sample import SEED, batch_of, content

SIZE = 4
KEYS = ("a", "b")


def losses_at(iteration: int) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(iteration).random((2, SIZE), np.float32)
    return draws[0], draws[1]


def note(worst: Worst, iteration: int, losses=None) -> None:
    picks = [picks_of(np.arange(SIZE), life=0, iteration=iteration, drawn=SIZE * iteration)] * 2
    worst.note((picks[0], picks[1]), lambda: losses or losses_at(iteration))


def test_the_worst_samples_of_the_window_come_again_in_the_17th_iteration_worst_first():
    worst = Worst(KEYS)
    for iteration in range(WINDOW):
        assert worst.due(iteration, SIZE) is None
        note(worst, iteration)
    src, dst = worst.due(WINDOW, SIZE)
    for side, picks in ((0, src), (1, dst)):
        every = sorted(((loss, iteration, slot) for iteration in range(WINDOW)
                        for slot, loss in enumerate(losses_at(iteration)[side])), reverse=True)
        assert [(pick.iteration, pick.slot) for pick in picks] == [(i, slot) for _, i, slot in every[:SIZE]]
        assert all(pick.position == SIZE * pick.iteration + pick.slot for pick in picks)


def test_one_window_knows_nothing_of_the_one_before():
    worst = Worst(KEYS)
    for iteration in range(2 * (WINDOW + 1)):
        if not is_again(iteration):
            note(worst, iteration)
    src, _ = worst.due(2 * WINDOW + 1, SIZE)
    assert min(pick.iteration for pick in src) > WINDOW


def test_too_few_samples_or_another_window_make_an_ordinary_step():
    worst = Worst(KEYS)
    note(worst, WINDOW - 1)
    assert worst.due(WINDOW, SIZE) is not None
    assert worst.due(WINDOW, SIZE + 1) is None
    assert worst.due(WINDOW + WINDOW + 1, SIZE) is None


@pytest.mark.parametrize("stop", [1, 7, WINDOW])
def test_a_resume_within_a_window_chooses_the_same(stop):
    straight, first = Worst(KEYS), Worst(KEYS)
    for iteration in range(WINDOW):
        note(straight, iteration)
    for iteration in range(stop):
        note(first, iteration)
        first.state()                                       # a save reads losses early; that changes nothing
    resumed = Worst(KEYS, json.loads(json.dumps(first.state())))
    for iteration in range(stop, WINDOW):
        note(resumed, iteration)
    assert resumed.due(WINDOW, SIZE) == straight.due(WINDOW, SIZE)


def test_picks_of_other_faces_are_not_believed():
    worst = Worst(KEYS)
    note(worst, 3)
    assert Worst(("a", "other"), worst.state()).due(WINDOW, SIZE) is None


def test_losses_that_are_no_numbers_are_left_out_and_equal_ones_stay_in_order():
    worst = Worst(KEYS)
    note(worst, 0, (np.array([1, np.nan, 1, np.inf], np.float32), np.ones(SIZE, np.float32)))
    note(worst, 1, (np.ones(SIZE, np.float32), np.ones(SIZE, np.float32)))
    src, dst = worst.due(WINDOW, SIZE)
    assert [(pick.iteration, pick.slot) for pick in src] == [(0, 0), (0, 2), (1, 0), (1, 1)]
    assert [(pick.iteration, pick.slot) for pick in dst] == [(0, slot) for slot in range(SIZE)]


def test_a_sample_comes_again_with_the_same_bits_and_the_target_as_input(faces):
    with SampleSource(*faces, seed=SEED, workers=0) as source:
        before = batch_of(source, options(eyes=True), iteration=5, drawn=20)
        targets = [(side.target.copy(), side.mask.copy(), side.eyes_mouth.copy()) for side in (before.src, before.dst)]
        picks = [picks_of(side.index, life=0, iteration=5, drawn=20) for side in (before.src, before.dst)]
        again = source.again((picks[0][::-1], picks[1][:4]), options(eyes=True))
        for number, order in enumerate((slice(None, None, -1), slice(None))):
            side = (again.src, again.dst)[number]
            assert np.array_equal(side.target, targets[number][0][order])
            assert np.array_equal(side.mask, targets[number][1][order])
            assert np.array_equal(side.eyes_mouth, targets[number][2][order])
            assert np.array_equal(side.warped, side.target)


@pytest.mark.journey
def test_coming_again_disturbs_no_worker(faces):
    wanted = options(comes_again=True)
    with SampleSource(*faces, seed=SEED, workers=2) as crew, SampleSource(*faces, seed=SEED, workers=0) as in_place:
        made = [content(crew.again(([Pick(0, 3, 1, 13, 2)], [Pick(0, 3, 0, 12, 1)]), wanted))
                if is_again(i) else content(batch_of(crew, wanted, iteration=i, drawn=4 * i)) for i in range(14, 20)]
        assert made == [content(in_place.again(([Pick(0, 3, 1, 13, 2)], [Pick(0, 3, 0, 12, 1)]), wanted))
                        if is_again(i) else content(batch_of(in_place, wanted, iteration=i, drawn=4 * i))
                        for i in range(14, 20)]


def test_the_guess_ahead_passes_over_the_iteration_in_which_samples_come_again():
    request = Request(0, WINDOW - 1, 60, 60, options(comes_again=True))
    assert request.following().iteration == WINDOW + 1
    assert request.following().drawn_src == 64
    assert Request(0, WINDOW - 1, 60, 60, options()).following().iteration == WINDOW
