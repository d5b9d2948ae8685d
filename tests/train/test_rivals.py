"""Discriminators: they learn what drawn faces are, nobody else's weights move, and they are blocks like all others."""

import hashlib

import numpy as np
import pytest
import torch

from core.nets.block_state import load_weights, weights_of
from core.nets.family import make_network
from core.nets.initial import initialise
from core.settings.registry import birth_settings
from core.train.judge_label import exact
from core.train.lrd import LrdStream
from core.train.objective import terms_of
from core.train.optim import make_optimizer
from core.train.ramp import full_powers
from core.train.rivals import judged
from core.train.step import Step
from tests.train.test_step import BATCH, DIMS

ADVERSARIES = {"gan_power": 0.1, "gan_patch_size": 8, "gan_dims": 4, "true_face_power": 0.1}


def some_step(**changes):
    settings = birth_settings(DIMS | {"archi": "df-ud", "lr": 1e-3, "batch_size": 2} | changes)
    network = make_network(settings)
    initialise(network, 7)
    step = Step(network, make_optimizer("adabelief", network))
    step.equip(settings)
    return step, settings


def train(step, settings, count, *, first=0, locked=frozenset()):
    return [step(BATCH, settings, iteration=i, locked=locked, stream=LrdStream(3, 0)).read()
            for i in range(first, first + count)]


def hashes(step):
    """sha256 of weights, moments and counter of every block."""
    found = {}
    for learner in step.learners:
        for block in learner.blocks:
            arrays = weights_of(learner.module, block.name) | learner.optimizer.state_of(block.name)
            found[block.name] = hashlib.sha256(b"".join(a.tobytes() for a in arrays.values())).hexdigest()
    return found


def of_network(step):
    return {b.name for b in step.learner.blocks}


def test_the_gradient_of_a_discriminator_depends_on_what_is_drawn():
    step, settings = some_step(**ADVERSARIES)
    terms = terms_of(settings, full_powers(settings))
    gan, found = step.rivals.gan, []
    for seed in (7, 8):
        initialise(step.network, seed)
        _, pictures = step.rivals.examples(BATCH, terms, mix=None)
        loss, _ = judged(gan, pictures, exact(), 0.5, gan.open_blocks(frozenset()))
        gan.gradients(loss.sum(), gan.open_blocks(frozenset()))
        found.append([p.grad.clone() for p in gan.module.parameters()])
        gan.module.zero_grad()
    assert all(not torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_discriminators_that_train_against_a_standing_network_tell_it_from_the_truth():
    step, settings = some_step(**ADVERSARIES)
    locked = frozenset(of_network(step))
    before = hashes(step)
    numbers = train(step, settings | {"lr": 3e-3}, 20, locked=locked)
    assert numbers[-1].d_real - numbers[-1].d_fake > numbers[0].d_real - numbers[0].d_fake + 0.1
    assert numbers[-1].code_real - numbers[-1].code_fake > 0.2
    after = hashes(step)
    assert {b for b in before if before[b] == after[b]} == locked


def test_a_lesson_moves_no_weight_of_the_network_and_leaves_no_gradient():
    step, settings = some_step(**ADVERSARIES)
    alone, plain = some_step()
    judges = frozenset(b.name for b in step.rivals.blocks)
    powerless = settings | {"gan_power": 1e-30, "true_face_power": 1e-30, "masked_training": False}
    train(step, powerless, 2)
    train(alone, plain | {"masked_training": False}, 2)
    ours, theirs = hashes(step), hashes(alone)
    assert {name: ours[name] for name in theirs} == theirs
    assert all(p.grad is None for learner in step.learners for p in learner.module.parameters())
    train(step, settings, 1, first=2, locked=judges)
    assert {name: h for name, h in hashes(step).items() if name in judges} == {n: ours[n] for n in judges}


def test_the_network_feels_its_judges():
    moved = []
    for changes in ({}, {"gan_power": 1.0, "gan_patch_size": 8, "gan_dims": 4}, {"true_face_power": 1.0}):
        step, settings = some_step(**changes)
        train(step, settings, 1)
        moved.append(hashes(step)["encoder.down1"])
    assert len(set(moved)) == 3


def test_beliefs_are_numbers_of_those_that_learn_and_unknown_otherwise():
    step, settings = some_step(gan_power=0.1, gan_patch_size=8, gan_dims=4)
    (numbers,) = train(step, settings, 1)
    assert 0 < numbers.d_real < 1 and 0 < numbers.d_fake < 1
    assert np.isnan([numbers.code_real, numbers.code_fake]).all()


def test_switched_off_a_discriminator_is_kept_and_stands_still():
    step, settings = some_step(**ADVERSARIES)
    train(step, settings, 1)
    before = hashes(step)
    off = settings | {"gan_power": 0.0, "true_face_power": 0.0}
    (numbers,) = train(step, off, 1, first=1)
    assert np.isnan(numbers[5:9]).all()
    after = hashes(step)
    assert {b for b in before if before[b] == after[b]} == set(before) - of_network(step)
    train(step, dict(settings), 1, first=2)
    assert step.rivals.gan.optimizer.counter_of("gan.conv0") == 2


def test_another_size_begins_a_new_discriminator():
    step, settings = some_step(**ADVERSARIES)
    old = step.rivals.gan
    step.equip(settings | {"gan_dims": 6})
    assert step.rivals.gan is not old and step.rivals.gan.optimizer.counter_of("gan.conv0") == 0
    step.equip(settings | {"gan_dims": 8, "gan_power": 0.0})
    assert step.rivals.gan is None and "gan.conv0" not in {b.name for b in step.blocks}


@pytest.mark.slow
@pytest.mark.parametrize("model", [{"archi": "df-ud"}, {"archi": "liae-ud", "true_face_power": 0.0},
                                   {"model": "amp", "archi": "amp-udt", "inter_dims": 6, "true_face_power": 0.0}])
def test_saved_in_the_middle_of_a_ramp_and_loaded_it_goes_on_with_the_same_bits(model):
    changes = ADVERSARIES | {"power_ramp": 10, "gan_noise": 0.05, "lr_dropout": "y", "gan_smoothing": 0.1} | model
    step, settings = some_step(**changes)
    train(step, settings, 3)
    state = step.state()
    saved = {block.name: (weights_of(learner.module, block.name), learner.optimizer.state_of(block.name))
             for learner in step.learners for block in learner.blocks}
    train(step, settings, 2, first=3)

    network = make_network(settings)
    again = Step(network, make_optimizer("adabelief", network))
    again.restore(state, settings)
    for learner in again.learners:
        for block in learner.blocks:
            weights, moments = saved[block.name]
            load_weights(learner.module, block.name, weights)
            learner.optimizer.load_state(block.name, moments)
    train(again, settings, 2, first=3)
    assert hashes(again) == hashes(step)


# What can be changed while a run trains, one after the other on the same run.
LIVE = [{"blur_out_mask": "y"}, {"blur_out_mask": "dfl"}, {"loss_function": "MS-SSIM"}, {"loss_function": "MS-SSIM+L1"},
        {"loss_function": "MS-SSIM+L1-dfl"}, {"background_power": 0.3}, {"masked_training": False},
        {"face_style_power": 5.0}, {"bg_style_power": 5.0}, {"bg_style_power": 5.0, "bg_style_mask": "dfl"},
        {"face_style_power": 1.0, "bg_style_power": 1.0}, {"true_face_power": 0.1},
        {"gan_power": 0.1, "gan_dims": 4, "gan_patch_size": 8}, {"gan_power": 0.1, "gan_noise": 0.1},
        {"gan_power": 0.1, "gan_sides": "both"}, {"gan_power": 0.1, "speckle_guard": "dfl"}, {"unwarped_every": 1},
        {"pretrain": "y"}, {"pretrain": "dfl", "true_face_power": 0.1}, {"lr_dropout": "y"}, {"clipgrad": True}]


@pytest.mark.slow
def test_every_option_of_the_step_acts_at_the_next_iteration_of_a_run_that_trains():
    step, plain = some_step(lr=1e-5)
    train(step, plain, 1)
    for number, changes in enumerate(LIVE, start=1):
        before, settings = hashes(step), plain | changes
        (changed,) = train(step, settings, 1, first=number)
        after = hashes(step)
        assert changed.applied, changes
        assert all(before[b] != after[b] for b in of_network(step)), changes


def test_each_loss_option_changes_what_is_paid():
    gan = {"gan_power": 0.1, "gan_dims": 4, "gan_patch_size": 8}
    paid = {}
    for changes in ({}, *LIVE[2:12], {"blur_out_mask": "y", "masked_training": False},
                    {"blur_out_mask": "dfl", "masked_training": False}, gan, gan | {"gan_sides": "both"},
                    gan | {"speckle_guard": "dfl"}, gan | {"masked_training": False}):
        step, settings = some_step(**changes)
        with torch.no_grad():
            paid[str(changes)] = step.losses(BATCH, settings).total.double().sum().item()
    assert len(set(paid.values())) == len(paid), paid


def test_without_a_cause_to_judge_no_judge_is_made():
    step, _ = some_step()
    assert step.rivals.blocks == [] and step.state()["rivals"] == {"gan": None, "code": False}
