"""Commands in every phase, against a real supervisor and a trainer that counts."""

import itertools

import pytest

from core.events.act import (
    LockBlocks,
    MakeBackup,
    PauseRun,
    PreviewNow,
    ResumeRun,
    RollBack,
    SaveNow,
    SetValues,
    StopRun,
    UndoLast,
    UnlockBlocks,
    WithdrawAct,
)
from core.events.event import (
    Asked,
    BackedUp,
    Ended,
    Locked,
    Resumed,
    RolledBack,
    SettingsChanged,
    Started,
    Unlocked,
    Withdrawn,
)
from core.events.fold import fold
from core.run.birth import Waiting
from core.wire.console_record import (
    AskEvents,
    AskGenerations,
    AskHistory,
    AskLog,
    AskPreviewList,
    Done,
    EventNews,
    Refused,
    StateNews,
)
from dfl_tui.telling import author
from tests.run.running import until

pytestmark = pytest.mark.journey


@pytest.fixture
def console(run):
    console = run.console()
    console.tick(lambda t: t.phase == "training" and t.iteration > 0)
    return console


def test_a_setting_is_done_when_its_event_is_written_and_in_force(run, console):
    answer = console.command(SetValues({"lr": 1e-4}))
    assert isinstance(answer, Done)
    assert answer.event == run.events[-1]
    assert answer.event.body.changes[0].old == 5e-5
    assert answer.event.author == "person:tester"
    assert answer.sentence.startswith("lr 5e-05 -> 0.0001, from iteration ")
    assert console.tick(lambda t: t.lr == 1e-4).iteration >= answer.event.iteration


def test_what_a_recipe_asked_for_carries_its_name_when_it_takes_effect(make_run):
    run = make_run(waiting=(Waiting(SetValues({"lr": 4e-4}), 3, "recipe:demo"),))
    run.ensure()
    (event,) = until(lambda: [e for e in run.events if isinstance(e.body, SettingsChanged)], "the change")
    assert (event.author, author(event), event.iteration) == ("recipe:demo", "recipe:demo", 3)


@pytest.mark.parametrize(("act", "words"), [
    (SetValues({"lr": 7.0}), "lr = 7.0"),
    (SetValues({"batch_size": True}), "whole number"),
    (SetValues({"resolution": 64}), "fixed when a run is made"),
    (SetValues({"nothing": 1}), "no setting 'nothing'"),
    (SetValues({}), "no setting was named"),
    (SetValues({"lr": 5e-5}), "already"),
    (LockBlocks("encodre.*"), "names no block"),
    (UnlockBlocks("encoder"), "open already"),
    (LockBlocks("x" * 501), "no pattern"),
    (MakeBackup("../x"), "cannot be the name"),
    (ResumeRun(), "going on already"),
    (UndoLast(), "nothing to take back"),
    (RollBack(99), "99"),
    (WithdrawAct(1), "no act that waits"),
])
def test_what_cannot_be_done_is_refused_with_a_sentence_and_leaves_no_event(run, console, act, words):
    before = run.events
    answer = console.command(act)
    assert isinstance(answer, Refused)
    assert words in answer.sentence
    assert run.events == before


def test_locks_undo_and_backups(run, console):
    console.command(LockBlocks("encoder, -*.down2"))
    assert run.events[-1].body == Locked("encoder, -*.down2", ["encoder.down1"])
    undone = console.command(UndoLast())
    assert run.events[-1].body == Unlocked("encoder, -*.down2", ["encoder.down1"])
    assert run.events[-1].undoes == run.events[-2].number
    assert "took back event" in undone.sentence
    console.command(MakeBackup("before"))
    kept = console.ask(AskGenerations).generations
    assert run.bodies(BackedUp) == [BackedUp("before", kept[0].number)]
    assert kept[0].name == "before"


def test_save_and_preview_are_answered_when_they_are_there(console):
    assert "saved generation 1 at iteration" in console.command(SaveNow()).sentence
    assert "drew the preview" in console.command(PreviewNow()).sentence


def test_pause_stands_still_and_resume_goes_on(console):
    paused = console.command(PauseRun()).event
    assert isinstance(console.command(PauseRun()), Refused)
    assert console.tick(lambda t: t.phase == "paused").iteration == paused.iteration
    assert "from iteration" in console.command(SetValues({"lr": 1e-3})).sentence    # steering works while it stands
    assert isinstance(console.command(ResumeRun()), Done)
    assert console.tick(lambda t: t.phase == "training" and t.iteration > paused.iteration)


def test_stop_saves_ends_and_stays_until_resume(run, console):
    stopped = console.command(StopRun())
    assert stopped.sentence.startswith("saved and stopped at iteration")
    assert run.trainer is None
    assert console.ask(AskGenerations).generations[0].iteration == stopped.event.iteration
    assert console.tick(lambda t: t.phase == "stopped").detail == "saved; resume it to go on"
    assert "nothing to pause" in console.command(PauseRun()).sentence
    assert isinstance(console.command(StopRun()), Refused)
    assert isinstance(console.command(SaveNow()), Refused)
    waiting = console.command(SetValues({"lr": 1e-3})).event
    assert waiting.body == Asked(SetValues({"lr": 1e-3}), None)
    at_once = console.command(SetValues({"threads": 2})).event   # acts when the trainer starts, so it needs none
    assert isinstance(at_once.body, SettingsChanged)
    assert isinstance(console.command(ResumeRun()), Done)
    carried_out = console.hear(lambda m: isinstance(m, EventNews) and m.event.asked == waiting.number).event
    assert carried_out.body.changes[0].new == 1e-3
    assert carried_out.iteration >= stopped.event.iteration


def test_an_act_for_later_is_one_event_when_accepted_and_one_at_its_iteration(run, console):
    now = console.command(PauseRun()).event.iteration      # or the trainer may be there before we have asked
    asked = console.command(LockBlocks("decoder_src"), at=now + 15).event
    assert asked.body == Asked(LockBlocks("decoder_src"), now + 15)
    withdrawn = console.command(SetValues({"lr": 1e-3}), at=now + 16).event
    assert isinstance(console.command(WithdrawAct(withdrawn.number)), Done)
    assert isinstance(console.command(ResumeRun()), Done)
    locked = console.hear(lambda m: isinstance(m, EventNews) and m.event.asked == asked.number).event
    assert locked.iteration == now + 15
    console.tick(lambda t: t.iteration > now + 20)
    assert [e.body for e in run.events[-3:]] == [Withdrawn(withdrawn.number), Resumed(), locked.body]
    assert "is past" in console.command(LockBlocks("encoder"), at=1).sentence


def test_stopping_at_an_iteration_stops_there(run, console):
    now = console.command(PauseRun()).event.iteration
    console.command(StopRun(), at=now + 10)
    console.command(ResumeRun())
    console.tick(lambda t: t.phase == "stopped")
    assert fold(run.events).stopped == "person"
    assert console.ask(AskGenerations).generations[0].iteration == now + 10


def test_a_setting_of_the_start_saves_and_starts_again(run, console):
    console.command(SetValues({"device": "cpu"}))
    console.hear(lambda m: isinstance(m, EventNews) and isinstance(m.event.body, Started))
    ended = run.bodies(Ended)[0]
    assert ended.cause == "done"
    assert "start again with device auto -> cpu" in ended.sentence
    assert run.bodies(Started)[-1].device == "cpu"


def test_the_target_stops_the_run_and_a_higher_one_lets_it_go_on(run, console):
    now = console.tick(lambda t: t.iteration > 5).iteration
    console.command(SetValues({"target_iter": now + 50}))
    assert "is reached" in console.tick(lambda t: t.phase == "stopped").detail
    assert run.bodies(Ended)[-1].cause == "done"
    refused = console.command(ResumeRun())
    assert isinstance(refused, Refused)
    assert "target_iter" in refused.hint
    console.command(SetValues({"target_iter": 0}))
    assert isinstance(console.command(ResumeRun()), Done)
    assert console.tick(lambda t: t.iteration > now + 60)


def test_a_roll_back_to_the_oldest_save_does_not_lose_it_to_the_save_before_it(make_run):
    run = make_run(keep_generations=2, keep_days=0)
    console = run.console()
    console.tick(lambda t: t.phase == "training" and t.iteration > 0)
    for _ in range(2):
        assert isinstance(console.command(SaveNow()), Done)
    oldest = console.ask(AskGenerations).generations[-1]
    assert isinstance(console.command(RollBack(oldest.number)), Done)
    console.tick(lambda t: t.phase == "training" and t.life == 1 and t.iteration > oldest.iteration)
    assert run.bodies(Started)[-1].generation == oldest.number


def test_a_roll_back_begins_a_new_life_at_its_generation(run, console):
    console.command(SaveNow())
    kept = console.ask(AskGenerations).generations[0]
    console.command(SetValues({"lr": 1e-3}))
    console.tick(lambda t: t.iteration > kept.iteration + 20)
    answer = console.command(RollBack(kept.number))
    assert answer.event.body == RolledBack(kept.number, kept.iteration, answer.event.body.position, 1)
    news = console.hear(lambda m: isinstance(m, StateNews)) if not any(
        isinstance(m, StateNews) for m in console.heard) else None
    assert news is None or news.state.life == 1
    state = fold(run.events)
    assert (state.life, state.settings["lr"]) == (1, 5e-5)
    assert console.tick(lambda t: t.life == 1 and t.phase == "training").iteration >= kept.iteration
    assert run.bodies(Started)[-1].generation == kept.number


def test_a_roll_back_says_what_became_of_the_acts_that_waited(run, console):
    console.command(SaveNow())
    kept = console.ask(AskGenerations).generations[0]
    asked = [console.command(LockBlocks(pattern), at=10**6).event.number for pattern in ("encoder", "decoder_src")]
    answer = console.command(RollBack(kept.number))
    assert answer.sentence.endswith("; 2 acts asked for since then are withdrawn")
    assert until(lambda: run.bodies(Withdrawn), "the withdrawals") == [Withdrawn(number) for number in asked]
    assert fold(run.events).waiting == []


def test_undo_without_a_trainer_takes_back_what_waits(run):
    console = run.console(park=True)
    assert console.welcome.tick.phase in ("parked", "waiting")
    console.command(LockBlocks("encoder"))
    answer = console.command(UndoLast())
    assert run.events[-1].body == Withdrawn(2)
    assert "will not be carried out" in answer.sentence


def test_before_the_first_iteration_a_setting_needs_no_trainer(run):
    console = run.console(park=True)
    answer = console.command(SetValues({"batch_size": 4}))
    assert isinstance(answer.event.body, SettingsChanged)
    assert answer.event.iteration == 0


def test_resume_starts_a_trainer_for_a_parked_run(run):
    console = run.console(park=True)
    assert isinstance(console.command(ResumeRun()), Done)
    assert console.tick(lambda t: t.iteration > 0)


def test_the_past_is_answered_from_the_run_folder(run, console):
    console.tick(lambda t: t.iteration > 30)
    history = console.ask(lambda n: AskHistory(n, ["src", "dst", "unknown"], 0, None, 8))
    assert set(history.series) == {"src", "dst"}
    assert len(history.series["src"].mean) <= 8 * 8
    assert console.ask(lambda n: AskEvents(n, 1, 2)).events == run.events[:2]
    assert any("trainer pid=" in line for line in console.ask(lambda n: AskLog(n, "supervisor", 50)).lines)
    assert isinstance(console.ask(lambda n: AskLog(n, "/etc/passwd", 50)), Refused)
    assert console.ask(AskPreviewList).iterations == []


def test_events_are_numbered_without_gaps_and_iterations_never_fall(run, console):
    for n in range(5):
        console.command(SetValues({"lr": 1e-4 + n * 1e-5}))
    console.command(StopRun())
    until(lambda: run.trainer is None, "the trainer's end")
    events = run.events
    assert [e.number for e in events] == list(range(1, len(events) + 1))
    assert all(a.iteration <= b.iteration for a, b in itertools.pairwise(events))
