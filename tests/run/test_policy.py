"""The pure parts: restart policy, poison, how a trainer ended, pulse, lease, queue."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.event import (
    Born,
    Change,
    Ended,
    Event,
    FacesChanged,
    Locked,
    Resumed,
    RolledBack,
    SettingsChanged,
    Started,
)
from core.events.fold import fold
from core.run.attempt import Attempt
from core.run.client_queue import CHUNK_BYTES, ClientQueue
from core.run.lease import Lease
from core.run.poison import Death, convicted, suspect, taken_back
from core.run.pulse import Pulse
from core.run.restart import Again, End, Stop, decide, ends
from core.run.trainer_end import Exit, Story, how_it_ended
from core.settings.error import RefusedError
from core.settings.registry import defaults
from core.wire.trainer_record import Beat, Failed, Phase, Propose
from tests.run.running import CONSENT, FACES

BEAT = Beat(1, 0, 5.0, 1.0, 2.0, 0.0, 1e-4, 0.1, 0.1, 0.1, 0.1, 0.1, 0)


def end(cause: str, iteration: int, healthy_s: float = 5.0) -> End:
    return End(cause, "it did", iteration, healthy_s)


# --- restart ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("what", "history", "decision"), [
    ("a kill from outside", [end("killed", 100)], Again(0)),
    ("five kills without progress", [end("killed", 100)] * 5, Again(0)),
    ("a sixth kill without progress", [end("killed", 100)] * 6, Again(1)),
    ("many kills without progress", [end("killed", 100)] * 60, Again(5)),
    ("many kills with progress", [end("killed", n) for n in range(60)], Again(0)),
    ("a lost supervisor", [end("supervisor", 100)], Again(0)),
    ("an end as asked", [end("failed", 100), end("done", 100)], Again(0)),
    ("a first failure", [end("failed", 100)], Again(1)),
    ("a second one at the same iteration", [end("failed", 100)] * 2, Again(2)),
    ("a third one at the same iteration", [end("failed", 100)] * 3,
     Stop("stopped after 3 failures at iteration 100: it did")),
    ("memory and failure are told apart", [end("memory", 100), end("failed", 100), end("memory", 100)], Again(4)),
    ("failures with progress between them", [end("failed", n) for n in (1, 2, 3, 4)], Again(1)),
    ("failures at falling iterations", [end("failed", n) for n in range(20, 10, -1)], Again(60)),
    ("failures with healthy hours between them", [end("failed", 100, 700.0)] * 3, Again(1)),
    ("a failure after kills", [end("killed", 100), end("failed", 100)], Again(2)),
], ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "")
def test_after_an_end(what, history, decision):
    assert decide(history) == decision, what


def event(number: int, body, iteration: int = 0, at: float = 0.0) -> Event:
    return Event(number, iteration, 0, at, "x", body)


def test_the_journal_tells_the_history_since_the_run_was_last_resumed():
    failed = Ended("failed", "it did")
    events = [event(1, Started("cpu", None)), event(2, failed), event(3, Resumed()), event(4, Started("cpu", 1), at=10),
              event(5, failed, 7, at=25), event(6, failed, 7, at=26)]
    assert ends(events) == [End("failed", "it did", 7, 15.0), End("failed", "it did", 7, 0.0)]


# --- poison -----------------------------------------------------------------------------------------------------------
BORN = event(1, Born("demo", defaults(), FACES, FACES, CONSENT, CONSENT, "", "0"))
BATCH = event(2, SettingsChanged([Change("batch_size", 8, 16)]), 50)
DEVICE = event(2, SettingsChanged([Change("device", "auto", "cuda:7")]), 50)


def test_a_change_is_suspected_until_three_iterations_were_finished_with_it():
    assert suspect([BORN, BATCH], progress=52) == BATCH
    assert suspect([BORN, BATCH], progress=53) is None
    assert suspect([BORN], progress=0) is None


LR = event(3, SettingsChanged([Change("lr", 5e-5, 1e-4)]), 51)
LR_UNDONE = Event(4, 52, 0, 0.0, "person", SettingsChanged([Change("lr", 1e-4, 5e-5)]), undoes=3)
LR_AGAIN = Event(5, 52, 0, 0.0, "supervisor", SettingsChanged([Change("lr", 5e-5, 1e-4)]), undoes=4)
LR_NO_MORE = Event(6, 52, 0, 0.0, "supervisor", SettingsChanged([Change("lr", 1e-4, 5e-5)]), undoes=3)


@pytest.mark.parametrize(("what", "events", "suspected"), [
    ("the undo and not the change before", [BORN, BATCH, LR, LR_UNDONE], LR_UNDONE),
    ("the change once its undo was taken back", [BORN, BATCH, LR, LR_UNDONE, LR_AGAIN], LR),
    ("the change before once both were", [BORN, BATCH, LR, LR_UNDONE, LR_AGAIN, LR_NO_MORE], BATCH),
    ("nothing of an earlier life", [BORN, BATCH, Event(3, 50, 1, 0.0, "person", RolledBack(1, 50, 2, 1))], None),
    ("no change for other faces", [BORN, BATCH, event(3, FacesChanged("src", FACES, 9), 51)], None),
    ("a change with news after it", [BORN, BATCH, event(3, Started("cpu", None), 51)], BATCH),
], ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "")
def test_suspected_is(what, events, suspected):
    assert suspect(events, progress=52) == suspected, what


def test_an_undo_that_was_taken_back_can_be_made_again():
    assert fold([BORN, BATCH, LR, LR_UNDONE]).undoable == [BATCH]
    again = fold([BORN, BATCH, LR, LR_UNDONE, LR_AGAIN])
    assert (again.settings["lr"], again.undoable) == (1e-4, [BATCH, LR_AGAIN])


@pytest.mark.parametrize(("what", "change", "deaths", "guilty"), [
    ("a failure at its iteration", BATCH, [Death("failed", 50, 2)], True),
    ("memory one iteration later", BATCH, [Death("memory", 51, 2)], True),
    ("a failure while an earlier stretch is trained again", BATCH, [Death("failed", 49, 2)], False),
    ("one kill", BATCH, [Death("killed", 50, 2)], False),
    ("three kills in a row", BATCH, [Death("killed", 50, 2)] * 3, True),
    ("three kills before it was reached", BATCH, [Death("killed", 40, 2)] * 3, False),
    ("three kills, one of another change", BATCH,
     [Death("killed", 50, 2), Death("killed", 50, 9), Death("killed", 50, 2)], False),
    ("an end as asked", BATCH, [Death("done", 50, 2)], False),
    ("a start that fails after a change of the start", DEVICE, [Death("failed", 0, 2)], True),
])
def test_a_change_is_convicted_by(what, change, deaths, guilty):
    assert convicted(deaths, change) is guilty, what


@pytest.mark.parametrize(("reports", "guilty"), [
    ([Phase("starting", ""), Failed("the folder of src is gone", 0, memory=False)], False),
    ([Phase("starting", ""), Phase("trial", ""), Failed("no memory", 0, memory=True)], True),
    ([Phase("starting", ""), Propose(1, 0, Started("cpu", None)), Failed("no memory", 0, memory=True)], True),
])
def test_a_change_before_the_first_iteration_is_not_blamed_for_a_start_that_fails(reports, guilty):
    attempt = Attempt()
    for report in reports:
        attempt.hear(report, 1.0)
    change = event(2, SettingsChanged([Change("lr", 5e-5, 1e-4)]), 0)
    assert convicted([Death("failed", attempt.reached, 2)], change) is guilty


def test_the_reason_names_what_was_tried_and_what_is_in_force_again():
    assert taken_back(BATCH, Ended("memory", "")) == "batch_size 16 did not fit in memory: back to 8"
    assert taken_back(DEVICE, Ended("failed", "")) == "device cuda:7 ended the trainer: back to auto"
    locked = event(3, Locked("encoder", ["a"]))
    assert taken_back(locked, Ended("failed", "")) == "event 3 ended the trainer: taken back"


# --- how it ended -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("status", "story", "cause", "words"), [
    (Exit(None, signal.SIGKILL), Story(7), "killed", "killed from outside (SIGKILL) (at iteration 7)"),
    (Exit(None, signal.SIGKILL, out_of_memory=True), Story(7), "memory", "ran out of memory"),
    (Exit(None, signal.SIGSEGV), Story(7), "failed", "crashed (SIGSEGV)"),
    (Exit(1, None), Story(7, failed=Failed("no GPU", 7, False)), "failed", "no GPU"),
    (Exit(1, None), Story(7, failed=Failed("8 GB", 7, True)), "memory", "8 GB"),
    (Exit(1, None), Story(1234567), "failed", "code 1 and without a word: its log says more (at iteration 1,234,567)"),
    (Exit(0, None), Story(7, said_bye=True, asked="stopped"), "done", "saved and ended: stopped"),
    (Exit(0, None), Story(7, said_bye=True, asked="ending", from_outside=True), "terminated", "ending"),
    (Exit(0, None), Story(7, said_bye=True), "terminated", "told to end from outside"),
    (Exit(0, None), Story(7), "terminated", "without saying why"),
    (Exit(None, signal.SIGKILL), Story(7, killed_for="it hung"), "failed", "it hung"),
])
def test_the_end_of_a_trainer_is_told(status, story, cause, words):
    told = how_it_ended(status, story)
    assert told.cause == cause
    assert words in told.sentence


# --- pulse ------------------------------------------------------------------------------------------------------------
def test_a_silence_is_a_hang_after_two_minutes_or_twenty_iterations():
    fast = Pulse(0.0)
    for second in range(100):
        fast.beat(float(second), it_s=5.0)
    assert fast.hung(219.0) == ""
    assert "no iteration for 121 s (usual: 0.2 s)" in fast.hung(220.0)
    slow = Pulse(0.0)
    for minute in range(10):
        slow.beat(minute * 60.0, it_s=1 / 60)
    assert slow.hung(540.0 + 1199.0) == ""
    assert slow.hung(540.0 + 1201.0) != ""


@pytest.mark.parametrize(("reports", "limit_s", "words"), [
    ([], 900, "(starting)"),
    ([Phase("starting", "reads src faces: 9 of 10")], 900, "(starting: reads src faces: 9 of 10)"),
    ([Phase("trial", "tries a step")], 900, "(trial: tries a step)"),
    ([Phase("training", "")], 900, "before its first iteration (training)"),      # a step of minutes on a CPU
    ([Phase("training", ""), BEAT], 120, "finished no iteration for"),
    ([Phase("training", ""), BEAT, Phase("paused", "")], None, ""),
])
def test_a_trainer_has_a_quarter_of_an_hour_for_its_first_iteration(reports, limit_s, words):
    attempt = Attempt(pulse=Pulse(0.0))
    for report in reports:
        attempt.hear(report, 0.0)
    assert attempt.hung(limit_s or 1e9) == ""
    if limit_s is not None:
        assert words in attempt.hung(limit_s + 1.0)


def test_a_report_while_faces_are_read_is_a_sign_of_life():
    attempt = Attempt(pulse=Pulse(0.0))
    attempt.hear(Phase("starting", "reads src faces: 9 of 10"), 800.0)
    assert attempt.hung(1600.0) == ""


# --- lease ------------------------------------------------------------------------------------------------------------
def test_the_lease_goes_to_who_takes_it_and_ends_with_its_holder():
    lease = Lease()
    lease.check(1)
    assert lease.take(1, "anna")
    assert not lease.take(1, "anna")
    lease.check(1)
    with pytest.raises(RefusedError, match="anna steers"):
        lease.check(2)
    with pytest.raises(RefusedError, match="anna steers"):
        lease.release(2)
    assert lease.take(2, "ben")
    assert not lease.leave(1)
    assert lease.leave(2)
    lease.check(1)
    with pytest.raises(RefusedError, match="nobody steers"):
        lease.release(1)


# --- client queue -----------------------------------------------------------------------------------------------------
def drained(queue: ClientQueue) -> bytes:
    data = b""
    while chunk := queue.take():
        data += chunk
        queue.sent()
    return data


def test_a_slow_client_loses_ticks_but_no_event():
    queue = ClientQueue(limit_bytes=1_000)
    for n in range(50):
        assert queue.put(b"t%02d" % n, latest="Tick")
        assert queue.put(b"e%02d" % n)
    assert drained(queue) == b"".join(b"e%02d" % n for n in range(49)) + b"t49e49"


def test_ticks_make_room_for_events_and_events_that_do_not_fit_close_the_client():
    queue = ClientQueue(limit_bytes=100)
    assert queue.put(b"t" * 60, latest="Tick")
    assert queue.put(b"e" * 90)
    assert queue.put(b"t" * 60, latest="Tick")      # lost, which is allowed
    assert not queue.put(b"e" * 11)
    assert drained(queue) == b"e" * 90


def test_what_is_being_sent_counts():
    queue = ClientQueue(limit_bytes=100)
    queue.put(b"e" * 90)
    queue.take()
    assert queue.pending_bytes == 90
    assert not queue.put(b"e" * 11)
    queue.sent()
    assert queue.put(b"e" * 11)


@given(st.lists(st.tuples(st.sampled_from(["", "Tick", "PreviewNews"]), st.integers(1, 400)), max_size=60),
       st.integers(1, 7))
def test_a_queue_is_never_over_its_limit_and_never_loses_an_event(puts, take_every):
    queue = ClientQueue(limit_bytes=1_000)
    expected, sent = b"", b""
    for n, (kind, size) in enumerate(puts):
        frame = bytes([n]) * size if not kind else b"\xff" * size
        if queue.put(frame, latest=kind) and not kind:
            expected += frame
        assert queue.pending_bytes <= 1_000
        if n % take_every == 0:
            sent += queue.take()
            queue.sent()
    sent += drained(queue)
    assert sent.replace(b"\xff", b"") == expected


def test_many_small_frames_leave_in_one_chunk():
    queue = ClientQueue()
    for _ in range(1000):
        queue.put(b"x" * 100)
    assert CHUNK_BYTES <= len(queue.take()) < CHUNK_BYTES + 100
