"""metrics.csv and event files beside a training: switched on and off live, by a thread that holds nobody up."""

import csv
import time

import pytest

from core.store import metric_events
from core.store.folder import RunFolder
from core.store.metric import MetricWriter
from core.store.segment import ITERATION, LIFE, Column
from core.train import copies
from core.train.copies import Copies

DEADLINE_S = 30.0
COLUMNS = (ITERATION, LIFE, Column("src"), Column("time"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(copies, "LOOK_S", 0.01)
    (tmp_path / "metrics").mkdir()
    return RunFolder(tmp_path)


def rows(first, last, columns=COLUMNS):
    return [[i, 0.0, 0.25, *(1000.0 + i for _ in columns[3:])] for i in range(first, last + 1)]


def iterations(folder):
    try:
        with folder.metrics_csv.open(newline="") as file:
            return [int(line["iteration"]) for line in csv.DictReader(file)]
    except FileNotFoundError:
        return []


def wait(condition):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_copy_is_written_while_it_is_wanted_and_whole_again_when_it_is_wanted_again(folder):
    wanted = {"write_csv": False, "write_tensorboard": False}
    writer, following = MetricWriter(folder.metrics, COLUMNS), Copies(folder, lambda: wanted, print)
    writer.append(rows(1, 5))
    wanted["write_csv"] = True
    wait(lambda: iterations(folder) == [1, 2, 3, 4, 5])
    wanted["write_csv"] = False
    writer.append(rows(6, 9))
    wanted["write_csv"] = True
    wait(lambda: iterations(folder) == list(range(1, 10)))
    writer.append(rows(10, 12))
    following.close()       # writes what is left
    assert iterations(folder) == list(range(1, 13))
    assert not folder.tensorboard.exists()


def test_an_end_waits_for_no_long_backlog_and_the_next_start_goes_on(folder, monkeypatch):
    monkeypatch.setattr(copies, "LOOK_S", 60.0)
    monkeypatch.setattr(copies, "END_S", 0.0)
    monkeypatch.setattr("core.store.metric_copy.MOST_ROWS", 1024)
    MetricWriter(folder.metrics, COLUMNS).append(rows(1, 3000))
    wanted = {"write_csv": True, "write_tensorboard": False}
    for reached in (1024, 2048, 3000):
        Copies(folder, lambda: wanted, print).close()
        assert iterations(folder) == list(range(1, reached + 1))


def test_new_columns_of_a_newer_program_begin_the_table_anew(folder):
    MetricWriter(folder.metrics, COLUMNS).append(rows(1, 3))
    Copies(folder, lambda: {"write_csv": True, "write_tensorboard": False}, print).close()
    more = (*COLUMNS, Column("likeness"))
    MetricWriter(folder.metrics, more).append(rows(4, 5, more))
    Copies(folder, lambda: {"write_csv": True, "write_tensorboard": False}, print).close()
    with folder.metrics_csv.open(newline="") as file:
        assert [line["likeness"] for line in csv.DictReader(file)] == ["", "", "", "1004.0", "1005.0"]


def test_what_is_refused_is_told_once_and_hinders_nothing_else(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboard.compat.proto.event_pb2", None)
    metric_events.tools.cache_clear()
    told = []
    writer = MetricWriter(folder.metrics, COLUMNS)
    following = Copies(folder, lambda: {"write_csv": True, "write_tensorboard": True}, lambda *what: told.append(what))
    for last in (1, 2, 3):
        writer.append(rows(last, last))
        wait(lambda: iterations(folder) == list(range(1, last + 1)))  # noqa: B023 - asked at once
    following.close()
    metric_events.tools.cache_clear()
    assert told == [("metrics", "write_tensorboard: files for TensorBoard need the package tensorboard, which is not "
                                "installed: pip install 'dfl-tui[tensorboard]'")]
