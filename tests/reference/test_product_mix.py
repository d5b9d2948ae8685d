"""AMP's choice of channels: its counts and its evenness (facts/losses.md 5 and 7); swaps at a morph."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.nets.family import make_network
from core.samples.stream import Address, Draws, Stream
from core.train.mix import chosen

from . import amp, network, stream
from .test_product_step import AMP, GIVEN, load, made_up, settings_of


def rows(n: int, channels: int, share: float, mixing: str) -> np.ndarray:
    draws = Draws()
    return np.array([chosen(draws.raw(Address(5, Stream.MORPH, 0, i, 0), channels), share, mixing) for i in range(n)])


@pytest.mark.parametrize(("channels", "share"), [(24, 0.5), (64, 0.3), (25, 0.1), (16, 0.0), (16, 1.0)])
def test_an_exact_choice_has_as_many_ones_as_the_original_s(channels, share):
    found = rows(50, channels, share, "exact")
    expected = amp.channel_choice(np.arange(channels), share).sum()
    assert set(np.unique(found)) <= {0.0, 1.0}
    assert set(found.sum(axis=1)) == {expected}


def test_an_exact_choice_favours_no_channel_and_no_pair():
    n, channels = 3000, 12
    found = rows(n, channels, 0.5, "exact")
    assert np.abs([stream.normal_deviates(share, n, 0.5) for share in found.mean(axis=0)]).max() < 4.2
    # of two channels both are chosen with probability 6/12 * 5/11
    pairs = (found.T @ found / n)[np.triu_indices(channels, 1)]
    assert np.abs([stream.normal_deviates(share, n, 0.5 * 5 / 11) for share in pairs]).max() < 4.5


def test_a_bernoulli_choice_is_free():
    n, channels = 400, 64
    found = rows(n, channels, 0.3, "bernoulli")
    # shares are drawn in steps of 1/1024, as the original's half-precision numbers are (facts/losses.md 10.4)
    assert abs(stream.normal_deviates(found.mean(), found.size, np.ceil(0.3 * 1024) / 1024)) < 4
    assert found.sum(axis=1).var() == pytest.approx(channels * 0.3 * 0.7, rel=4 * np.sqrt(2 / n))
    assert abs(stream.correlation_deviates(found[:-1], found[1:])) < 4.5


@pytest.mark.parametrize("morph", [0.0, 0.3, 0.5, 1.0])
def test_a_swap_at_a_morph_is_the_same(morph):
    """The first int(24 * morph) channels come from inter_src."""
    w, module = made_up("amp"), make_network(settings_of(AMP, {}))
    load(module, w)
    faces = GIVEN["warped_dst"][:1]
    picture, mask = module.swap(torch.from_numpy(faces.astype(np.float32)), morph=morph)
    expected = network.decoder(amp.swap_code(*network.amp_maps(faces, w), morph), w, "decoder", deep=True)
    assert np.abs(picture.numpy() - expected[0]).max() < 2e-6
    assert np.abs(mask.numpy() - expected[1]).max() < 2e-6
