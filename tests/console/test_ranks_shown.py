"""Several devices on screen: each rank with its speed, or since when nothing was heard of it."""

from core.wire.console_record import Tick
from core.wire.trainer_record import RankStanding
from dfl_tui.panels.system import ranks

NOW = 1_000_000.0


def tick(*others):
    return Tick("training", "", 7, 0, NOW, it_s=5.0, contact=NOW - 1, ranks=list(others))


def test_each_rank_has_its_device_and_speed():
    shown = ranks(tick(RankStanding(1, "cuda:1 NVIDIA H100", "", NOW - 9, 4.98),
                       RankStanding(2, "cuda:0 NVIDIA H100", "box2", NOW - 3, 5.01)), NOW)
    assert shown == [("rank 0: this trainer", "5.00 it/s", False), ("rank 1: cuda:1 NVIDIA H100", "4.98 it/s", False),
                     ("rank 2: cuda:0 NVIDIA H100, box2", "5.01 it/s", False)]


def test_a_rank_that_says_nothing_asks_for_attention():
    silent = ranks(tick(RankStanding(1, "cuda:1 NVIDIA H100", "", NOW - 70, 4.98)), NOW)[1]
    assert silent == ("rank 1: cuda:1 NVIDIA H100", "contact 1 min 10 s ago", True)


def test_one_device_says_nothing_of_ranks():
    assert ranks(tick(), NOW) == []
