"""The product's optimizer, rate and dropout masks against the restatements and their statistics.

The optimizer moves a small discriminator, because it takes any network with blocks. Weights are float32: one update
may be off by one place of the weight, the moments by a few of theirs.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.nets.discriminator import PatchDiscriminator
from core.train import lrd, rate
from core.train.judge_label import labels_of
from core.train.optim import make_optimizer

from . import optimizer, stream

STEPS = 4


def small_network() -> PatchDiscriminator:
    network, state = PatchDiscriminator(8, 4), np.random.RandomState(7)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.from_numpy(state.uniform(-0.5, 0.5, parameter.shape).astype(np.float32)))
    return network


def tensors(network: PatchDiscriminator) -> dict[tuple[str, str], torch.nn.Parameter]:
    return {(b.name, n): p for b in network.blocks for n, p in network.parameters_of(b.name).items()}


@pytest.mark.parametrize("is_dropped", [False, True])
@pytest.mark.parametrize("in_lists", [False, True])
@pytest.mark.parametrize("kind", ["adabelief", "rmsprop"])
def test_updates_are_the_same(kind, in_lists, is_dropped):
    network, state = small_network(), np.random.RandomState(3)
    moving = make_optimizer(kind, network)
    blocks = [b.name for b in network.blocks]
    weights = {k: p.detach().numpy().astype(np.float64) for k, p in tensors(network).items()}
    slots = 2 if kind == "adabelief" else 1
    kept = {k: [np.zeros(w.shape) for _ in range(slots)] for k, w in weights.items()}
    rule = optimizer.adabelief if kind == "adabelief" else optimizer.rmsprop
    for n in range(STEPS):
        step_rate, scale = 0.01 * (n + 1), (1.0, 0.25)[n % 2]
        masks = lrd.draw_masks(moving, blocks, lrd.LrdStream(5, 1), n) if is_dropped else None
        for key, parameter in tensors(network).items():
            # sizes from 1e-8 to 10: also where the floor under the root rules
            drawn = state.randn(*parameter.shape) * 10.0 ** state.uniform(-8, 1, parameter.shape)
            gradient = drawn.astype(np.float32)
            parameter.grad = torch.from_numpy(gradient.copy())
            open_ = 1.0 if masks is None else masks[key[0]][key[1]].numpy().astype(np.float64).reshape(gradient.shape)
            scaled = gradient.astype(np.float64) * scale
            weights[key], *kept[key] = rule(weights[key], *kept[key], scaled, step_rate * open_)
        if in_lists:
            moving.update_in_lists(blocks, step_rate, torch.tensor(scale), torch.tensor(1.0), masks)
        else:
            moving.update_in_stretches(blocks, step_rate, scale, masks)
    for (block, name), parameter in tensors(network).items():
        found = moving.state_of(block)
        for slot, expected in zip("ms" if slots == 2 else "a", kept[block, name], strict=True):
            largest = np.abs(expected).max()
            moments = found[f"{name}.{slot}"].reshape(expected.shape)
            assert np.allclose(moments, expected, rtol=2e-5, atol=1e-6 * largest)
        assert np.abs(parameter.detach().numpy() - weights[block, name]).max() < 3e-7


@pytest.mark.parametrize("iteration", [0, 1, 100, 249, 250, 499, 500, 12345])
def test_the_cosine_rate_is_the_same(iteration):
    found = rate.cosine_rate(5e-5, 500, iteration)
    # the original writes pi with ten digits: at 12,345 steps the angle is off by 1.4e-8
    assert found == pytest.approx(optimizer.cosine_rate(5e-5, iteration), rel=1e-6, abs=1e-14)


# --- dropout masks ---------------------------------------------------------------------------------------------------

CHANCE = 77 / 256



def masks_of(
    block: str, iteration: int, *, seed: int = 1, life: int = 0, size: tuple[int, ...] = (64, 32, 5, 5)
) -> np.ndarray:
    empty = {"conv.weight": torch.zeros(size), "conv.bias": torch.zeros(64)}
    parameters = {name: torch.nn.Parameter(tensor) for name, tensor in empty.items()}
    found = lrd.block_masks(parameters, block, lrd.LrdStream(seed, life), iteration)
    return found["conv.weight"].numpy().astype(np.float64)


def test_a_mask_opens_three_tenths_of_the_weights():
    found = masks_of("encoder.down1", 0)
    assert set(np.unique(found)) == {0.0, 1.0}
    assert abs(stream.normal_deviates(found.mean(), found.size, CHANCE)) < 4
    every = np.mean([masks_of("encoder.down1", i).mean() for i in range(12)])
    assert abs(stream.normal_deviates(every, 12 * found.size, CHANCE)) < 4
    assert abs(stream.normal_deviates(every, 12 * found.size, 0.29)) > 15


def test_masks_of_other_blocks_iterations_seeds_and_lives_are_independent():
    first = masks_of("encoder.down1", 10)
    others = {
        "block": masks_of("encoder.down2", 10), "iteration": masks_of("encoder.down1", 11),
        "seed": masks_of("encoder.down1", 10, seed=2), "life": masks_of("encoder.down1", 10, life=1),
        "neighbour": np.roll(first, 1, axis=-1), "row": np.roll(first, 1, axis=-2), "filter": np.roll(first, 1, axis=0),
    }
    for what, other in others.items():
        assert abs(stream.correlation_deviates(first, other)) < 4.5, what
    assert np.array_equal(first, masks_of("encoder.down1", 10))


def test_every_weight_is_opened_about_as_often():
    """No place of a tensor is favoured over iterations: the counts of openings spread as a binomial."""
    counts = sum(masks_of("inter.dense1", i, size=(64, 40)) for i in range(200))
    expected = 200 * CHANCE * (1 - CHANCE)
    assert counts.var() == pytest.approx(expected, rel=4 * np.sqrt(2 / counts.size))
    assert counts.mean() == pytest.approx(200 * CHANCE, abs=4 * np.sqrt(expected / counts.size))


def test_labels_are_flipped_and_smoothed_as_often_as_asked():
    settings = {"gan_noise": 0.2, "gan_smoothing": 0.1, "batch_size": 4}
    labels = labels_of(settings, lrd.LrdStream(3, 0), 17)
    like = torch.zeros((4, 1, 96, 96))
    real, fake = labels.real(like, 0).numpy(), labels.fake(like, 0).numpy()
    assert set(np.unique(real)) == set(np.unique(fake)) == {np.float32(0.0), np.float32(0.9)}
    chance = round(0.2 * 256) / 256
    assert abs(stream.normal_deviates((real > 0).mean(), real.size, 1 - chance)) < 4
    assert abs(stream.normal_deviates((fake > 0).mean(), fake.size, chance)) < 4
    assert abs(stream.correlation_deviates(real, fake)) < 4.5
    assert abs(stream.correlation_deviates(real, labels.real(like, 1).numpy())) < 4.5
    later = labels_of(settings, lrd.LrdStream(3, 0), 18).real(like, 0).numpy()
    assert abs(stream.correlation_deviates(real, later)) < 4.5
