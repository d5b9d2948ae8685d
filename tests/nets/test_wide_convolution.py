"""A convolution as a product of matrices: the same numbers, and only where it is meant."""

import pytest
import torch

from core.nets.wide_convolution import LEAST_WEIGHTS, MOST_PLACES, convolved, product


def pair(outputs: int, inputs: int, batch: int, side: int) -> tuple[torch.nn.Conv2d, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    conv = torch.nn.Conv2d(inputs, outputs, 3, padding=1).to(memory_format=torch.channels_last)
    return conv, torch.randn(batch, inputs, side, side, generator=generator).requires_grad_()


@pytest.mark.parametrize("side", [1, 2, 5])
def test_a_product_is_the_convolution_with_its_gradients(side):
    conv, x = pair(12, 7, 3, side)
    found = []
    for way in (conv, lambda x: product(x, conv)):
        y = way(x)
        gradients = torch.autograd.grad((y * torch.linspace(-1, 1, y.numel()).view(y.shape)).sum(),
                                        [x, conv.weight, conv.bias])
        found.append((y, *gradients))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_the_product_is_taken_where_a_large_weight_learns_on_a_small_map(monkeypatch):
    taken = []
    monkeypatch.setattr("core.nets.wide_convolution.product", lambda x, conv: taken.append(x.shape) or conv(x))
    wide, small = pair(LEAST_WEIGHTS // (9 * 128) + 1, 128, 1, 2)
    convolved(small, wide)
    assert taken == [(1, 128, 2, 2)]
    taken.clear()
    with torch.no_grad():
        convolved(small, wide)
    convolved(torch.zeros(MOST_PLACES // 4 + 1, 128, 2, 2), wide)
    convolved(small[:, :8], pair(16, 8, 1, 2)[0])
    wide.weight.requires_grad_(False)
    convolved(small, wide)
    assert taken == []
