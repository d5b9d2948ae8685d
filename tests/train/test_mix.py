"""Which channels AMP takes from inter_src: how many, how often, and always the same ones."""

import numpy as np
import torch

from core.nets.family import outline
from core.settings.registry import birth_settings
from core.train.lrd import LrdStream
from core.train.mix import chosen, draw_mix

STREAM = LrdStream(5, 0)


def settings(model="amp", **others):
    return birth_settings({"model": model, "resolution": 32, "inter_dims": 25, "ae_dims": 8, "e_dims": 2, "d_dims": 2,
                           "d_mask_dims": 2} | others)


def mix(model="amp", *, stream=STREAM, iteration=7, places=4, **others):
    wanted = settings(model, **others)
    return draw_mix(outline(wanted), wanted, stream, iteration, places)


def test_amp_takes_the_exact_number_of_channels_for_every_face():
    for share, count in ((0.0, 0), (0.5, 12), (0.3, 7), (1.0, 25)):
        drawn = mix(morph_factor=share)
        assert tuple(drawn.shape) == (4, 25, 1, 1) and drawn.dtype == torch.float32
        assert drawn.sum((1, 2, 3)).tolist() == [count] * 4


def test_faces_iterations_lives_and_seeds_differ_and_each_is_repeatable():
    drawn = mix()
    assert torch.equal(drawn, mix())
    assert len({tuple(row.flatten().tolist()) for row in drawn}) == 4
    for other in (mix(iteration=8), mix(stream=LrdStream(5, 1)), mix(stream=LrdStream(6, 0))):
        assert not torch.equal(drawn, other)


def test_a_larger_batch_keeps_the_choice_of_the_places_that_both_have():
    assert torch.equal(mix(places=9)[:4], mix(places=4))


def test_every_channel_is_as_likely_as_any_other():
    words = np.random.default_rng(0).integers(0, 2**64, (20_000, 8), np.uint64)
    shares = np.stack([chosen(row, 0.5, "exact") for row in words]).mean(0)
    assert np.abs(shares - 0.5).max() < 0.02


def test_amp_legacy_draws_for_each_channel_in_the_steps_of_half_precision():
    words = np.random.default_rng(0).integers(0, 2**64, 400_000, np.uint64)
    assert abs(chosen(words, 0.3, "bernoulli").mean() - 308 / 1024) < 0.003
    steps = np.arange(1024, dtype=np.uint64) << np.uint64(54)
    assert chosen(steps, 0.3, "bernoulli").sum() == 308
    assert chosen(steps, 0.0, "bernoulli").sum() == 0 and chosen(steps, 1.0, "bernoulli").sum() == 1024
    assert len(set(mix("amp_legacy", places=40).sum((1, 2, 3)).tolist())) > 1


def test_a_network_that_mixes_nothing_draws_nothing():
    wanted = birth_settings({"resolution": 32, "archi": "df-ud"})
    with torch.device("meta"):
        assert draw_mix(outline(wanted), wanted, STREAM, 0, 4) is None
