"""A step as a whole: what it computes, what it refuses to apply, what a lock leaves untouched."""

import hashlib
from dataclasses import replace

import pytest
import torch

from core.events.pattern import resolve
from core.nets.family import make_network
from core.nets.initial import initialise
from core.settings.registry import defaults
from core.train.lrd import LrdStream
from core.train.optim import make_optimizer
from core.train.shared_pass import SharedPassTrial, measure_shared_pass
from core.train.step import Step
from core.train.train_batch import TrainBatch, TrainSide

DIMS = {"resolution": 64, "ae_dims": 16, "e_dims": 4, "d_dims": 4, "d_mask_dims": 2}


def some_side(seed, *, eyes=False):
    g = torch.Generator().manual_seed(seed)
    pictures = [torch.rand(2, 3, 64, 64, generator=g) for _ in range(2)]
    mask = torch.zeros(2, 1, 64, 64)
    mask[:, :, 16:48, 12:50] = 1
    return TrainSide(*pictures, mask, torch.rand(2, 1, 64, 64, generator=g) if eyes else None)


BATCH = TrainBatch(some_side(1), some_side(2))


def some_step(archi="df-ud", **changes):
    settings = defaults() | DIMS | {"archi": archi} | changes
    network = make_network(settings)
    initialise(network, 7)
    return Step(network, make_optimizer(str(settings["optimizer"]), network)), settings


def train(step, settings, iterations, *, first=0, locked=frozenset(), batch=BATCH):
    return [step(batch, settings, iteration=i, locked=locked, stream=LrdStream(3, 0))
            for i in range(first, first + iterations)]


def hash_of(step, block):
    """sha256 of a block's weights, moments and counter."""
    digest = hashlib.sha256()
    for p in step.network.parameters_of(block).values():
        digest.update(p.detach().contiguous().numpy().tobytes())
    for array in step.optimizer.state_of(block).values():
        digest.update(array.tobytes())
    return digest.hexdigest()


def hashes(step):
    return {b.name: hash_of(step, b.name) for b in step.blocks}


@pytest.mark.parametrize("archi", ["df-ud", "liae-udt"])
def test_losses_fall_and_the_numbers_are_batch_means(archi):
    step, settings = some_step(archi, lr=1e-3)
    results = train(step, settings, 6)
    first, last = results[0].read(), results[-1].read()
    assert last.src < first.src and last.dst < first.dst and last.masks < first.masks
    assert first.src == pytest.approx(float(results[0].src.mean())) and results[0].src.shape == (2,)
    assert first.applied and first.gradient_norm > 0
    assert all(p.grad is None for p in step.network.parameters())


def test_the_same_step_twice_gives_the_same_bits():
    both = []
    for _ in range(2):
        step, settings = some_step("liae-ud", lr_dropout="y", clipgrad=True)
        train(step, settings, 3)
        both.append(hashes(step))
    assert both[0] == both[1]


def test_one_pass_for_both_people_changes_only_rounding():
    for archi in ("df-ud", "liae-ud"):
        numbers = []
        for shared in (True, False):
            step, settings = some_step(archi)
            step.shared_pass = shared
            numbers.append(train(step, settings, 1)[0].read())
        assert numbers[0][:4] == pytest.approx(numbers[1][:4], rel=1e-4)


@pytest.mark.parametrize(("shared_ms", "split_ms", "is_shared"), [(100, 110, True), (100, 98, True), (100, 90, False)])
def test_one_pass_is_taken_unless_two_are_faster_by_more_than_noise(shared_ms, split_ms, is_shared):
    assert SharedPassTrial(shared_ms, split_ms).is_shared_faster == is_shared


def test_measuring_which_form_is_faster_changes_nothing():
    step, settings = some_step("liae-ud")
    before = hashes(step)
    passes: list[None] = []
    trial = measure_shared_pass(step, BATCH, settings, repeats=2, passed=lambda: passes.append(None))
    assert trial.shared_ms > 0 and trial.split_ms > 0
    assert len(passes) == 6     # signs of life: a pass of a large network takes minutes on a CPU
    assert hashes(step) == before and step.shared_pass
    assert all(p.grad is None for p in step.network.parameters())


def test_only_the_passes_that_a_loss_needs_are_computed():
    for archi, shared, passes in (("df-ud", True, (1, 1, 1)), ("df-ud", False, (2, 1, 1)), ("liae-ud", True, (1, 1, 0)),
                                  ("liae-ud", False, (2, 2, 0))):
        step, settings = some_step(archi)
        step.shared_pass = shared
        calls = {}
        for name, part in step.network.named_children():
            part.register_forward_hook(lambda *_, name=name, calls=calls: calls.update({name: calls.get(name, 0) + 1}))
        train(step, settings, 1)
        decoders = ("decoder_src", "decoder_dst") if archi == "df-ud" else ("decoder", "")
        assert (calls["encoder"], *(calls.get(d, 0) for d in decoders)) == passes


def test_a_step_that_is_not_finite_changes_nothing_and_says_so():
    step, settings = some_step(clipgrad=True, lr_dropout="y")
    train(step, settings, 1)
    before = hashes(step)
    bad = replace(BATCH, src=replace(BATCH.src, target=torch.full((2, 3, 64, 64), float("nan"))))
    result = train(step, settings, 1, first=1, batch=bad)[0]
    assert not result.read().applied
    assert hashes(step) == before
    assert train(step, settings, 1, first=2)[0].read().applied


def test_clipping_moves_weights_as_if_the_gradient_were_shorter():
    (clipped, settings), (free, plain) = some_step(clipgrad=True), some_step()
    norm = train(clipped, settings, 1)[0].read().gradient_norm
    train(free, plain, 1)
    assert norm > 1
    for block in ("encoder.down1", "decoder_dst.mask.out"):
        a, b = (s.optimizer.state_of(block)["conv.weight.m"] for s in (clipped, free))
        assert a * norm == pytest.approx(b, rel=1e-4, abs=1e-9)


def test_eyes_and_mouth_weigh_where_the_batch_has_their_mask():
    step, settings = some_step()
    heavy = TrainBatch(some_side(1, eyes=True), some_side(2))
    plain, weighed = train(step, settings, 1)[0], train(step, settings, 1, batch=heavy)[0]
    assert weighed.read().src > 2 * plain.read().src


# --- locks ------------------------------------------------------------------------------------------------------------
EXTRAS = [{}, {"lr_dropout": "y"}, {"clipgrad": True}, {"optimizer": "rmsprop", "lr_dropout": "y", "clipgrad": True}]


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize(("archi", "pattern"), [
    ("df-ud", "encoder"), ("df-ud", "encoder,inter"), ("df-ud", "inter"), ("df-ud", "decoder_dst"),
    ("df-ud", "encoder.*,decoder_src.res1"), ("liae-ud", "inter_ab"), ("liae-ud", "encoder,inter_b"),
    ("liae-ud", "*.mask.*"), ("liae-ud", "features")])
def test_a_locked_block_does_not_change_by_a_bit_and_the_others_do(archi, pattern, extra):
    step, settings = some_step(archi, **extra)
    train(step, settings, 2)
    before = hashes(step)
    locked = frozenset(resolve(pattern, step.blocks))
    train(step, settings, 2, first=2, locked=locked)
    after = hashes(step)
    assert {name for name in before if before[name] == after[name]} == locked
    train(step, settings, 1, first=4)
    assert all(hashes(step)[name] != before[name] for name in locked)
    assert {step.optimizer.counter_of(b) for b in locked} == {3}
    assert {step.optimizer.counter_of(b) for b in before if b not in locked} == {5}


def test_locking_one_block_does_not_change_the_dropout_of_another():
    moved = []
    for locked in (frozenset(), frozenset({"decoder_dst.mask.out"})):
        step, settings = some_step(lr_dropout="y")
        before = step.network.decoder_src.res0.conv1.weight.detach().clone()
        train(step, settings, 1, locked=locked)
        moved.append(step.network.decoder_src.res0.conv1.weight.detach() != before)
    assert torch.equal(*moved)


def test_locked_gradients_have_no_part_in_the_clipping_norm():
    step, settings = some_step()
    full = train(step, settings, 1)[0].read().gradient_norm
    step, settings = some_step()
    part = train(step, settings, 1, locked=frozenset(resolve("all,-inter.dense1", step.blocks)))[0].read()
    assert 0 < part.gradient_norm < full


def test_the_backward_pass_ends_at_a_locked_prefix():
    step, settings = some_step("liae-ud")
    fired = set()

    def watch(name):
        def hook(_module, _inputs, output):
            if output.requires_grad:
                output.register_hook(lambda _: fired.add(name))
        return hook

    for block in step.blocks:
        step.network.get_submodule(block.name).register_forward_hook(watch(block.name))
    train(step, settings, 1, locked=frozenset(resolve("encoder,inter_b", step.blocks)))
    assert not {n for n in fired if n.startswith(("encoder", "inter_b"))}
    assert {n for n in fired if n.startswith("inter_ab")}
    fired.clear()
    train(step, settings, 1, locked=frozenset(resolve("encoder,inter_b,-encoder.down1", step.blocks)))
    assert "encoder.down4" in fired  # a locked middle still hands the gradient on


def test_with_everything_locked_a_step_only_measures():
    step, settings = some_step()
    before = hashes(step)
    numbers = train(step, settings, 1, locked=frozenset(before))[0].read()
    assert numbers.applied and numbers.gradient_norm == 0 and numbers.src > 0
    assert hashes(step) == before


def test_inter_ab_rests_without_random_warp_where_the_settings_ask_for_it():
    step, settings = some_step("liae-ud", freeze_ab_without_warp=True, random_warp=False)
    before = hashes(step)
    train(step, settings, 1)
    still = {name for name, value in hashes(step).items() if value == before[name]}
    assert still == set(resolve("inter_ab", step.blocks))
    train(step, settings | {"random_warp": True}, 1, first=1)
    assert all(hashes(step)[name] != before[name] for name in before)


def test_a_deferred_gpu_result_can_be_read_later():
    step, settings = some_step()
    result = train(step, settings, 1)[0]
    assert result.numbers.shape == (11,) and not result.numbers.requires_grad and not result.src.requires_grad


# --- learning-rate dropout over several steps -------------------------------------------------------------------------
def test_dropout_moves_three_weights_in_ten_anew_each_step_and_nearly_all_in_twelve():
    step, settings = some_step("df", resolution=32, ae_dims=128, e_dims=8, d_dims=8, lr_dropout="y", lr=1e-3,
                               lr_cos=0)
    side = TrainSide(*(torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(i)) for i in (1, 2)),
                     torch.ones(2, 1, 32, 32), None)
    batch = TrainBatch(side, replace(side, warped=side.target))
    parameters = list(step.network.parameters())
    first = [p.detach().clone() for p in parameters]
    shares, before, last = [], first, []
    for iteration in range(12):
        train(step, settings, 1, first=iteration, batch=batch)
        moved = torch.cat([(p != old).flatten() for p, old in zip(parameters, before, strict=True)])
        feels = torch.cat([(moments != 0).flatten() for block in step.learner.blocks for _, slot, moments in
                           step.optimizer.moments_of(block.name) if slot == "m"])     # they had a gradient
        assert int(feels.sum()) > 1_000_000 and not (moved & ~feels).any()
        shares.append(float(moved[feels].float().mean()))
        if iteration:
            assert float((moved & last)[feels].float().mean()) < 0.1     # 0.09 for two draws, 0.3 for one drawn twice
        before, last = [p.detach().clone() for p in parameters], moved
    assert shares == pytest.approx([0.30] * 12, abs=0.005)
    ever = torch.cat([(p != old).flatten() for p, old in zip(parameters, first, strict=True)])
    assert float(ever[feels].float().mean()) == pytest.approx(1 - 0.7**12, abs=0.005)
