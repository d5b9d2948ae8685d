"""A growth as the supervisor sees it: what is refused, what it writes, and how it is taken back."""

import pytest

from core.events.act import GrowRun, LockBlocks, MakeBackup, PauseRun, UndoLast
from core.events.event import (
    Asked,
    BackedUp,
    Block,
    Born,
    Consent,
    Event,
    FaceSetNote,
    Grown,
    Locked,
    NetworkMade,
    RolledBack,
)
from core.events.fold import fold
from core.events.growth import before_name
from core.run.growing import undone_growth
from core.run.plan import plan
from core.settings.error import RefusedError, SettingError
from core.settings.registry import birth_settings
from core.wire.console_record import Done, Refused
from core.wire.trainer_record import At

NOTE, CONSENT = FaceSetNote("/faces", 96, "00"), Consent("Anna", "own", "anna")
BLOCKS = [Block("encoder.down1", "encoder", 10, 2), Block("decoder.out", "decoder", 10, 2),
          Block("gan.in", "gan", 5, 2)]
HERE = At(1, 300)


def state_of(*bodies, **settings):
    born = Born("run", birth_settings({"archi": "liae-ud", "resolution": 64} | settings), NOTE, NOTE, CONSENT, CONSENT,
                "", "0.1")
    return fold([Event(n, 0, 0, 0.0, "person", body) for n, body in enumerate((born, NetworkMade(BLOCKS), *bodies), 1)])


def grown(act, at=HERE, **settings):
    return plan(act, state_of(**settings), at).body


def test_a_growth_locks_the_old_blocks_and_lists_the_new_ones():
    state = state_of(Locked("encoder", ["encoder.down1"]))
    body = plan(GrowRun(), state, HERE).body
    assert (body.old_resolution, body.resolution, body.growth) == (64, 128, "64/22@300")
    assert body.locked == ["decoder.out"]       # the encoder was locked before, and a judge is no part of the face
    after = fold([*journal(state), Event(4, 300, 0, 0.0, "person", body)])
    names = [b.name for b in after.blocks]
    assert names[:2] == ["encoder.down1", "decoder.out"]
    assert names[2].startswith("octave1.")
    assert names[-1] == "gan.in"
    assert set(after.locks) == {"encoder.down1", "decoder.out"}
    assert plan(LockBlocks("new"), after).body.blocks == names[2:-1]


def journal(state):
    born = Born("run", dict(state.settings), NOTE, NOTE, CONSENT, CONSENT, "", "0.1")
    bodies = (born, NetworkMade(BLOCKS), Locked("encoder", ["encoder.down1"]))
    return [Event(n, 0, 0, 0.0, "person", body) for n, body in enumerate(bodies, 1)]


def test_widths_are_the_settings_and_several_doublings_are_one_act():
    body = grown(GrowRun(256, lock="all, -new"), growth_dims=16, growth_mask_dims=8, growth_stem=6)
    assert body.growth == "16/8/6@300 16/8/6@300"
    assert {b.part for b in body.blocks} == {"octave1", "octave2"}
    assert grown(GrowRun(lock="")).locked == []


@pytest.mark.parametrize(("act", "settings", "says"), [
    (GrowRun(96), {}, "do not grow to 96"), (GrowRun(64), {}, "do not grow to 64"), (GrowRun(4096), {}, "out of range"),
    (GrowRun(), {"model": "quick96", "archi": "df-ud", "resolution": 96, "face_type": "full_face"}, "quick96"),
    (GrowRun(lock="nothing.*"), {}, "names no block"), (GrowRun(way="native"), {}, "stock architecture"),
    (GrowRun(why="now\x1b[2J"), {}, "no text"),
], ids=["no-doubling", "no-growth", "too-large", "quick96", "no-such-block", "native", "escapes"])
def test_what_cannot_grow_is_refused_with_a_sentence(act, settings, says):
    with pytest.raises((RefusedError, SettingError), match=says):
        grown(act, **settings)


def test_nothing_grows_before_its_first_iteration():
    with pytest.raises(RefusedError, match="before the first iteration"):
        grown(GrowRun(), At(1, 0))


def test_a_face_that_its_pixels_do_not_limit_yet_grows_only_for_a_reason():
    early = At(1, 300, 1.96, 5.76)
    with pytest.raises(RefusedError, match=r"2\.9 times"):
        grown(GrowRun(), early)
    assert (grown(GrowRun(), At(1, 300, 1.96, 3.9)).floor, grown(GrowRun()).floor) == (1.96, 0.0)
    planned = plan(GrowRun(why="the lights are out at ten"), state_of(), early)
    assert (planned.why, planned.body.error) == ("the lights are out at ten", 5.76)
    assert plan(GrowRun(), state_of())      # before the trainer has measured, nothing is held against it


def test_an_act_that_waits_for_an_iteration_does_not_stand_before_the_undo_of_a_growth():
    body = grown(GrowRun())
    name = before_name(body.resolution, 0)
    later = Asked(LockBlocks("all"), 9000)
    assert undone_growth(state_of(body, BackedUp(name, 7), later)) == (7, None)
    assert undone_growth(state_of(body, BackedUp(name, 7), Asked(LockBlocks("all"), None))) is None


def test_the_undo_of_a_growth_never_takes_the_backup_of_a_life_that_was_given_up():
    body = grown(GrowRun())
    events = journal(state_of())[:2]
    events += [Event(3, 300, 0, 0.0, "person", body),
               Event(4, 300, 0, 0.0, "trainer", BackedUp(before_name(body.resolution, 300), 7)),
               Event(5, 100, 1, 0.0, "person", RolledBack(2, 100, 2, 1)), Event(6, 300, 1, 0.0, "person", body)]
    with pytest.raises(RefusedError, match="was not written"):
        undone_growth(fold(events))
    events.append(Event(7, 300, 1, 0.0, "trainer", BackedUp(before_name(body.resolution, 300), 9)))
    assert undone_growth(fold(events)).generation == 9


@pytest.mark.journey
def test_a_growth_is_taken_back_by_the_backup_before_it(run):
    console = run.console()
    console.tick(lambda t: t.phase == "training" and t.iteration > 0)
    console.command(PauseRun())
    at = console.tick(lambda t: t.phase == "paused").iteration
    answer = console.command(GrowRun(lock=""))
    assert isinstance(answer, Done)
    assert isinstance(answer.event.body, Grown)
    resolution = answer.event.body.resolution
    refused = console.command(UndoLast())
    assert isinstance(refused, Refused)
    assert "was not written" in refused.sentence
    assert fold(run.events).settings["resolution"] == resolution

    assert isinstance(console.command(MakeBackup(before_name(resolution, answer.event.iteration))), Done)
    back = console.command(UndoLast())
    assert isinstance(back.event.body, RolledBack)
    assert back.event.iteration == answer.event.iteration >= at
