"""Decks without a list: every face once an epoch, even yaw bins, independent sides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.samples.order import YAW_EDGES, FaceOrder, yaw_bins


def epoch(order: FaceOrder, count: int, number: int, life: int = 0) -> list[int]:
    return order.shuffled(life, np.arange(number * count, (number + 1) * count)).tolist()


@settings(deadline=None)
@given(count=st.integers(1, 700), seed=st.integers(0, 2**64 - 1), number=st.integers(0, 10**9),
       side=st.integers(0, 1), life=st.integers(0, 50))
def test_every_face_comes_exactly_once_in_each_epoch(count, seed, number, side, life):
    order = FaceOrder(count, seed=seed, side=side)
    assert sorted(epoch(order, count, number, life)) == list(range(count))


@pytest.mark.parametrize("count", [1, 2, 4, 5, 16, 17, 1000, 4096, 4097])
def test_a_deck_of_any_size_is_whole(count):
    assert sorted(epoch(FaceOrder(count, seed=1, side=0), count, 3)) == list(range(count))


@settings(deadline=None)
@given(count=st.integers(1, 50), start=st.integers(0, 1000), size=st.integers(0, 60))
def test_a_batch_is_the_same_as_its_positions_one_by_one(count, start, size):
    order = FaceOrder(count, seed=5, side=1)
    positions = np.arange(start, start + size)
    assert order.shuffled(2, positions).tolist() == [int(order.shuffled(2, positions[i:i + 1])[0]) for i in range(size)]


def test_no_positions_give_no_faces():
    none = np.zeros(0, np.int64)
    order = FaceOrder(5, seed=1, side=0, yaw=np.zeros(5, np.float32))
    assert order.shuffled(0, none).size == order.even_in_yaw(0, none).size == 0


def test_seed_life_side_and_epoch_each_give_another_deck():
    decks = [epoch(FaceOrder(100, seed=1, side=0), 100, 0), epoch(FaceOrder(100, seed=2, side=0), 100, 0),
             epoch(FaceOrder(100, seed=1, side=1), 100, 0), epoch(FaceOrder(100, seed=1, side=0), 100, 1),
             epoch(FaceOrder(100, seed=1, side=0), 100, 0, life=1)]
    for i, deck in enumerate(decks):
        assert all(np.mean(np.array(deck) == other) < 0.1 for other in decks[:i])


def test_every_face_is_as_likely_at_every_place():
    count, epochs = 7, 6_000
    seen = FaceOrder(count, seed=4, side=0).shuffled(0, np.arange(count * epochs)).reshape(epochs, count)
    table = np.array([np.bincount(seen[:, place], minlength=count) for place in range(count)])
    expected = epochs / count
    assert ((table - expected) ** 2 / expected).sum() < 36 + 4 * np.sqrt(2 * 36)     # chi-squared, 36 degrees


def test_neighbours_in_the_deck_are_no_neighbours_in_the_folder():
    deck = np.array(epoch(FaceOrder(1000, seed=9, side=0), 1000, 0))
    assert abs(np.corrcoef(deck[:-1], deck[1:])[0, 1]) < 0.15
    assert np.mean(np.abs(np.diff(deck)) == 1) < 0.01


def slow_bin(yaw: float) -> int:
    """The original's rule, bin by bin (facts/samples.md 8)."""
    turned = -np.float64(yaw)
    if turned < YAW_EDGES[1]:
        return 0
    for number in range(1, 127):
        if YAW_EDGES[number] <= turned < YAW_EDGES[number + 1]:
            return number
    return 127


def test_yaw_bins_are_the_original_ones():
    yaw = np.concatenate((np.random.default_rng(0).normal(0, 0.6, 500), -YAW_EDGES, [-1.2, 1.2, 3, -3])).astype("f4")
    assert yaw_bins(yaw).tolist() == [slow_bin(value) for value in yaw]


@settings(deadline=None)
@given(yaw=st.lists(st.floats(-1.5, 1.5, width=32), min_size=1, max_size=60), first=st.integers(0, 10**6))
def test_each_round_visits_every_yaw_bin_once(yaw, first):
    angles = np.array(yaw, np.float32)
    bins = yaw_bins(angles)
    filled = len(set(bins.tolist()))
    order = FaceOrder(len(yaw), seed=1, side=0, yaw=angles)
    for number in range(first, first + 3):
        faces = order.even_in_yaw(0, np.arange(number * filled, (number + 1) * filled))
        assert sorted(bins[faces].tolist()) == sorted(set(bins.tolist()))


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 6), min_size=1, max_size=8))
def test_a_bin_gives_each_of_its_faces_once_before_it_gives_one_again(sizes):
    angles = np.repeat(np.linspace(-1, 1, len(sizes)), sizes).astype("f4")
    bins = yaw_bins(angles)
    order = FaceOrder(len(angles), seed=3, side=1, yaw=angles)
    drawn = order.even_in_yaw(1, np.arange(len(sizes) * 12))
    for number in set(bins.tolist()):
        mine = drawn[bins[drawn] == number]
        members = sorted(np.flatnonzero(bins == number).tolist())
        for start in range(0, len(mine) - len(members) + 1, len(members)):
            assert sorted(mine[start:start + len(members)].tolist()) == members


def test_an_order_by_yaw_without_yaw_is_refused():
    with pytest.raises(ValueError, match="yaw"):
        FaceOrder(3, seed=1, side=0).even_in_yaw(0, np.arange(3))
    with pytest.raises(ValueError, match="3 faces"):
        FaceOrder(3, seed=1, side=0, yaw=np.zeros(2, np.float32))
