"""The trainer's side of every order, against a supervisor of a few lines on the other end of a socket pair."""

import socket
import threading

import pytest

from core.events.act import LockBlocks, MakeBackup, PauseRun, PreviewNow, ResumeRun, SaveNow, SetValues, StopRun
from core.events.event import Block, Event, NetworkMade, Warned
from core.events.fold import fold
from core.run.plan import plan
from core.settings.error import DflTuiError, RefusedError
from core.train.boundary import FIRST_PROPOSAL, Boundary, EndTraining
from core.train.course import Course
from core.train.pipe import Ending, Pipe
from core.wire.channel import Channel
from core.wire.codec import ORDERS, REPORTS
from core.wire.trainer_record import Applied, Apply, Ask, At, Declined, Drop, Finish, Phase, Propose
from tests.train.test_course import journal, lr


class Errands:
    """Notes what is wanted of it."""

    def __init__(self):
        self.done = []

    def want_save(self, name, ref):
        self.done.append(("save", name, ref))

    def want_preview(self, ref):
        self.done.append(("preview", ref))

    def attend(self):
        self.done.append("attend")

    def why_not(self, act):
        is_slow = isinstance(act, SetValues) and act.values.get("precision") == "bf16"
        return RefusedError("bf16 is slow here", hint="stay with fp32") if is_slow else None


class Desk:
    """A supervisor: writes an event for each At and Propose and keeps what it hears."""

    def __init__(self, sock, events, refuses=()):
        self.channel = Channel(sock, REPORTS)
        self.events, self.acts, self.heard, self.refuses = list(events), {}, [], refuses
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def ask(self, ref, act, at=None):
        self.acts[ref] = act
        self.channel.send(Ask(ref, act, at))

    def run(self):
        while (report := self.channel.receive()) is not None:
            with self.changed:
                self.heard.append(report)
                self.changed.notify_all()
            match report:
                case At(command=ref, iteration=iteration):
                    try:
                        self.write(ref, iteration, plan(self.acts[ref], fold(self.events)).body)
                    except DflTuiError as error:
                        self.channel.send(Drop(ref, str(error)))
                case Propose(ref=ref, iteration=iteration, body=body):
                    if isinstance(body, self.refuses):
                        self.channel.send(Drop(ref, "no"))
                    else:
                        self.write(ref, iteration, body)

    def write(self, ref, iteration, body):
        event = Event(len(self.events) + 1, iteration, 0, 0.0, "person", body)
        self.events.append(event)
        self.channel.send(Apply(event, ref))

    def until(self, kind, count=1):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.of(kind)) >= count, 10)
        return self.of(kind)

    def of(self, kind):
        return [r for r in self.heard if isinstance(r, kind)]


class Standing:
    """A boundary on one end, a desk on the other."""

    def __init__(self, events=None, refuses=()):
        events = events or journal()
        ours, theirs = socket.socketpair()
        self.desk = Desk(ours, events, refuses)
        self.pipe = Pipe(Channel(theirs, ORDERS))
        self.course = Course(events, 1)
        self.boundary = Boundary(self.pipe, self.course)
        self.errands = Errands()

    def serve(self, iteration):
        return self.boundary.serve(iteration, self.errands)

    def ask(self, ref, act, at=None):
        """Ask, and wait until the order has come in: it is the test that decides at which boundary it is seen."""
        self.desk.ask(ref, act, at)
        self.wait_for_orders()

    def wait_for_orders(self):
        gate = threading.Event()
        while not self.pipe.has_orders():
            assert not gate.wait(0.001)


@pytest.fixture
def standing():
    made = []

    def make(*args, **options):
        made.append(Standing(*args, **options))
        return made[-1]

    yield make
    for each in made:
        each.pipe.close()
        each.desk.channel.close()


def test_a_setting_is_in_force_when_serve_returns_and_is_acknowledged_after_that(standing):
    s = standing()
    s.ask(1, SetValues({"lr": 1e-3}))
    assert s.serve(7) is False
    assert s.course.settings["lr"] == 1e-3
    assert s.course.events[-1].iteration == 7
    assert [r for r in s.desk.until(Applied) if r.number == 2]
    assert s.desk.of(At) == [At(1, 7)]


def test_what_this_machine_cannot_do_is_declined_and_training_goes_on(standing):
    s = standing()
    s.ask(1, SetValues({"precision": "bf16"}))
    assert s.serve(7) is False
    assert s.desk.until(Declined) == [Declined(1, "bf16 is slow here", "stay with fp32")]
    assert not s.desk.of(At) and s.course.settings["precision"] == "fp32" and len(s.course.events) == 1


def test_an_act_for_later_waits_for_its_iteration(standing):
    s = standing()
    s.ask(1, SetValues({"lr": 1e-3}), at=9)
    s.serve(8)
    assert s.course.settings["lr"] == 5e-5
    s.serve(9)
    assert s.course.settings["lr"] == 1e-3


def test_what_is_dropped_changes_nothing_and_training_goes_on(standing):
    s = standing(journal((0, 0, NetworkMade([Block("encoder.down1", "encoder", 1, 1)]))))
    s.ask(1, LockBlocks("decoder.*"))
    assert s.serve(3) is False
    assert s.course.locked == frozenset()


def test_saves_backups_and_previews_need_no_event(standing):
    s = standing()
    s.ask(1, SaveNow())
    s.desk.ask(2, MakeBackup("before"))
    s.desk.ask(3, PreviewNow())
    while len(s.errands.done) < 3 or "attend" in s.errands.done[:3]:
        s.errands.done = [d for d in s.errands.done if d != "attend"]
        s.serve(5)
    assert [d for d in s.errands.done if d != "attend"] == [("save", "", 1), ("save", "before", 2), ("preview", 3)]
    assert s.desk.of(At) == []


def test_while_paused_everything_is_served_and_the_iteration_stands(standing):
    s = standing()
    s.ask(1, PauseRun())

    def steer():
        s.desk.until(Phase)
        s.desk.ask(2, SetValues({"batch_size": 4}))
        s.desk.until(Applied, 2)
        s.desk.ask(3, SaveNow())
        s.desk.ask(4, ResumeRun())

    driver = threading.Thread(target=steer)
    driver.start()
    assert s.serve(5) is True
    driver.join()
    assert {e.iteration for e in s.course.events[1:]} == {5}
    assert s.course.settings["batch_size"] == 4
    assert ("save", "", 3) in s.errands.done
    assert s.course.state.paused is False


def test_changes_of_the_journal_come_before_new_ones(standing):
    s = standing(journal((4, 0, lr(1e-3))))
    s.ask(1, SetValues({"lr": 2e-3}), at=4)
    s.serve(3)
    assert s.course.settings["lr"] == 5e-5
    s.serve(4)
    assert s.course.settings["lr"] == 2e-3
    assert s.course.events[-1].body.changes[0].old == 1e-3


@pytest.mark.parametrize(("end", "ending"), [
    (lambda s: s.desk.channel.send(Finish("")), Ending.FINISHED),
    (lambda s: s.pipe.end(), Ending.TERMINATED),
    (lambda s: s.desk.channel.close(), Ending.ORPHANED),
])
def test_each_way_to_end_leaves_the_loop_at_a_boundary(standing, end, ending):
    s = standing()
    end(s)
    s.wait_for_orders()
    with pytest.raises(EndTraining) as caught:
        s.serve(5)
    assert caught.value.ending == ending
    assert s.pipe.is_orphaned is (ending == Ending.ORPHANED)


def test_a_stop_at_an_iteration_trains_not_one_step_more(standing):
    s = standing()
    s.ask(1, StopRun(), at=5)
    returned = []
    thread = threading.Thread(target=lambda: returned.append(ended(s, 5)), daemon=True)
    thread.start()
    s.desk.until(Applied)
    thread.join(0.2)
    assert not returned     # it stands, though Finish has not come yet
    s.desk.channel.send(Finish(""))
    thread.join(10)
    assert returned == [Ending.FINISHED]


def ended(s, iteration):
    """Serve until training is to end; why."""
    try:
        s.serve(iteration)
    except EndTraining as end:
        return end.ending
    return None


def test_a_supervisor_that_dies_while_an_answer_is_waited_for_ends_the_wait(standing):
    s = standing()
    s.desk.channel.close()
    with pytest.raises(EndTraining):
        s.boundary.propose(Warned("a", "b"), 1)


@pytest.mark.parametrize("is_final", [True, False])
def test_a_supervisor_that_dies_after_it_finished_us_is_replaced_unless_it_said_that_it_ends(standing, is_final):
    s = standing()
    s.desk.channel.send(Finish("", is_final))
    s.wait_for_orders()
    with pytest.raises(EndTraining):
        s.serve(1)
    s.desk.channel.close()
    s.wait_for_orders()     # the end of the pipe
    assert s.pipe.is_orphaned is not is_final


def test_a_proposal_says_whether_it_was_written(standing):
    s = standing(refuses=Warned)
    assert s.boundary.propose(NetworkMade([]), 2) is True
    assert s.boundary.propose(Warned("a", "b"), 2) is False
    assert [r.ref for r in s.desk.of(Propose)] == [FIRST_PROPOSAL, FIRST_PROPOSAL + 1]
    assert [type(e.body) for e in s.course.events[1:]] == [NetworkMade]
