"""The desk between clients, journal and trainer: every order and answer, with a disk that can be full."""

import pytest

from core.events.act import LockBlocks, MakeBackup, PauseRun, PreviewNow, SaveNow, SetValues, StopRun, UndoLast
from core.events.event import (
    Asked,
    BackedUp,
    Block,
    Chose,
    NetworkMade,
    Paused,
    RolledBack,
    SettingsChanged,
    Started,
    Stopped,
    Warned,
    Withdrawn,
)
from core.run.birth import create_run
from core.run.desk import Desk, Wish
from core.run.ledger import Draft, Ledger
from core.settings.error import DflTuiError, RefusedError, StoreError
from core.store.folder import RunFolder
from core.wire.trainer_record import Applied, Apply, Ask, At, Declined, Drop, NotSaved, Previewed, Propose, Saved
from tests.run.running import FullDisk, new_run


class Answer:
    """The one answer to a command."""

    def __init__(self):
        self.event = self.sentence = self.error = None
        self.count = 0

    def done(self, event, sentence):
        self.event, self.sentence, self.count = event, sentence, self.count + 1

    def refused(self, error: DflTuiError):
        self.error, self.count = error, self.count + 1


class Table:
    """A desk with everything around it in plain lists."""

    def __init__(self, folder: RunFolder):
        self.disk = FullDisk()
        self.ledger = Ledger(folder, self.disk)
        self.ended: list[str] = []
        self.desk = Desk(self.ledger, self.ended.append)
        self.orders: list = []

    def trainer(self):
        self.desk.came(self.orders.append)
        self.desk.is_ready = True
        self.ledger.append(Draft(NetworkMade([Block("encoder.down1", "encoder", 1, 1)])))
        self.orders.clear()

    def take(self, act, at=None, progress=0) -> Answer:
        answer = Answer()
        try:
            self.desk.take(Wish(act, "person:x", at, reply=answer), progress=progress)
        except DflTuiError as error:    # as the client's handler does
            answer.refused(error)
        return answer

    @property
    def last(self):
        return self.ledger.events[-1]


@pytest.fixture
def table(home):
    table = Table(RunFolder(create_run(home, new_run()).folder))
    yield table
    table.ledger.close()


def test_done_is_said_only_when_the_event_is_in_force(table):
    table.trainer()
    answer = table.take(SetValues({"lr": 1e-4}))
    (ask,) = table.orders
    assert isinstance(ask, Ask)
    assert answer.count == 0
    table.desk.on_at(At(ask.command, 7))
    assert answer.count == 0
    assert table.orders[-1] == Apply(table.last, ask.command)
    table.desk.on_applied(Applied(table.last.number))
    assert (answer.event, answer.count) == (table.last, 1)
    assert table.last.iteration == 7


def test_a_full_disk_refuses_and_lets_the_trainer_go_on(table):
    table.trainer()
    answer = table.take(SetValues({"lr": 1e-4}))
    before = list(table.ledger.events)
    table.disk.is_full = True
    table.desk.on_at(At(table.orders[-1].command, 7))
    assert isinstance(answer.error, StoreError)
    assert isinstance(table.orders[-1], Drop)
    assert table.ledger.events == before
    assert table.ledger.state.settings["lr"] == 5e-5


def test_what_a_full_disk_did_not_take_is_written_later_and_in_order(table):
    table.disk.is_full = True
    assert table.ledger.note(Draft(Warned("a", "first"))) != ""
    table.ledger.note(Draft(Warned("b", "second")))
    with pytest.raises(StoreError):
        table.ledger.append(Draft(Warned("c", "third")))
    table.disk.is_full = False
    table.ledger.append(Draft(Warned("c", "third")))
    assert [e.body.about for e in table.ledger.events[1:]] == ["a", "b", "c"]


def test_what_the_trainer_trains_again_takes_no_change(table):
    table.trainer()
    table.ledger.append(Draft(SettingsChanged([]), 100))
    table.take(SetValues({"lr": 1e-4}))
    assert table.orders[-1].at == 100
    answer = table.take(LockBlocks("encoder"))
    table.desk.on_at(At(table.orders[-1].command, 99))
    assert isinstance(answer.error, RefusedError)
    table.take(PauseRun())
    assert table.orders[-1].at is None      # a pause changes no bits
    table.desk.on_at(At(table.orders[-1].command, 99))
    assert (table.last.body, table.last.iteration) == (Paused(), 100)


def test_an_at_that_nobody_asked_for_is_dropped(table):
    table.trainer()
    table.desk.on_at(At(77, 5))
    assert table.orders == [Drop(77, "withdrawn")]


def test_what_was_asked_of_a_trainer_that_died_waits_for_the_next(table):
    table.trainer()
    answers = {act: table.take(act) for act in (SaveNow(), PreviewNow(), MakeBackup("b"))}
    wanted = table.take(LockBlocks("encoder"))
    at_start = table.take(SetValues({"threads": 3}))
    pause = table.take(PauseRun())
    table.desk.gone()
    assert all(isinstance(answers[act].error, RefusedError) for act in (SaveNow(), PreviewNow()))
    assert answers[MakeBackup("b")].event.body == Asked(MakeBackup("b"), None)
    assert wanted.event.body == Asked(LockBlocks("encoder"), None)
    assert isinstance(at_start.event.body, SettingsChanged)
    assert pause.event.body == Paused()
    table.desk.came(table.orders.append)
    assert [o.act for o in table.orders if isinstance(o, Ask)][-2:] == [MakeBackup("b"), LockBlocks("encoder")]


def test_an_event_that_was_written_when_the_trainer_died_is_done(table):
    table.trainer()
    answer = table.take(SetValues({"lr": 1e-4}))
    table.desk.on_at(At(table.orders[-1].command, 7))
    table.desk.gone()
    assert (answer.event, answer.count) == (table.last, 1)


def test_a_waiting_act_that_cannot_be_carried_out_is_withdrawn_with_the_reason(table):
    table.take(LockBlocks("encodre"))
    asked = table.last
    table.trainer()
    table.desk.came(table.orders.append)
    table.desk.on_at(At(table.orders[-1].command, 3))
    assert table.last.body == Withdrawn(asked.number)
    assert "names no block" in table.last.why
    assert table.ledger.state.waiting == []


def test_acts_of_the_start_are_carried_out_before_it(table):
    table.ledger.append(Draft(Started("cpu", None)))
    table.ledger.append(Draft(Asked(SetValues({"device": "cpu"}), None), author="person:x"))
    asked = table.last
    table.desk.prepare()
    assert table.last.asked == asked.number
    assert table.ledger.state.settings["device"] == "cpu"


def test_a_named_save_becomes_one_event_whoever_wanted_it(table):
    table.trainer()
    answer = table.take(MakeBackup("mine"))
    saved = Saved(4, 90, "mine", 1000, 0.1, table.orders[-1].command)
    table.desk.on_saved(saved)
    assert (table.last.body, table.last.author) == (BackedUp("mine", 4), "person:x")
    assert answer.event == table.last
    table.desk.on_saved(Saved(4, 90, "mine", 0, 0.1, None))
    table.desk.on_propose(Propose(1, 90, BackedUp("mine", 4)))
    assert len([e for e in table.ledger.events if isinstance(e.body, BackedUp)]) == 1
    table.desk.on_saved(Saved(5, 99, "auto", 0, 0.1, None))
    assert table.last.author == "trainer"


def test_a_save_that_failed_is_told_once(table):
    table.trainer()
    answer = table.take(SaveNow())
    report = NotSaved("3,000 bytes are missing", 3000, table.orders[-1].command)
    table.desk.on_not_saved(report)
    table.desk.on_not_saved(NotSaved("3,000 bytes are missing", 3000, None))
    assert answer.error.message == "3,000 bytes are missing"
    assert [e.body for e in table.ledger.events if isinstance(e.body, Warned)] == [Warned("disk", report.sentence)]


def test_a_preview_answers_all_who_wanted_one(table):
    table.trainer()
    answers = [table.take(PreviewNow()) for _ in range(2)]
    table.desk.on_previewed(Previewed(50))
    assert [a.sentence for a in answers] == ["drew the preview of iteration 50"] * 2


@pytest.mark.parametrize(("body", "iteration"), [
    (RolledBack(1, 0, 1, 1), 100), (Asked(SaveNow(), None), 100), (Stopped("person"), 100),
    (SettingsChanged([]), 99),
])
def test_what_a_trainer_must_not_propose_is_dropped(table, body, iteration):
    table.trainer()
    table.ledger.append(Draft(Warned("x", "y"), 100))
    before = len(table.ledger.events)
    table.desk.on_propose(Propose(9, iteration, body))
    assert isinstance(table.orders[-1], Drop)
    assert len(table.ledger.events) == before


def test_a_proposal_is_written_at_no_earlier_iteration_than_the_last_event(table):
    table.trainer()
    table.ledger.append(Draft(Warned("x", "y"), 100))
    table.desk.on_propose(Propose(9, 80, Chose("device", "cpu", "the only one"), "why"))
    assert (table.last.iteration, table.last.author, table.last.why) == (100, "trainer", "why")
    assert table.orders[-1] == Apply(table.last, 9)


def test_a_timed_stop_ends_the_trainer_at_its_iteration(table):
    table.trainer()
    table.take(StopRun(), at=50)
    asked = table.last
    table.desk.on_at(At(table.orders[-1].command, 50))
    assert (table.last.body, table.last.iteration, table.last.asked) == (Stopped("person"), 50, asked.number)
    assert table.ended == ["the run is stopped"]


def test_a_change_of_the_start_ends_the_trainer_when_it_is_in_force(table):
    table.trainer()
    table.take(SetValues({"device": "cpu"}))
    table.desk.on_at(At(table.orders[-1].command, 50))
    assert table.ended == []
    table.desk.on_applied(Applied(table.last.number))
    assert table.ended == ["to start again with device auto -> cpu"]


def test_only_so_many_acts_may_wait(table):
    answers = [table.take(LockBlocks("encoder"), at=n + 1) for n in range(65)]
    assert all(a.event for a in answers[:64])
    assert "64 acts wait already" in answers[64].error.message


@pytest.mark.parametrize("act", [SaveNow(), PreviewNow(), UndoLast()])
def test_what_only_makes_sense_now_does_not_wait_for_an_iteration(table, act):
    assert "cannot wait" in table.take(act, at=99).error.message


def test_a_preview_that_cannot_be_drawn_is_answered(table):
    table.trainer()
    answer = table.take(PreviewNow())
    table.desk.on_previewed(Previewed(7, table.orders[-1].command, "none of the faces can be read any more"))
    assert isinstance(answer.error, StoreError)
    assert answer.count == 1


def test_a_disk_that_stays_full_is_told_of_once_until_a_save_is_well_again(table):
    table.trainer()
    for missing in (900, 910, 920):
        table.desk.on_not_saved(NotSaved(f"{missing} bytes are missing", missing, None))
    assert [e.body.sentence for e in table.ledger.events if isinstance(e.body, Warned)] == ["900 bytes are missing"]
    table.desk.on_saved(Saved(1, 10, "", 5, 0.1, None))
    table.desk.on_not_saved(NotSaved("5 bytes are missing", 5, None))
    assert table.last.body == Warned("disk", "5 bytes are missing")


def test_the_event_of_an_undo_names_the_change_that_it_takes_back(table):
    table.trainer()
    for act in (SetValues({"lr": 1e-4}), UndoLast()):
        table.take(act)
        table.desk.on_at(At(table.orders[-1].command, 7))
        table.desk.on_applied(Applied(table.last.number))
    changed, undone = table.ledger.events[-2:]
    assert (undone.undoes, undone.body.changes[0].new) == (changed.number, changed.body.changes[0].old)
    assert table.ledger.state.undoable == []


def test_what_the_machine_cannot_do_is_refused_with_its_sentence_and_a_waiting_act_withdrawn(table):
    table.trainer()
    answer = table.take(SetValues({"precision": "bf16"}))
    (ask,) = table.orders
    number = table.last.number
    table.desk.on_declined(Declined(ask.command, "bf16 is 7.3 times slower than fp32 here", "stay with fp32"))
    assert str(answer.error) == "bf16 is 7.3 times slower than fp32 here: stay with fp32" and answer.count == 1
    assert table.last.number == number      # nothing was changed, so nothing is written
    table.take(SetValues({"precision": "bf16"}), at=50)
    table.desk.on_declined(Declined(table.orders[-1].command, "bf16 is slow", "stay with fp32"))
    assert isinstance(table.last.body, Withdrawn) and table.last.why == "bf16 is slow: stay with fp32"
