"""Where events are made: numbers, iterations, listeners, and what a full disk leaves owed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.event import Ended, Paused, Resumed, SettingsChanged, Stopped, Warned
from core.run.birth import create_run
from core.run.ledger import Draft, Ledger
from core.settings.error import StoreError
from core.store.folder import RunFolder
from core.store.journal import read_journal
from tests.run.running import FullDisk, new_run

FAILED = Draft(Stopped("failure"), 5, why="stopped after 3 failures")


@pytest.fixture
def disk() -> FullDisk:
    return FullDisk()


@pytest.fixture
def ledger(home, disk):
    made = Ledger(RunFolder(create_run(home, new_run()).folder), disk)
    yield made
    made.close()


def test_an_event_is_durable_and_folded_before_anybody_hears_of_it(ledger, home):
    heard = []
    journal = home / "runs" / "demo" / "journal.jsonl"
    ledger.listeners.append(lambda event, ref: heard.append((event, ref, read_journal(journal)[-1], ledger.state)))
    made = ledger.append(Draft(Paused(), 7, "person:x", ref=3))
    ((event, ref, written, state),) = heard
    assert (event, ref, written) == (made, 3, made)
    assert (state.paused, state.number, state.iteration) == (True, 2, 7)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=8))
def test_iterations_never_fall_whatever_is_asked_for(tmp_path_factory, asked):
    folder = RunFolder(create_run(tmp_path_factory.mktemp("home"), new_run()).folder)
    ledger = Ledger(folder)
    for iteration in asked:
        ledger.append(Draft(Warned("test", "a note"), iteration))
    ledger.close()
    written = [event.iteration for event in read_journal(folder.journal)]
    assert written == [0, *(max(asked[:n + 1]) for n in range(len(asked)))]


def test_what_a_full_disk_does_not_take_is_owed_and_comes_before_the_next_event(ledger, disk):
    disk.is_full = True
    assert ledger.note(Draft(Ended("killed", "it was killed"), 5)) != ""
    assert ledger.owes == "1 events wait for room on the disk"
    with pytest.raises(StoreError):
        ledger.append(Draft(Paused()))
    disk.is_full = False
    ledger.append(Draft(Paused()))
    assert [type(e.body) for e in ledger.events[1:]] == [Ended, Paused]
    assert ledger.owes == ""


def test_a_stop_that_is_owed_can_be_taken_back_and_nothing_else_is_lost(ledger, disk):
    disk.is_full = True
    ledger.note(Draft(Ended("failed", "it failed"), 5))
    ledger.note(FAILED)
    ledger.drop_owed(Stopped)
    disk.is_full = False
    ledger.pay()
    assert [type(e.body) for e in ledger.events[1:]] == [Ended]
    assert ledger.state.stopped == ""


def test_a_stop_that_was_written_stays(ledger):
    assert ledger.note(FAILED) == ""
    ledger.drop_owed(Stopped)
    assert ledger.state.stopped == "failure"
    ledger.append(Draft(Resumed()))
    assert ledger.state.stopped == ""


def test_what_is_trained_with_is_never_owed(ledger):
    with pytest.raises(TypeError, match="where it takes effect"):
        ledger.note(Draft(SettingsChanged([])))
