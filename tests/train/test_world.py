"""Several ranks compute what one computes: losses, gradients, masks, locks, judges."""

import hashlib
import os
import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch

from core.nets.family import make_network
from core.nets.initial import initialise
from core.settings.error import NetworkError
from core.settings.registry import defaults
from core.train import follower
from core.train.elastic import LOST_CODE, follower_words
from core.train.lrd import LrdStream, draw_masks
from core.train.meeting import Meeting
from core.train.optim import make_optimizer
from core.train.step import Step
from core.train.train_batch import TrainBatch, TrainSide
from core.train.world import ALONE, World, buckets
from tests.train.worlds import together

DIMS = {"resolution": 32, "ae_dims": 8, "e_dims": 4, "d_dims": 4, "d_mask_dims": 2}
BATCH = 3       # no multiple of two: shares of 2 and 1
ITERATIONS = 30
LOCKED_FROM = 10
LOCKED = frozenset({"encoder.down2", "decoder_dst.upscale1"})
STREAM = LrdStream(3, 0)
JUDGED = {"lr_dropout": "y", "clipgrad": True, "gan_power": 0.1, "gan_patch_size": 7, "gan_dims": 4,
          "gan_noise": 0.05, "true_face_power": 0.1, "power_ramp": 5}


@pytest.fixture
def in_float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def side(seed):
    """The whole batch of one person, as bytes would give it."""
    g = torch.Generator().manual_seed(seed)
    levels = torch.randint(0, 256, (BATCH, 7, 32, 32), generator=g).to(torch.get_default_dtype()) / 255
    return TrainSide(levels[:, :3], levels[:, 3:6], levels[:, 6:].round(), None)


def share_of(whole, world):
    """What a rank is given of it."""
    mine = slice(world.rank, None, world.size)
    return TrainSide(whole.warped[mine], whole.target[mine], whole.mask[mine], None)


def some_step(world, **changes):
    settings = defaults() | DIMS | {"archi": "df-ud", "batch_size": BATCH} | changes
    network = make_network(settings)
    initialise(network, 7)
    return Step(network, make_optimizer(str(settings["optimizer"]), network), world=world), settings


def hash_of(learner, block):
    digest = hashlib.sha256()
    for p in learner.module.parameters_of(block).values():
        digest.update(p.detach().contiguous().numpy().tobytes())
    for array in learner.optimizer.state_of(block).values():
        digest.update(array.tobytes())
    return digest.hexdigest()


def trained(world, *, iterations=ITERATIONS, **changes):
    """(numbers of each step, src losses of each sample, hash of every block at LOCKED_FROM and at the end)."""
    step, settings = some_step(world, **changes)
    numbers, samples, hashes = [], [], []
    for i in range(iterations):
        if i == LOCKED_FROM:
            hashes.append({b.name: hash_of(one, b.name) for one in step.learners for b in one.blocks})
        batch = TrainBatch(*(share_of(side(2 * i + of), world) for of in (0, 1)))
        result = step(batch, settings, iteration=i, stream=STREAM, locked=LOCKED if i >= LOCKED_FROM else frozenset())
        numbers.append(result.numbers.clone())
        samples.append(result.src.clone())
    hashes.append({b.name: hash_of(one, b.name) for one in step.learners for b in one.blocks})
    return torch.stack(numbers), torch.stack(samples), hashes


def deviation(one, other):
    """The largest relative one of each iteration's numbers, NaN on both sides left out."""
    apart = ((one - other).abs() / one.abs().clamp(min=1e-12)).nan_to_num(0)
    assert (one.isnan() == other.isnan()).all()
    return apart.flatten(1).max(1).values


@pytest.mark.slow
@pytest.mark.usefixtures("in_float64")
def test_two_ranks_equal_one_in_float64_with_judges_masks_clipping_and_locks():
    (alone, alone_samples, _), ranks = trained(ALONE, **JUDGED), together(2, lambda world: trained(world, **JUDGED))
    # equal among them, to the bit
    assert all(torch.equal(a[0].nan_to_num(), b[0].nan_to_num()) and a[2] == b[2] for a, b in pairwise(ranks))
    numbers, samples, hashes = ranks[0]
    assert deviation(alone, numbers).max() < 1e-9
    assert deviation(alone_samples, samples).max() < 1e-9       # every sample's loss, at its place in the batch
    assert all(hashes[0][block] == hashes[1][block] for block in LOCKED)
    assert sum(hashes[0][b] != hashes[1][b] for b in hashes[0]) == len(hashes[0]) - len(LOCKED)


@pytest.mark.slow
def test_two_ranks_stay_near_one_in_float32():
    (alone, _, _), ranks = trained(ALONE), together(2, trained)
    apart = deviation(alone[:, :3], ranks[0][0][:, :3])     # src, dst, masks
    assert apart[0] < 1e-6
    assert apart[-1] < 1e-3


def test_masks_of_dropout_are_the_same_on_every_rank():
    def masks(world):
        step, _ = some_step(world)
        drawn = draw_masks(step.optimizer, [b.name for b in step.blocks], STREAM, 4)
        return torch.cat([mask.flatten() for block in drawn.values() for mask in block.values()])

    alone, ranks = masks(ALONE), together(2, masks)
    assert all(torch.equal(alone, other) for other in ranks)


def test_a_step_that_is_not_finite_on_one_rank_is_refused_on_all():
    def poisoned(world):
        step, settings = some_step(world)
        before = {b.name: hash_of(step.learner, b.name) for b in step.blocks}
        batch = TrainBatch(share_of(side(0), world), share_of(side(1), world))
        if world.rank == 1:
            batch.src.target[0] = torch.nan
        result = step(batch, settings, iteration=0, stream=STREAM)
        return result.read().applied, before == {b.name: hash_of(step.learner, b.name) for b in step.blocks}

    assert together(2, poisoned) == [(False, True)] * 2


def test_a_batch_smaller_than_the_ranks_is_refused():
    step, settings = some_step(World(0, 4))
    with pytest.raises(NetworkError, match="batch_size = 3 leaves some of the 4 devices without a sample"):
        step(TrainBatch(side(0), side(1)), settings, iteration=0, stream=STREAM)


def test_orders_of_rank_0_reach_every_rank_short_and_long():
    orders = [b"", b"go", bytes(248), bytes(range(256)) * 40]
    heard = together(3, lambda world: [world.tell(order if world.rank == 0 else b"") for order in orders])
    assert heard == [orders] * 3


def test_tensors_of_rank_0_are_copied_whatever_their_layout():
    def copied(world):
        wide = torch.full((2, 3, 4, 4), float(world.rank)).to(memory_format=torch.channels_last)
        count = torch.tensor(7 + world.rank)
        world.copy_([wide, count])
        return wide.sum().item(), count.item()

    assert together(2, copied) == [(0.0, 7)] * 2


def test_sums_go_in_buckets_of_one_type():
    tensors = [torch.zeros(3), torch.zeros(2, 2), torch.zeros(2, dtype=torch.int64), torch.zeros(1)]
    assert [[t.numel() for t in bucket] for bucket in buckets(tensors)] == [[3, 4], [2], [1]]


def test_a_rank_whose_trainer_died_while_it_loaded_torch_ends_and_meets_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr("core.train.follower.ctypes.CDLL", lambda _: SimpleNamespace(prctl=lambda *_: 0))
    for name in ("RANK", "LOCAL_RANK", "GROUP_RANK"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    trainer = subprocess.Popen([sys.executable, "-c", ""])
    trainer.wait()
    words = follower_words(Meeting(str(tmp_path / "store")), ["cpu"], threads=1)
    assert words[-2:] == ["--parent", str(os.getpid())]
    assert follower.main([*words[3:-1], str(trainer.pid)]) == LOST_CODE
    assert not (tmp_path / "store").exists()    # the next trainer's has the same path
