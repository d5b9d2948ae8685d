"""What is measured before a precision is taken, and what a person is told."""

import re

import pytest
import torch
from test_step import BATCH, hashes, some_step

from core.events.act import LockBlocks, SetValues, UndoLast
from core.events.event import Born, Change, Chose, Consent, Event, FaceSetNote, SettingsChanged
from core.settings.error import RefusedError
from core.settings.registry import defaults
from core.train import compiled
from core.train.compiled import Compiled
from core.train.course import Course
from core.train.probe import (
    Verdict,
    check_numerics,
    compared,
    in_turn,
    made_up_batch,
    of_seconds,
    probe_compile,
    probe_precision,
    refusal,
    why_unsupported,
)
from core.train.prober import Measures, Prober

NOTE, CONSENT = FaceSetNote("/src", 1, "k"), Consent("synthetic", "synthetic", "tests")
SLOW = Verdict(works=True, times=7.3, sentence="bf16 is 7.3 times slower than fp32 on CPU")
FAST = Verdict(works=True, times=0.5, sentence="bf16 is 2.0 times faster than fp32 on CPU")
BROKEN = Verdict(works=False, times=1.0, sentence="no compiler")


class Book:
    """A boundary that writes down what it is told to."""

    def __init__(self, course):
        self.course = course
        self.bodies = []

    def propose(self, body, iteration, why=""):
        self.bodies.append(body)
        self.course.add(Event(len(self.course.events) + 1, iteration, 0, 0.0, "trainer", body, why))
        self.course.advance(iteration)
        return True


class Told:
    """Verdicts by kind, in place of measuring: how fast a test machine is must not matter."""

    def __init__(self):
        self.precision_, self.compile_ = SLOW, BROKEN
        self.measures = Measures(lambda *_, **__: self.precision_, lambda *_, **__: self.compile_)


def a_prober(told=None, **settings):
    born = Born("x", defaults() | settings, NOTE, NOTE, CONSENT, CONSENT, "", "test")
    course = Course([Event(1, 0, 0, 0.0, "person", born)], 1)
    step, _ = some_step()
    book = Book(course)
    return Prober(step, course, book, "CPU", lambda _: None, measures=(told or Told()).measures), book


# --- measuring -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("full", "half", "words"), [
    (0.014, 0.1022, "bf16 is 7.3 times slower than fp32 on CPU (measured: a step, 102 ms against 14 ms)"),
    (0.41, 0.096, "bf16 is 4.3 times faster than fp32 on CPU (measured: a step, 96 ms against 410 ms)"),
    (2.0, 2.1, "bf16 is as fast as fp32 on CPU (measured: a step, 2.10 s against 2.00 s)")],
    ids=["slower", "faster", "equal"])
def test_a_measurement_is_a_sentence_with_its_numbers(full, half, words):
    assert compared("bf16", (full, half), "CPU", "a step") == words
    assert Verdict(works=True, times=half / full, sentence=words).pays is (half < 1.1 * full)


def test_a_refusal_says_what_to_do():
    assert str(refusal(SLOW)) == f"{SLOW.sentence}: stay with fp32, or say --allow-slow-precision"
    assert str(refusal(BROKEN)) == "no compiler: stay with fp32"
    assert of_seconds(0.0008) == "0.8 ms"


def test_works_are_timed_in_turn_and_the_first_round_does_not_count():
    calls = []
    assert len(in_turn([lambda: calls.append("a"), lambda: calls.append("b")], lambda: calls.append("."))) == 2
    assert "".join(calls) == "a.b." * 4


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_probe_measures_and_leaves_every_bit_as_it_was(precision):
    step, settings = some_step()
    before = hashes(step)
    verdict = probe_precision(step, settings | {"precision": precision, "batch_size": 2}, "CPU")
    how, what = r"(\d+\.\d times (slower|faster) than|as fast as)", "(a step|one convolution, forward and backward)"
    assert re.fullmatch(rf"{precision} is {how} fp32 on CPU \(measured: {what}, [\d.]+ m?s against [\d.]+ m?s\)",
                        verdict.sentence)
    assert verdict.works and verdict.times > 0 and hashes(step) == before
    assert all(p.grad is None for p in step.network.parameters())


def test_a_card_without_bf16_is_refused_without_measuring(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "GTX 1080")
    assert why_unsupported("bf16", torch.device("cuda")) == "GTX 1080 has no bf16: fp16 is for it"
    assert not why_unsupported("fp16", torch.device("cuda")) and not why_unsupported("bf16", torch.device("cpu"))


def test_what_torch_cannot_do_here_is_a_verdict_and_no_crash(monkeypatch):
    step, settings = some_step()

    def fails(*_, **__):
        raise RuntimeError('"conv" not implemented for \'Half\'\nand pages more')
    monkeypatch.setattr(step, "rehearse", fails)
    monkeypatch.setattr("core.train.probe.HOPELESS", 1e9)
    verdict = probe_precision(step, settings | {"precision": "bf16", "batch_size": 2}, "CPU")
    assert not verdict.works and verdict.sentence == 'bf16 does not work on CPU: "conv" not implemented for \'Half\''
    with pytest.raises(RefusedError, match="stay with fp32"):
        check_numerics(step, settings | {"precision": "bf16", "batch_size": 2}, "CPU")


def test_a_made_up_batch_has_the_shape_of_a_real_one():
    step, settings = some_step()
    batch = made_up_batch(step, settings | {"batch_size": 2, "eyes_prio": True})
    assert batch.src.warped.shape == BATCH.src.warped.shape and batch.dst.eyes_mouth.shape == (2, 1, 64, 64)


def test_a_compiler_that_fails_is_a_sentence_and_the_step_goes_on_without_it(monkeypatch):
    def broken(_):
        def call(*_, **__):
            from torch._dynamo.exc import TorchDynamoException
            raise TorchDynamoException("no C++ compiler was found\n  at line 1")
        return call
    monkeypatch.setattr(compiled, "compiled", broken)
    step, settings = some_step()
    verdict = probe_compile(step, settings | {"batch_size": 2}, "CPU")
    assert not verdict.works
    assert verdict.sentence == "torch.compile cannot build this network here (no C++ compiler was found)"
    assert step(BATCH, settings, iteration=0).read().applied


def test_what_a_run_trains_is_compiled_only_where_it_is_asked_for():
    step, settings = some_step()
    step.equip(settings)
    assert step.numerics.drawing is step.network
    step.equip({**settings, "compile": True})
    assert isinstance(step.numerics.drawing, Compiled)
    step.equip({**settings})
    assert step.numerics.drawing is step.network


# --- at a boundary ---------------------------------------------------------------------------------------------------
def test_a_precision_that_is_slower_is_refused_and_the_measurement_written_down():
    told = Told()
    judge, book = a_prober(told)
    error = judge.why_not(SetValues({"precision": "bf16"}), 5)
    assert str(error) == str(refusal(SLOW)) and book.bodies == [Chose("probe bf16", "slow", SLOW.sentence)]
    assert judge.why_not(SetValues({"precision": "bf16", "allow_slow_precision": True}), 6) is None
    assert judge.why_not(SetValues({"lr": 1e-4}), 6) is None and judge.why_not(LockBlocks("encoder"), 6) is None
    assert len(book.bodies) == 1 and judge.tries == 1     # what is known is not measured again
    told.precision_ = FAST
    assert judge.why_not(SetValues({"precision": "bf16"}), 7) is None      # but a refusal is, for the machine was busy
    assert book.bodies[-1] == Chose("probe bf16", "pays", FAST.sentence)


def test_an_undo_that_leads_back_to_a_slow_precision_is_measured_too():
    told = Told()
    judge, book = a_prober(told, precision="bf16")
    book.propose(SettingsChanged([Change("precision", "bf16", "fp32")]), 3)
    assert judge.why_not(UndoLast(), 4) is not None
    told.precision_ = FAST
    assert judge.why_not(UndoLast(), 4) is None


def test_a_run_that_came_from_another_machine_is_taken_back_to_fp32_by_an_event_and_only_once():
    told = Told()
    judge, book = a_prober(told, precision="bf16")
    judge.look_at_start(0)
    assert [type(body) for body in book.bodies] == [Chose, SettingsChanged]
    assert book.course.settings["precision"] == "fp32" and book.course.events[-1].why == SLOW.sentence
    judge.look_at_start(0)
    assert len(book.bodies) == 2


def test_a_resume_measures_nothing_that_the_journal_knows_for_this_device():
    told = Told()
    judge, book = a_prober(told, precision="bf16", allow_slow_precision=True)
    judge.look_at_start(0)
    judge.look_at_start(0)
    assert judge.tries == 1 and book.bodies == [Chose("probe bf16", "slow", SLOW.sentence)]
    book.propose(Chose("device", "cuda:0", "another"), 0)
    judge.look_at_start(0)
    assert judge.tries == 2


def test_a_compiler_that_is_not_there_is_refused_at_once_and_taken_back_at_a_start():
    told = Told()
    judge, book = a_prober(told)
    assert "leave compile off" in str(judge.why_not(SetValues({"compile": True}), 1))
    judge, book = a_prober(compile=True)
    judge.look_at_start(0)
    assert book.course.settings["compile"] is False
    assert book.bodies[0] == Chose("probe compile", "fails", "no compiler")
