"""metrics.csv and event files hold what the metric segments hold, whatever happened; read back by other programs."""

import csv
import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.settings.error import StoreError
from core.store import metric_events
from core.store.metric import MetricWriter, cut_to
from core.store.metric_copy import MetricCopy
from core.store.metric_csv import Csv, csv_pieces
from core.store.metric_events import FILE, EventFiles
from core.store.metric_reader import MetricReader
from core.store.segment import ITERATION, LIFE, Column

NAMES = ("iteration", "life", "src", "data_ms", "d_real", "time")
COLUMNS = (ITERATION, LIFE, *(Column(name) for name in NAMES[2:]))


class Run:
    """Metrics with a history: `rows` is what a person would say was trained, in order, and what was given up of it."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.rows = []          # [iteration, life, abandoned, time, src, data_ms, d_real]
        self.iteration = self.life = 0
        self.clock = 1.0e9
        self.reader = MetricReader(folder)
        self.writer = MetricWriter(folder, COLUMNS)

    def train(self, count):
        for _ in range(count):
            self.iteration += 1
            self.clock += 0.37
            known = math.nan if self.iteration % 3 else 0.5
            self.writer.append([self.iteration, self.life, 1 / self.iteration, 12.0, known, self.clock])
            self.rows.append([self.iteration, self.life, 0, self.clock, 1 / self.iteration, 12.0, known])

    def kill(self, back_to):
        """The trainer dies and goes on from `back_to`: its later rows never were."""
        born = min((row[0] for row in self.rows if row[1] == self.life), default=self.iteration + 1) - 1
        self.iteration = max(min(back_to, self.iteration), born)
        cut_to(self.folder, self.iteration, self.life)
        self.rows = [row for row in self.rows if row[1] < self.life or row[0] <= self.iteration]
        self.writer = MetricWriter(self.folder, COLUMNS)

    def roll_back(self, to):
        self.writer.close()
        self.iteration, self.life = min(to, self.iteration), self.life + 1
        self.train(1)       # a new life is seen when it has a row
        for row in self.rows[:-1]:
            row[2] = int(row[2] or row[0] >= self.iteration)

    def told(self):
        """The rows as a CSV reader gives them."""
        return [[str(row[0]), str(row[1]), str(row[2]), *("" if math.isnan(v) else repr(v) for v in row[3:])]
                for row in self.rows]


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "metrics")


def follow(copy, run):
    while not copy.follow(run.reader, run.reader.pieces()):
        pass


def csv_of(path):
    # a trainer knows its columns before there is a row
    return MetricCopy(path, Csv([column.name for column in COLUMNS]))


def read_csv(path):
    with path.open(newline="") as file:
        head, *lines = csv.reader(file)
    assert head == ["iteration", "life", "abandoned", "time", "src", "data_ms", "d_real"]
    return lines


def test_a_table_holds_every_row_in_full_and_nothing_where_nothing_is_known(run, tmp_path):
    run.train(9)
    copy = csv_of(tmp_path / "m.csv")
    follow(copy, run)
    run.train(3)
    follow(copy, run)
    lines = read_csv(tmp_path / "m.csv")
    assert lines == run.told()
    assert [float(line[4]) for line in lines] == [1 / n for n in range(1, 13)]
    assert [line[6] for line in lines[:3]] == ["", "", "0.5"]


def test_a_copy_that_is_begun_late_or_far_behind_comes_up_in_steps(run, tmp_path, monkeypatch):
    monkeypatch.setattr("core.store.metric_copy.MOST_ROWS", 1024)
    run.train(2500)
    copy = csv_of(tmp_path / "m.csv")
    assert not copy.follow(run.reader, run.reader.pieces())
    assert len(read_csv(tmp_path / "m.csv")) == 1024
    follow(copy, run)
    assert read_csv(tmp_path / "m.csv") == run.told()


def test_after_a_kill_no_row_is_there_twice_and_none_is_missing(run, tmp_path):
    run.train(130)
    follow(csv_of(tmp_path / "m.csv"), run)
    with (tmp_path / "m.csv").open("ab") as file:
        file.write(b"131,0,0,1000")     # torn
    run.kill(back_to=100)
    run.train(40)
    follow(csv_of(tmp_path / "m.csv"), run)
    lines = read_csv(tmp_path / "m.csv")
    assert [int(line[0]) for line in lines] == list(range(1, 141))
    assert lines == run.told()      # the times say that the rows after 100 are the later ones


def test_a_life_that_was_given_up_is_marked_from_where_it_was_given_up(run, tmp_path):
    run.train(20)
    copy = csv_of(tmp_path / "m.csv")
    follow(copy, run)
    run.roll_back(to=12)
    run.train(4)
    follow(copy, run)
    marked = [(int(line[0]), int(line[1])) for line in read_csv(tmp_path / "m.csv") if line[2] == "1"]
    assert marked == [(n, 0) for n in range(13, 21)]
    assert read_csv(tmp_path / "m.csv") == run.told()


OPERATIONS = st.lists(st.one_of(
    st.tuples(st.just("train"), st.integers(1, 12)), st.tuples(st.just("kill"), st.integers(0, 40)),
    st.tuples(st.just("roll_back"), st.integers(0, 40)), st.tuples(st.just("follow"), st.just(0)),
    st.tuples(st.just("reopen"), st.just(0)), st.tuples(st.just("tear"), st.integers(1, 300))), max_size=12)


@settings(max_examples=60)
@given(operations=OPERATIONS)
def test_a_table_is_right_after_any_history(operations, tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    run, path = Run(folder / "metrics"), folder / "m.csv"
    run.train(3)
    copy = csv_of(path)
    for name, number in operations:
        if name == "follow":
            follow(copy, run)
        elif name == "reopen":
            copy = csv_of(path)
        elif name == "tear":
            copy.close()
            if path.exists():
                os.truncate(path, max(0, path.stat().st_size - number))
        else:
            getattr(run, name)(number)
    run.train(1)
    follow(copy, run)
    assert read_csv(path) == run.told()
    assert b"".join(csv_pieces(run.reader)) == path.read_bytes()


def test_a_table_of_no_rows_is_a_header(tmp_path):
    assert b"".join(csv_pieces(MetricReader(tmp_path))) == b"iteration,life,abandoned,time\n"


def test_a_file_that_cannot_be_written_is_said_and_tried_again(run, tmp_path):
    run.train(3)
    (tmp_path / "m.csv").mkdir()
    copy = csv_of(tmp_path / "m.csv")
    with pytest.raises(StoreError, match=r"m\.csv"):
        follow(copy, run)
    (tmp_path / "m.csv").rmdir()
    follow(copy, run)
    assert read_csv(tmp_path / "m.csv") == run.told()


# --- TensorBoard ------------------------------------------------------------------------------------------------------
def events(path):
    """What TensorBoard's own loader reads: (step, {tag: value}) and times."""
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    head, *rest = loader.LegacyEventFileLoader(str(path / FILE)).Load()
    assert head.file_version == "brain.Event:2"
    return ([(e.step, {v.tag: v.simple_value for v in e.summary.value}) for e in rest], [e.wall_time for e in rest])


def test_event_files_are_what_tensorboards_own_loader_reads(run, tmp_path):
    pytest.importorskip("tensorboard")
    run.train(7)
    files = EventFiles(tmp_path / "tb")
    follow(files, run)
    found, times = events(tmp_path / "tb" / "life-0")
    assert [step for step, _ in found] == list(range(1, 8))
    assert times == [row[3] for row in run.rows]
    assert found[0][1] == {"loss/src": 1.0, "time/data_ms": 12.0}
    assert found[2][1] == {"loss/src": float(np.float32(1 / 3)), "time/data_ms": 12.0, "d_real": 0.5}


def test_event_files_have_no_event_twice_after_a_kill_and_say_which_life_was_given_up(run, tmp_path):
    pytest.importorskip("tensorboard")
    run.train(30)
    follow(EventFiles(tmp_path / "tb"), run)
    with (tmp_path / "tb" / "life-0" / FILE).open("ab") as file:
        file.write(b"\x40\0\0")      # torn
    run.kill(back_to=20)
    run.train(5)
    files = EventFiles(tmp_path / "tb")
    follow(files, run)
    found, times = events(tmp_path / "tb" / "life-0")
    assert [step for step, _ in found] == list(range(1, 26))
    assert times == [row[3] for row in run.rows]
    run.roll_back(to=10)
    run.train(2)
    follow(files, run)
    assert sorted(path.name for path in (tmp_path / "tb").iterdir()) == ["life-0-abandoned-after-10", "life-1"]
    assert [step for step, _ in events(tmp_path / "tb" / "life-0-abandoned-after-10")[0]] == list(range(1, 26))
    assert [step for step, _ in events(tmp_path / "tb" / "life-1")[0]] == [11, 12, 13]


def test_without_the_package_a_sentence_says_what_to_install(run, tmp_path, monkeypatch):
    run.train(1)
    monkeypatch.setitem(__import__("sys").modules, "tensorboard.compat.proto.event_pb2", None)
    metric_events.tools.cache_clear()
    with pytest.raises(StoreError, match="package tensorboard, which is not installed") as caught:
        follow(EventFiles(tmp_path / "tb"), run)
    assert caught.value.hint == "pip install 'dfl-tui[tensorboard]'"
    assert not (tmp_path / "tb").exists()
    metric_events.tools.cache_clear()
