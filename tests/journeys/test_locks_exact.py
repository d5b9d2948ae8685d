"""A lock proves itself in a whole trainer: nothing of a locked block changes by one bit."""

import pytest

from core.events.act import LockBlocks, MakeBackup
from core.events.pattern import resolve
from core.store.generation import Generations
from tests.train.directing import Director, make_run, small_faces

LOCKED = "encoder.*, decoder_dst.upscale1"


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_200_iterations_leave_locked_blocks_alone_and_move_all_others(tmp_path):
    run = make_run(tmp_path / "locks", small_faces(tmp_path / "faces"), target_iter=210,
                   waiting=[(MakeBackup("before"), 10), (LockBlocks(LOCKED), 10)], lr_dropout="y", clipgrad=True,
                   batch_size=1)
    with Director(run) as trainer:
        assert trainer.wait() == 0, trainer.log
        blocks = next(e.body.blocks for e in trainer.events if hasattr(e.body, "blocks"))
    locked = set(resolve(LOCKED, blocks))
    before, after = (next(g for g in Generations(run).list() if g.iteration == i).blocks for i in (10, 210))
    assert len(locked) == 5
    for block in before:
        same = (before[block].weights == after[block].weights, before[block].moments == after[block].moments)
        assert same == ((True, True) if block in locked else (False, False)), block
