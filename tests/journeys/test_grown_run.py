"""A run that grows, over the real trainer: the same bits with kills in between, backups on both sides, the way back."""

import os

import cv2
import pytest

from core.events.act import GrowRun, SaveNow, SetValues, UnlockBlocks
from core.events.event import Grown, RolledBack
from core.events.fold import fold
from core.events.growth import after_name, before_name
from core.store.generation import Generations
from core.store.metric_reader import MetricReader
from core.train.preview import COLUMNS
from core.wire.trainer_record import Applied, Saved
from tests.train.directing import Director, make_run, small_faces

IN_CAMPAIGN = "DFL_TUI_GROWN_RUNS" in os.environ
NARROW = {"growth_dims": 4, "growth_mask_dims": 2, "growth_stem": 2, "growth_ramp": 4, "growth_warmup": 5}
LAST = 16
PLAN = ((GrowRun(why="for tests"), 5), (UnlockBlocks("encoder"), 9), (SetValues({"random_warp": False}), 11),
        (SetValues({"target_iter": LAST}), 12))


def outcome(run):
    """Everything that must be equal: blocks of the last generation by their hashes, and the losses."""
    last = Generations(run).newest_sound().generation
    reader = MetricReader(run.metrics)
    names = [c.name for c in reader.columns]
    rows = reader.rows(1, LAST)[:, [names.index(n) for n in ("iteration", "src", "dst", "masks", "lr")]]
    return last.iteration, {name: (b.weights, b.moments) for name, b in last.blocks.items()}, rows.tobytes()


def kill_after(run, *, save_at, kill_at):
    """Train, save at an iteration, kill -9 at another; what was saved in between is lost, as in a power cut."""
    with Director(run) as trainer:
        trainer.ask(SaveNow(), at=save_at)
        trainer.hold(at=kill_at)
        while not (trainer.is_held and any(s.iteration == save_at for s in trainer.of(Saved))):
            assert trainer.until(lambda _: True), trainer.log
    for generation in Generations(run).list():
        if generation.iteration > save_at:
            (run.path / "gens" / str(generation.number)).unlink()


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kills_around_a_growth_change_no_bit(tmp_path):
    faces = small_faces(tmp_path / "faces")
    straight = make_run(tmp_path / "straight", faces, waiting=PLAN, **NARROW)
    with Director(straight) as director:
        assert director.wait() == 0, director.log
        names = [s.name for s in director.of(Saved) if s.name]
        assert names == [before_name(64, 5), after_name(64, 5)]
        (grown,) = [e for e in director.events if isinstance(e.body, Grown)]
        assert (grown.iteration, grown.body.old_resolution, grown.body.resolution) == (5, 32, 64)
        assert set(grown.body.locked) == {b.name for b in director_state(director).blocks if not b.born}
    killed = make_run(tmp_path / "killed", faces, waiting=PLAN, workers=1, **NARROW)
    kill_after(killed, save_at=3, kill_at=7)        # the growth at 5 comes after the save: it is made again
    if IN_CAMPAIGN:
        kill_after(killed, save_at=8, kill_at=13)   # in the ramp, with new blocks warming up, an opened encoder lost
    with Director(killed) as director:
        if not IN_CAMPAIGN:
            director.ask(SaveNow(), at=5)           # at the very boundary at which the growth is made again
        assert director.wait() == 0, director.log
        saved = [s.number for s in director.of(Saved) if s.iteration == 5]
    assert outcome(killed) == outcome(straight)
    for number in saved:
        assert any(name.startswith("octave") for name in Generations(killed).get(number).blocks)
    assert saved or IN_CAMPAIGN


def director_state(director):
    return fold(director.events)


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not IN_CAMPAIGN, reason="two trainers more: make campaign runs it")
def test_a_growth_is_undone_by_the_save_before_it(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"), **NARROW)
    generations = Generations(run)
    with Director(run) as director:
        director.ask(GrowRun(lock="", why="for tests"), at=3)
        director.until(lambda r: isinstance(r, Saved) and r.name == after_name(64, 3))
        director.until_iteration(5)
        assert director.finish() == 0
    before, after = (next(g for g in generations.list() if g.name == name) for name in (before_name(64, 3),
                                                                                      after_name(64, 3)))
    assert before.iteration == after.iteration == 3
    old = {name: blobs for name, blobs in after.blocks.items() if not name.startswith("octave")}
    assert old == before.blocks         # to the bit, moments and counters too
    assert len(after.blocks) > len(old)
    back = RolledBack(before.number, before.iteration, before.journal, 1)
    with Director(run, before=back) as director:
        director.until_iteration(5)
        state = director_state(director)
        assert (state.settings["resolution"], state.settings["growth"]) == (32, "")
        assert not [b for b in state.blocks if b.born]
        assert director.finish() == 0
    assert set(Generations(run).newest_sound().generation.blocks) == set(before.blocks)


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.skipif(not IN_CAMPAIGN, reason="a trainer more: make campaign runs it")
def test_previews_follow_the_resolution(tmp_path):
    run = make_run(tmp_path / "run", small_faces(tmp_path / "faces"), preview_every=2,
                   waiting=((GrowRun(128, why="for tests"), 3), (SetValues({"target_iter": 6}), 3)), **NARROW)
    with Director(run) as director:
        assert director.wait() == 0, director.log
        assert [e.body.resolution for e in director.events if isinstance(e.body, Grown)] == [128]
        assert director.of(Applied)
        assert {s.name for s in director.of(Saved)} >= {before_name(128, 3), after_name(128, 3)}
    widths = [cv2.imread(str(sheet)).shape[1] for sheet in sorted(run.previews.glob("*.png"))]
    assert {width // len(COLUMNS) for width in widths} == {32, 128}
