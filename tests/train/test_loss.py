"""Losses against the vectors of facts/losses.md, appendix A, B and G. The vectors are float64, ours is float32."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.train.loss_blur import gaussian_blur, gaussian_row, soft_mask
from core.train.loss_side import LossForm, side_loss
from core.train.loss_ssim import SIGMA, dissimilarity, structure, windows_for
from core.train.train_batch import TrainSide, to_tensor

PHI, P2 = 0.6180339887498949, 0.7548776662466927


def sequence(shape, a):
    n = int(np.prod(shape))
    return torch.from_numpy(((np.arange(1, n + 1) * a) % 1).reshape(shape))


X = sequence((1, 3, 64, 64), PHI)
Y = 0.7 * X + 0.3 * sequence((1, 3, 64, 64), P2)
X, Y = X.float(), Y.float()


def disc(cx, cy, radius2):
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    return ((x - cx) ** 2 + (y - cy) ** 2 < radius2).float()[None, None]


# --- A ----------------------------------------------------------------------------------------------------------------
def test_the_window_is_a_normalised_gaussian_of_one_width_at_any_size():
    assert torch.allclose(gaussian_row(5, SIGMA)[:3], torch.tensor([0.1200783842, 0.2338807566, 0.2920817183]))
    half = [0.0010283801, 0.0075987581, 0.0360007721, 0.1093606895, 0.2130055377, 0.2660117249]
    assert torch.allclose(gaussian_row(11, SIGMA)[:6], torch.tensor(half))
    assert float(gaussian_row(22, SIGMA)[10] ** 2) == pytest.approx(0.0632969336, abs=1e-8)


@pytest.mark.parametrize(("window", "expected"), [
    (5, (0.0574473254, 0.0574325910, 0.0574588038)),
    (11, (0.0569173240, 0.0571001148, 0.0573576332)),
    (22, (0.0564298363, 0.0570018197, 0.0575601950))])
def test_dissimilarity_is_that_of_the_facts(window, expected):
    (value,) = dissimilarity(X, Y, [window])
    assert value[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_dissimilarity_and_its_gradient_are_those_of_a_plain_two_dimensional_window():
    def plain(a, b, n):
        row = gaussian_row(n, SIGMA).double()
        kernel = torch.outer(row, row).expand(3, 1, n, n)
        ma, mb, ab, sq = (F.conv2d(t, kernel, groups=3) for t in (a, b, a * b, a * a + b * b))
        luminance = (2 * ma * mb + 1e-4) / (ma**2 + mb**2 + 1e-4)
        contrast = (2 * ab - 2 * ma * mb + 9e-4) / (sq - ma**2 - mb**2 + 9e-4)
        return (1 - (luminance * contrast).mean((2, 3))) / 2

    for n in (5, 11):
        fast, slow = Y.clone().requires_grad_(), Y.double().requires_grad_()
        dissimilarity(X, fast, [n])[0].sum().backward()
        plain(X.double(), slow, n).sum().backward()
        assert (fast.grad - slow.grad).abs().max() < 1e-5 * slow.grad.abs().max()


def test_window_sizes_are_those_of_the_facts():
    one = {64: 5, 96: 8, 128: 11, 160: 13, 192: 16, 224: 19}
    two = {256: (22, 11), 288: (24, 12), 320: (27, 13), 384: (33, 16), 416: (35, 17), 448: (38, 19), 512: (44, 22),
           640: (55, 27)}
    assert {r: windows_for(r) for r in (*one, *two)} == {r: (w,) for r, w in one.items()} | two
    assert windows_for(32) == (2,)


def test_two_windows_share_the_weight_from_256_pixels_on():
    a, b = torch.rand(1, 3, 256, 256), torch.rand(1, 3, 256, 256)
    first, second = dissimilarity(a, b, [22, 11])
    assert float(structure(a, b)) == pytest.approx(float(5 * first.mean() + 5 * second.mean()), rel=1e-6)


# --- B ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("radius", "expected"), [
    (0.5, (0.4517425476, 0.8164786948, 0.4840670185, 30.6462225590)),
    (1.0, (0.2337731561, 0.6023574159, 0.3294549755, 26.6957831455)),
    (1.75, (0.1809918107, 0.5160671099, 0.2320904504, 23.0126633933)),
    (2.0, (0.1668810632, 0.4812024485, 0.2081964967, 21.3821088877))])
def test_gaussian_blur_keeps_the_size_and_loses_mass_at_the_border(radius, expected):
    y = gaussian_blur(sequence((1, 1, 8, 8), PHI).float(), radius)[0, 0]
    assert y.shape == (8, 8)
    assert [float(y[0, 0]), float(y[3, 4]), float(y[7, 7]), float(y.sum())] == pytest.approx(expected, rel=1e-5)


# --- G ----------------------------------------------------------------------------------------------------------------
MASK, EYES = disc(31.5, 31.5, 400), disc(31.5, 24, 36)
PLACES = ((0, 20, 20), (1, 31, 31), (2, 24, 33), (0, 24, 31), (1, 0, 0))


def test_the_soft_mask_grows_outward():
    soft = soft_mask(MASK)
    assert (MASK.sum(), EYES.sum()) == (1264, 108)
    assert float(soft.sum()) == pytest.approx(1452.4371975261, rel=1e-6)
    assert soft.min() == 0 and soft.max() == 1 and (soft >= MASK - 0.3).all()


def test_loss_of_a_side_and_its_gradient_are_those_of_the_facts():
    picture, mask = Y.clone().requires_grad_(), (0.8 * MASK + 0.1).requires_grad_()
    loss = side_loss(picture, mask, TrainSide(X, X, MASK, EYES), LossForm())
    loss.total.sum().backward()
    assert float(loss.total.detach()) == pytest.approx(1.1798703652, rel=2e-6)
    assert float(loss.mask.detach()) == pytest.approx(0.1, rel=1e-6)
    expected = (4.4032804878e-04, 9.8241657987e-04, -2.4563375132e-02, 2.6080646542e-02, 0)
    assert [float(picture.grad[0][place]) for place in PLACES] == pytest.approx(expected, rel=1e-4, abs=1e-8)
    assert float(picture.grad.norm()) == pytest.approx(0.4620047697, rel=1e-6)
    assert float(mask.grad[0, 0, 32, 32]) == pytest.approx(-4.8828125e-04, rel=1e-5)
    assert float(mask.grad.norm()) == pytest.approx(0.03125, rel=1e-5)


def test_each_term_can_be_left_out():
    side = TrainSide(X, X, MASK, None)
    mask = 0.8 * MASK + 0.1
    assert float(side_loss(Y, mask, side, LossForm()).total) == pytest.approx(1.1798703652 - 0.7890481423, rel=5e-6)
    bare = side_loss(Y, MASK, side, LossForm(is_masked=False)).total
    assert float(bare) == pytest.approx(10 * 0.0574462401 + 10 * 0.0150179539, rel=1e-5)


def test_two_windows_have_the_gradient_of_the_facts():
    picture = Y.clone().requires_grad_()
    value = sum(5 * d.mean() for d in dissimilarity(X, picture, [22, 11]))
    value.backward()
    assert float(value.detach()) == pytest.approx(0.5706115382, rel=2e-6)
    expected = (6.9549551460e-04, 1.2488101183e-03, -1.0818712690e-04, 2.2245267455e-03, 1.0999286938e-09)
    assert [float(picture.grad[0][place]) for place in PLACES] == pytest.approx(expected, rel=2e-3, abs=1e-9)


def test_losses_are_one_number_a_sample_and_do_not_mix_samples():
    target, picture = torch.rand(3, 3, 64, 64), torch.rand(3, 3, 64, 64)
    mask = MASK.expand(3, 1, 64, 64)
    whole = side_loss(picture, mask * 0.7, TrainSide(target, target, mask, None), LossForm()).total
    for i in range(3):
        one = slice(i, i + 1)
        side = TrainSide(target[one], target[one], mask[one], None)
        assert float(side_loss(picture[one], mask[one] * 0.7, side, LossForm()).total) == pytest.approx(
            float(whole[i]), rel=1e-6)


def test_bytes_become_tensors_in_the_order_of_the_files():
    array = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    tensor = to_tensor(array, torch.device("cpu"))
    array[:] = 0  # the batch's memory is used again
    assert tensor.shape == (2, 3, 4, 4) and tensor.is_contiguous(memory_format=torch.channels_last)
    assert float(tensor[1, 2, 3, 3]) == pytest.approx(95 / 255)
