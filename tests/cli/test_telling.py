"""Every event and act has a sentence."""

from typing import get_args

import pytest

from core.events import act as acts
from core.events import event as events
from core.events.event import Event
from dfl_tui.cli.show import chosen
from dfl_tui.telling import author, shown, told, told_act

CONSENT = events.Consent("Anna", "own", "anna")
NOTE = events.FaceSetNote("/faces", 96, "00")
BLOCK = events.Block("encoder.down1", "encoder", 1_000, 2)
BODIES = [
    events.Born("a", {}, NOTE, NOTE, CONSENT, CONSENT, "", "0.1"),
    events.NetworkMade([BLOCK]),
    events.Chose("device", "cpu", "no GPU was found"),
    events.SettingsChanged([events.Change("lr", 5e-5, 1e-4)]),
    events.Locked("encoder.*", ["encoder.down1"]),
    events.Unlocked("encoder.*", ["encoder.down1", "encoder.down2"]),
    events.Paused(), events.Resumed(), events.Stopped("target"),
    events.Asked(acts.StopRun(), 200), events.Asked(acts.SetValues({"random_warp": False}), None), events.Withdrawn(4),
    events.BackedUp("before", 3), events.RolledBack(3, 100, 12, 2), events.Started("CPU, 2 threads", None),
    events.Ended("killed", "the trainer was killed by signal 9", signal=9), events.Warned("disk", "the disk is full"),
    events.Renamed("a", "b"), events.FacesChanged("src", NOTE, 400),
    events.Grown(128, 256, "64/22@100", [BLOCK], ["encoder.down1"]),
]
ACTS = [acts.SetValues({"lr": 1e-4}), acts.LockBlocks("mask"), acts.UnlockBlocks("mask"), acts.PauseRun(),
        acts.ResumeRun(), acts.SaveNow(), acts.MakeBackup("x"), acts.PreviewNow(), acts.StopRun(), acts.UndoLast(),
        acts.RollBack(3), acts.WithdrawAct(4), acts.GrowRun(256)]


def happened(body, **more):
    return Event(1, 100, 1, 0.0, "person:anna@box", body, **more)


def test_no_kind_is_forgotten_here():
    assert {type(b) for b in BODIES} == set(get_args(events.Body))
    assert {type(a) for a in ACTS} == set(get_args(acts.Act))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_every_event_has_a_sentence_of_one_line(body):
    sentence = told(happened(body))
    assert sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("act", ACTS, ids=lambda act: type(act).__name__)
def test_every_act_has_words(act):
    assert told_act(act)


def test_a_change_says_old_and_new_and_the_reason():
    event = happened(events.SettingsChanged([events.Change("batch_size", 16, 8)]), why="batch 16 did not fit",
                     undoes=7)
    assert told(event) == "taken back (event 7): batch_size 16 -> 8: batch 16 did not fit"


@pytest.mark.parametrize(("what", "value", "reason", "sentence"), [
    ("device", "cpu", "as set", "trains on cpu: as set"),
    ("threads", 1, "as set", "computes with 1 thread: as set"),
    ("trial", "about 87 ms an iteration", "tried before the first iteration",
     "a step was tried: about 87 ms an iteration"),
    ("shared_pass", True, "together 87 ms, apart 106 ms",
     "src and dst are computed in one pass: together 87 ms, apart 106 ms"),
    ("shared_pass", False, "", "src and dst are computed one after the other"),
    ("likeness_every", 1_200, "timed", "likeness is read every 1,200 iterations: timed"),
    ("probe bf16", "slow", "bf16 is 22.0 times slower", "bf16 was tried: bf16 is 22.0 times slower"),
    ("probe compile", "works", "built in 40 s", "torch.compile was tried: built in 40 s"),
], ids=["device", "threads", "trial", "together", "apart", "likeness", "bf16", "compile"])
def test_what_a_trial_chose_is_a_plain_sentence_without_names_of_variables(what, value, reason, sentence):
    assert told(happened(events.Chose(what, value, reason))) == sentence
    assert "_" not in "".join(chosen(what, value))


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (5e-5, "5e-05"), (10.0, "10"), (3, "3"),
                                             (1.23456789e-4, "0.000123456789"), ("cpu", "cpu")])
def test_a_value_is_shown_so_that_it_can_be_typed_again(value, text):
    assert shown(value) == text
    assert not isinstance(value, float) or float(text) == value


@pytest.mark.parametrize(("name", "short"), [("person:anna@box", "anna@box"), ("person", "person"),
                                             ("recipe:demo", "recipe:demo"), ("trainer", "trainer")])
def test_an_author_is_short(name, short):
    assert author(Event(1, 0, 1, 0.0, name, events.Paused())) == short


def test_a_converted_run_names_its_parent():
    parent = events.Parent("anna", 41, 48_200, 1, [events.Change("archi", "df-ud", "liae-ud")])
    birth = events.Born("b", {}, NOTE, NOTE, CONSENT, CONSENT, "", "0.1", None, [parent])
    assert told(happened(birth)) == "run b was made from run anna, generation 41 of iteration 48,200"
