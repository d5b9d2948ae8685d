"""Retention: pure rules; nothing that is named, pinned or newest ever goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.settings.registry import defaults
from core.store.manifest import BlobRef, BlockBlobs, Generation, MetricPosition, own_bytes
from core.store.retention import DAY_S, Keep, keep_of, retained, total_bytes

NOW = 1000.5 * DAY_S


def generation(number: int, *, days_ago: float = 0.0, name: str = "", shares: int = 0, size: int = 100) -> Generation:
    """Two blobs: one that all generations with the same `shares` have, one of its own."""
    blocks = {"a": BlockBlobs(BlobRef(f"{shares:064x}", 100), BlobRef(f"{number + 1000:064x}", size))}
    return Generation(number, number * 10, 0, 0, MetricPosition(0, 0), NOW - days_ago * DAY_S, name, blocks, {})


generations = st.lists(st.tuples(st.floats(0, 12), st.sampled_from(["", "", "", "mine"]), st.integers(0, 3),
                                 st.integers(0, 500)), max_size=30).map(
    lambda drawn: [generation(n, days_ago=d, name=name, shares=s, size=size)
                   for n, (d, name, s, size) in enumerate(sorted(drawn, key=lambda x: -x[0]), start=1)])
rules = st.builds(Keep, st.integers(0, 6), st.integers(0, 9), st.none() | st.integers(0, 5000))


@given(generations, rules, st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_named_pinned_and_newest_are_always_kept(there, keep, pinned, abandoned):
    kept = retained(there, keep, now_s=NOW, always=frozenset(pinned), off_line=frozenset(abandoned)).keep
    numbers = {g.number for g in there}
    assert kept <= numbers | pinned
    assert {g.number for g in there if g.name} <= kept
    assert pinned & numbers <= kept
    assert not there or max(numbers) in kept
    line = numbers - abandoned
    assert not line or max(line) in kept


@given(generations, rules)
def test_the_budget_is_kept_or_its_excess_is_said(there, keep):
    result = retained(there, keep, now_s=NOW)
    blobs = {g.number: g.blobs() for g in there}
    total = total_bytes(set(result.keep), blobs)
    if keep.budget_bytes is None:
        assert result.over_budget_bytes == 0
    else:
        assert result.over_budget_bytes == max(0, total - keep.budget_bytes)
        if result.over_budget_bytes:   # nothing that could go is left
            firm = {g.number for g in there if g.name} | {max(g.number for g in there)}
            assert result.keep == firm


@given(generations, st.integers(1, 6))
def test_without_days_the_last_ones_are_kept(there, last):
    kept = retained([g for g in there if not g.name], Keep(last, 0), now_s=NOW).keep
    assert kept == set(sorted(g.number for g in there if not g.name)[-last:])


@given(generations, rules)
def test_collecting_twice_removes_nothing_more(there, keep):
    kept = retained(there, keep, now_s=NOW).keep
    left = [g for g in there if g.number in kept]
    assert retained(left, keep, now_s=NOW).keep == kept


def test_one_a_day_is_kept_for_some_days():
    there = [generation(n, days_ago=(60 - n) / 4) for n in range(1, 61)]   # four a day, noon is now
    kept = retained(there, Keep(2, 3), now_s=NOW).keep
    assert kept == {60, 59, 57, 53}


def test_daily_ones_go_before_the_last_ones_when_the_disk_is_small():
    there = [generation(n, days_ago=6 - n, shares=n) for n in range(1, 7)]
    for budget, expected in ((1200, {1, 2, 3, 4, 5, 6}), (1000, {2, 3, 4, 5, 6}), (600, {4, 5, 6}), (400, {5, 6}),
                             (200, {6}), (0, {6})):
        result = retained(there, Keep(3, 9, budget), now_s=NOW)
        assert result.keep == expected
        assert result.over_budget_bytes == (200 if budget == 0 else 0)


def test_abandoned_generations_do_not_count_among_the_last():
    there = [generation(n, days_ago=20) for n in range(1, 7)]
    assert retained(there, Keep(2, 0), now_s=NOW, off_line=frozenset({3, 4, 5})).keep == {2, 6}


def test_the_rules_come_from_the_settings():
    assert keep_of(defaults() | {"keep_generations": 3, "keep_days": 5, "disk_budget_gb": 1.5}) == Keep(
        3, 5, 1_500_000_000, 24)
    assert keep_of(defaults()).budget_bytes is None


@given(generations)
def test_own_bytes_add_up_to_what_all_take(there):
    everything = {sha: size for g in there for sha, size in g.blobs().items()}
    assert sum(own_bytes(there).values()) == sum(everything.values())


@pytest.mark.parametrize("keep", [Keep(3, 3), Keep(0, 0, 0)])
def test_nothing_gives_nothing(keep):
    assert retained([], keep, now_s=NOW).keep == frozenset()


def test_only_the_newest_automatic_backups_stay_and_named_ones_are_not_counted():
    there = [generation(n, name=f"auto-{n}") for n in range(1, 31)] + [generation(31, name="mine"), generation(32)]
    kept = retained(there, Keep(1, 0, backups=24), now_s=NOW).keep
    assert kept == {*range(7, 31), 31, 32}


MIB = 2**20


def large(number: int, days_ago: float, name: str, moments: int, thin: bool) -> Generation:
    """A few MiB of weights that some others share, and moments of its own."""
    blobs = BlockBlobs(BlobRef(f"{number % 3:064x}", 4 * MIB), BlobRef(f"{number + 1000:064x}", moments * MIB))
    return Generation(number, number * 10, 0, 0, MetricPosition(0, 0), NOW - days_ago * DAY_S, name, {"a": blobs}, {},
                      thin)


larges = st.lists(st.tuples(st.floats(0, 12), st.sampled_from(["", "", "auto-1", "mine"]), st.integers(0, 9),
                            st.booleans()), max_size=20).map(
    lambda drawn: [large(n, *parts) for n, parts in enumerate(sorted(drawn, key=lambda d: -d[0]), 1)])


def after(there: list[Generation], result) -> list[Generation]:
    """What is on the disk after a collection: a stand-in of its own for the moments of those that gave them up."""
    def thin(g: Generation) -> Generation:
        blocks = {b: BlockBlobs(r.weights, BlobRef(f"{g.number + 2000:064x}", 700)) for b, r in g.blocks.items()}
        return replace(g, blocks=blocks, weights_only=True)

    return [thin(g) if g.number in result.thin else g for g in there if g.number in result.keep]


@given(larges, st.builds(Keep, st.integers(0, 6), st.integers(0, 9), st.integers(0, 60 * MIB), st.integers(1, 9)))
def test_moments_go_before_generations_and_a_second_collection_changes_nothing(there, keep):
    result = retained(there, keep, now_s=NOW)
    numbers = {g.number: g for g in there}
    firm = {g.number for g in there if g.name == "mine"} | ({max(numbers)} if there else set())
    last = set(sorted(numbers)[-keep.last:]) if keep.last else set()
    assert not result.thin & (firm | last), "one that a person named, or of the last, gave up its moments"
    assert result.thin <= result.keep
    left = after(there, result)
    assert total_bytes({g.number for g in left}, {g.number: g.blobs() for g in left}) <= max(
        keep.budget_bytes + result.over_budget_bytes, 0)
    again = retained(left, keep, now_s=NOW)
    assert (again.keep, again.thin) == (result.keep, frozenset())


def test_old_backups_keep_their_weights_when_the_disk_is_small():
    blocks = [{"a": BlockBlobs(BlobRef(f"{n:064x}", 10 * MIB), BlobRef(f"{n + 9:064x}", 20 * MIB))} for n in range(5)]
    there = [Generation(n, n, 0, 0, MetricPosition(0, 0), NOW, f"auto-{n}" if n < 4 else "", blocks[n], {})
             for n in range(1, 5)]
    for budget, keep, thin in ((120, {1, 2, 3, 4}, set()), (110, {1, 2, 3, 4}, {1}), (70, {1, 2, 3, 4}, {1, 2, 3}),
                               (55, {2, 3, 4}, {2, 3}), (30, {4}, set())):
        result = retained(there, Keep(1, 0, budget * MIB, 24), now_s=NOW)
        assert (result.keep, result.thin, result.over_budget_bytes) == (keep, thin, 0), budget


def test_moments_that_others_hold_as_well_are_not_given_up():
    shared = BlockBlobs(BlobRef("1" * 64, 10 * MIB), BlobRef("2" * 64, 20 * MIB))
    there = [Generation(n, n, 0, 0, MetricPosition(0, 0), NOW, "auto-x" if n == 1 else "", {"a": shared}, {})
             for n in (1, 2)]
    assert retained(there, Keep(1, 0, 5 * MIB, 24), now_s=NOW).thin == frozenset()


def test_the_budget_takes_automatic_backups_and_never_a_named_one():
    there = [generation(1, name="mine"), generation(2, name="auto-2", shares=1), generation(3, shares=2)]
    kept = retained(there, Keep(1, 0, budget_bytes=400, backups=24), now_s=NOW).keep
    assert kept == {1, 3}
