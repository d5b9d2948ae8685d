import json

import pytest
from msgspec.structs import replace

from core.events.event import Consent, FaceSetNote
from core.events.state import RunState
from core.settings.registry import defaults
from core.wire.console_record import Losses, Tick
from dfl_tui.cli.standing import as_json, from_tick, one_line, plain_line, told

CONSENT = Consent("nobody", "synthetic", "test")
NOTE = FaceSetNote("/faces", 96, "00")
STATE = RunState("anna-on-ben", 3, 0, 1, defaults(), NOTE, NOTE, CONSENT, CONSENT, "", "0.1.0")
LOSSES = Losses(src=0.41, dst=0.39, src_smooth=0.4213, dst_smooth=0.3871, masks=0.012)
TRAINING = Tick("training", "", 12_345, 1, 0.0, it_s=2.314, data_ms=3.0, compute_ms=429.0, save_ms=1.0, lr=5e-5,
                eta_s=6840.0, losses=LOSSES)


def standing(tick=TRAINING, state=STATE):
    return from_tick(state.name, state, tick)


@pytest.mark.parametrize("width", range(20, 100, 7))
def test_the_line_of_watch_is_never_wider_than_the_terminal(width):
    assert len(one_line(standing(), width)) <= width


def test_the_line_keeps_what_matters_most_on_a_phone():
    assert one_line(standing(), 48) == "anna-on-ben ▶ 12.3k  src 0.4213 dst 0.3871"
    assert one_line(standing(), 80).endswith("2.314/s  1 h 54 min")


def test_a_plain_line_says_losses_speed_and_time_left():
    assert plain_line(TRAINING) == ("   12,345  src 0.4213  dst 0.3871  2.31 it/s  433 ms (data 3, compute 429, save 1)"
                                    "  ETA 1 h 54 min")


def test_status_says_state_in_words_without_colour():
    lines = told(standing())
    assert lines[0] == "anna-on-ben: training, iteration 12,345"
    assert any("2.31 it/s" in line for line in lines)


@pytest.mark.parametrize(("stopped", "word"), [("person", "stopped"), ("target", "finished"), ("failure", "failed"),
                                               ("", "parked")])
def test_a_run_that_does_not_train_says_why(stopped, word):
    assert standing(Tick("parked", "", 5, 1, 0.0), replace(STATE, stopped=stopped)).state == word


def test_json_is_json_and_tells_what_is_not_known_as_null():
    bare = as_json(standing(Tick("starting", "", 0, 1, 0.0)))
    assert json.loads(json.dumps(bare))["losses"] == {"src_smooth": None, "dst_smooth": None}
    full = json.loads(json.dumps(as_json(standing())))
    assert (full["iteration"], full["live"]["it_s"], full["losses"]["src"]) == (12_345, 2.314, 0.41)
