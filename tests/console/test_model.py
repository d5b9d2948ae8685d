"""The model: a welcome, then messages, folded to what is on screen."""

import time
from array import array
from math import nan

import pytest
from msgspec.structs import replace

from core.events.act import SetValues
from core.events.event import Asked, Event, Locked, RolledBack, Warned
from core.events.fold import fold
from core.wire.console_record import EventNews, Events, History, LeaseNews, PreviewNews, SeriesBuckets, StateNews
from dfl_tui.acts import act_of, farewell, stop_consequence, to_be_undone, undone
from dfl_tui.look import look_of
from dfl_tui.model import Answer, Answered, Clock, Link, Model, apply, missing_events
from dfl_tui.panels import events, header, locks, series, stages, verdict
from dfl_tui.phase import phase_of
from tests.console.recorded import Recorded, born_events

LOOK = look_of({})


@pytest.fixture
def run(tmp_path) -> Recorded:
    return Recorded(tmp_path)


@pytest.fixture
def model(run) -> Model:
    return apply(Model(), run.welcome(3))


def later(model: Model, body, iteration: int = 3_600) -> Event:
    return Event(model.state.number + 1, iteration, model.state.life, time.time(), "person:bo@box", body)


def test_a_welcome_holds_the_whole_state(model, run):
    assert model.state == run.state
    assert model.link.word == "connected"
    assert (model.run, model.seat, model.preview) == ("anna-on-bo", 3, 3_400)


def test_an_event_is_folded_and_listed(model):
    event = later(model, Locked("encoder.*", ["encoder.down1"]))
    after = apply(model, EventNews(event))
    assert after.events[-1] == event
    assert after.state.locks["encoder.down1"].since == 3_600


def test_an_event_that_was_in_the_welcome_is_not_listed_twice(model):
    assert apply(model, EventNews(model.events[-1])) is model


def test_a_roll_back_is_listed_at_once_and_its_state_comes_after_it(model):
    rolled = later(model, RolledBack(5, 2_400, 4, 1), iteration=2_400)
    after = apply(model, EventNews(rolled))
    assert after.events[-1] == rolled and after.state == model.state
    state = fold([*born_events(0.0), rolled])
    after = apply(after, StateNews(state))
    assert after.state == state and after.life == 1


def test_events_between_a_save_and_a_roll_back_to_it_are_struck_through(model):
    after = apply(model, EventNews(later(model, RolledBack(5, 2_400, 4, 1), iteration=2_400)))
    assert events.select(after).abandoned == {5, 6, 7}


def test_a_second_welcome_keeps_the_older_events(model, run):
    short = apply(model, run.welcome(4))
    assert short.events == model.events and short.seat == 4


def noted(first: int, last: int) -> list[Event]:
    return [Event(n, n, 0, 0.0, "trainer", Warned("disk", f"event {n}")) for n in range(first, last + 1)]


def test_the_whole_journal_is_asked_for_newest_first():
    seen = tuple(noted(1_101, 1_300))
    asked = []
    while (request := missing_events(seen)) is not None:
        asked.append((request.first, request.last))
        seen = apply(Model(events=seen), Answered("events", Answer(request, Events(
            0, noted(request.first, request.last))))).events
    assert asked == [(601, 1_100), (101, 600), (1, 100)]
    assert [e.number for e in seen] == list(range(1, 1_301))


def test_events_that_a_lost_connection_left_out_are_asked_for(model):
    request = missing_events((*noted(1, 7), *noted(900, 905), *noted(1_000, 1_100)))
    assert (request.first, request.last) == (906, 999)
    request = missing_events((*noted(1, 7), *noted(60, 100)))
    assert (request.first, request.last) == (8, 59)
    assert missing_events(()) is None and missing_events(model.events) is None


def test_a_driver_is_told_by_name_and_this_console_as_you(model):
    assert header.driver(apply(model, LeaseNews(3, "me"))) == "you steer"
    assert header.driver(apply(model, LeaseNews(9, "bo@box"))) == "bo@box steers, you watch"
    assert header.driver(model) == "nobody steers"


def test_news_of_a_preview_and_the_clock_are_taken(model):
    assert apply(model, PreviewNews(3_600)).preview == 3_600
    newer = replace(model.tick, iteration=model.tick.iteration + 1)
    assert apply(model, newer).tick is newer
    assert apply(apply(model, newer), replace(newer, phase="paused")).tick.phase == "paused"
    assert apply(model, Clock(12.0)).wall == 12.0


def test_a_lost_supervisor_is_said_with_what_it_means(model):
    lost = apply(model, Link("lost"))
    assert phase_of(lost).word == "no contact"
    assert "the training goes on" in verdict.select(lost).sentence


def test_the_verdict_says_where_the_run_is_and_what_comes_next(model):
    sentence = verdict.select(model).sentence
    assert "3,512 of 20,000" in sentence
    assert "Next at 12,000: set random_warp = false (in 28 min" in sentence


def rows(view: verdict.View, width: int) -> list[str]:
    return [strip.text.strip() for strip in verdict.draw(view, width, 2, LOOK)]


def test_the_verdict_says_less_before_a_few_words_run_over_into_a_second_row(run):
    run.state = replace(run.state, recipe="demo", settings=run.state.settings | {"target_iter": 0})
    view = verdict.select(apply(Model(), run.welcome(3)))
    words = len(view.sentence)
    assert rows(view, words + 4) == [f"{view.glyph} {view.sentence}"]
    assert rows(view, words + 3) == [f"{view.glyph} {view.shorter[0]}"]
    for width in range(80, 160):
        shown = rows(view, width)
        assert len(shown) == 1 or len(shown[1]) >= verdict.WIDOW_CELLS
        assert " ".join(shown).removeprefix(f"{view.glyph} ") in (view.sentence, *view.shorter)


def test_a_verdict_that_has_no_shorter_form_is_cut_with_an_ellipsis():
    shown = rows(verdict.View("!", "a word of many " * 30, "warn"), 80)
    assert len(shown) == 2 and shown[1].endswith("…")


@pytest.mark.parametrize(("phase", "words"), [
    ("paused", "Paused at 3,512: p goes on"), ("stopped", "Stopped at 3,512"), ("parked", "Not training, at 3,512"),
    ("starting", "Starting."), ("backoff", "The trainer failed and is started again")])
def test_every_phase_has_its_sentence(run, phase, words):
    run.phase = phase
    assert words in verdict.select(apply(Model(), run.welcome(1))).sentence


def test_a_contact_becomes_old_in_coarse_steps():
    assert header.contact(100.0, 104.0) == "contact now"
    assert header.contact(100.0, 137.0) == header.contact(100.0, 139.0) == "contact 30 s ago"
    assert header.contact(0.0, 139.0) == "no contact yet"


def test_the_lock_tree_has_parts_blocks_and_groups(model):
    view = locks.select(model)
    folded = locks.knots(view.blocks, frozenset(), "")
    assert [knot.name for knot in folded] == ["encoder", "inter_ab", "inter_b", "decoder", "decoder.mask", "groups"]
    unfolded = locks.knots(view.blocks, frozenset({"inter_b", "groups"}), "")
    names = [knot.name for knot in unfolded]
    assert names[names.index("inter_b") + 1] == "dense1" and "mask" in names


@pytest.mark.parametrize(("locked", "glyph"), [((), "○"), (("a",), "◐"), (("a", "b"), "●")])
def test_open_partly_and_locked_have_a_glyph_each(locked, glyph):
    assert locks.glyph(("a", "b"), dict.fromkeys(locked)) == glyph


def test_a_waiting_act_is_told_with_its_iteration_and_time(model):
    (waiting,) = stages.select(model).waiting
    assert (waiting.at, waiting.act) == ("12,000", "set random_warp = false")
    assert waiting.time.startswith(" (in 28 min")


def test_what_comes_first_is_told_first_whenever_it_was_asked(model):
    sooner = apply(model, EventNews(later(model, Asked(SetValues({"clipgrad": True}), 9_000))))
    assert [act.at for act in stages.select(sooner).waiting] == ["9,000", "12,000"]


def test_an_undo_says_what_it_takes_back(model):
    assert undone(to_be_undone(model)) == "Taken back: lr 5e-05 -> 0.0001 (of iteration 2,900)."


def test_warp_is_switched_and_pause_depends_on_the_phase(run, model):
    assert act_of("warp", model) == SetValues({"random_warp": False})
    assert type(act_of("pause", model)).__name__ == "PauseRun"
    run.phase = "stopped"
    assert type(act_of("pause", apply(Model(), run.welcome(1)))).__name__ == "ResumeRun"


def test_who_leaves_hears_only_what_is_known_of_the_training(run, model):
    assert "before anna answered" in farewell(Model(run="anna"))
    assert "the training goes on" in farewell(model)
    run.phase = "stopped"
    assert "does not train" in farewell(apply(Model(), run.welcome(1)))


def test_stopping_states_its_consequence_in_numbers(model):
    after = apply(model, EventNews(later(model, Asked(SetValues({"clipgrad": True}), 9_000))))
    told = stop_consequence(after)
    assert "iteration 3,512" in told and "2 waiting acts stay" in told


def test_what_discriminators_believe_has_a_line_while_they_learn(model):
    def packed(*values: float) -> bytes:
        return array("d", values).tobytes()

    def answered(d_real: float) -> Model:
        buckets = {name: SeriesBuckets(packed(0.0), packed(value), packed(value), packed(value))
                   for name, value in (("src", 0.5), ("d_real", d_real), ("d_fake", d_real))}
        question = series.question(3_512, 40)
        return apply(model, Answered("series", Answer(question, History(0, 0, 3_512, buckets))))

    assert [line.name for line in series.select(answered(nan)).lines] == ["src", "dst", "masks", "rate", "it/s"]
    lines = series.select(answered(0.625)).lines
    assert [(line.name, line.value) for line in lines][3:5] == [("D real", "0.6250"), ("D fake", "0.6250")]


def test_five_rows_show_what_every_run_has_and_more_rows_what_this_one_has_besides():
    names = list(series.SHOWN.values())
    lines = [series.Line(name, "", ()) for name in names]
    assert [line.name for line in series.fitting(lines, 5)] == ["src", "dst", "masks", "rate", "it/s"]
    assert [line.name for line in series.fitting(lines, 6)] == ["src", "dst", "masks", "alike", "rate", "it/s"]
    assert [line.name for line in series.fitting(lines, 20)] == names
