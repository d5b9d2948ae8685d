"""The product's losses and their gradients against the float64 restatements.

Inputs are multiples of 1/4096, exact in both precisions. The product computes in float32; bounds are a few of its
roundings, scaled by what the formula amplifies: SSIM divides by variances near 1e-3, which turns 6e-8 into about
1e-6.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.train import blur_out, clip, loss_blur, loss_judge, loss_msssim, loss_side, loss_ssim, loss_style
from core.train.train_batch import TrainSide

from . import adversarial, filters, loss_mask, optimizer, saehd, similarity, style
from .derivative import along, at


def pictures(seed: int, shape: tuple[int, ...], *, smooth: float = 2.0) -> np.ndarray:
    """Blurred noise in 0..1, in steps of 1/4096."""
    noise = np.random.RandomState(seed).rand(*shape)
    soft = filters.gblur(np.pad(noise, [(0, 0), (0, 0), (8, 8), (8, 8)], mode="wrap"), smooth)[..., 8:-8, 8:-8]
    low, high = soft.min(), soft.max()
    return np.round((soft - low) / (high - low) * 4096) / 4096


def discs(count: int, side: int, *, soft: bool = False) -> np.ndarray:
    """A face-like mask for each sample: another circle each, (count, 1, side, side)."""
    y, x = np.mgrid[0:side, 0:side]
    radius = [np.hypot(x - side * (0.45 + 0.05 * i), y - side * 0.5) - side * (0.3 + 0.04 * i) for i in range(count)]
    edge = np.clip(0.5 - np.stack(radius)[:, None], 0, 1)
    return np.round(edge * 4096) / 4096 if soft else (edge > 0.5).astype(np.float64)


def tensor(x: np.ndarray, *, grad: bool = False) -> torch.Tensor:
    return torch.from_numpy(x.astype(np.float32)).requires_grad_(grad)


def gradient(function, x: np.ndarray) -> np.ndarray:
    """Autograd's gradient of the sum of the product's function at x, float64."""
    leaf = tensor(x, grad=True)
    function(leaf).sum().backward()
    return leaf.grad.numpy().astype(np.float64)


def agree_in_slope(product, reference, x: np.ndarray, *, rel: float = 2e-5) -> None:
    """Gradient of the product against complex steps of the reference: along two directions and at four places."""
    state, found = np.random.RandomState(1), gradient(product, x)
    scale = np.linalg.norm(found)
    for _ in range(2):
        way = state.randn(*x.shape) / np.sqrt(x.size)
        assert np.sum(found * way) == pytest.approx(along(reference, x, way), abs=rel * scale)
    largest = np.argsort(np.abs(found).ravel())[-2:]
    places = [np.unravel_index(i, x.shape) for i in (*largest, *state.randint(0, x.size, 2))]
    slopes = at(reference, x, [tuple(int(v) for v in p) for p in places])
    assert [found[p] for p in places] == pytest.approx(slopes, abs=rel * np.abs(found).max())


# --- blurs and masks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 5, 8, 11, 22])
def test_windows_are_the_same(size):
    assert np.abs(loss_blur.gaussian_row(size, 1.5).numpy() - filters.dssim_row(size)).max() < 6e-8


@pytest.mark.parametrize("radius", [0.5, 1, 1.75, 2, 4, 8])
def test_blurs_are_the_same(radius):
    x = pictures(1, (2, 3, 40, 33), smooth=0.6)
    found = loss_blur.gaussian_blur(tensor(x), radius).numpy()
    assert np.abs(found - filters.gblur(x, radius)).max() < 5e-7


@pytest.mark.parametrize("side", [24, 64, 96])
def test_soft_masks_are_the_same(side):
    mask = discs(2, side, soft=True)
    assert np.abs(loss_blur.soft_mask(tensor(mask)).numpy() - loss_mask.blurred(mask, side)).max() < 1e-6


@pytest.mark.parametrize(("is_dfl", "reference"), [(True, loss_mask.blur_out), (False, loss_mask.blur_out_corrected)])
@pytest.mark.parametrize("side", [64, 160])
def test_blurred_out_targets_are_the_same(side, is_dfl, reference):
    image, mask = pictures(2, (2, 3, side, side)), discs(2, side, soft=True)
    found = blur_out.blur_background(tensor(image), tensor(mask), is_dfl=is_dfl).numpy()
    expected = reference(image, mask, side)
    # inside a solid face share and light are both of the size of a rounding, but there nothing of them is used
    assert np.abs(found - expected).max() < 5e-6


def test_a_blurred_out_background_is_not_dark_at_the_border_unless_asked():
    white, mask = np.ones((1, 3, 64, 64)), discs(1, 64)
    assert blur_out.blur_background(tensor(white), tensor(mask), is_dfl=False).min() > 0.9999
    assert loss_mask.blur_out(white, mask, 64)[0, 0, 0, 0] == pytest.approx(0.69, abs=0.12)


# --- structure -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 5, 8, 11])
def test_dissimilarities_and_their_gradient_are_the_same(size):
    a, b = pictures(3, (2, 3, 48, 48)), pictures(4, (2, 3, 48, 48))
    b = np.round((0.7 * a + 0.3 * b) * 4096) / 4096
    (found,) = loss_ssim.dissimilarity(tensor(a), tensor(b), [size])
    assert found.numpy() == pytest.approx(similarity.dssim(a, b, size), abs=2e-5)
    slope = gradient(lambda x: loss_ssim.dissimilarity(tensor(a), x, [size])[0], b)
    expected = similarity.dssim_gradient(a, b, size)
    # flat skin: the variance is a difference of numbers up to 2, off by some 2^-23, over a floor of 9e-4: 2.6e-4
    assert np.abs(slope - expected).max() < 2.6e-4 * np.abs(expected).max()


@pytest.mark.parametrize(("side", "two"), [(64, False), (64, True), (256, False)])
def test_the_structure_term_is_the_same(side, two):
    a, b = pictures(5, (1, 3, side, side)), pictures(6, (1, 3, side, side))
    options = saehd.Options(two_windows_from=0 if two else 256)
    found = loss_ssim.structure(tensor(a), tensor(b), has_two_windows=two)
    assert found.numpy() == pytest.approx(saehd.structure(a, b, options), rel=1e-5)


@pytest.mark.parametrize("side", [44, 64, 90])
def test_multiscale_losses_and_their_gradient_are_the_same(side):
    a, b = pictures(7, (2, 3, side, side)), pictures(8, (2, 3, side, side))
    b = np.round((0.6 * a + 0.4 * b) * 4096) / 4096
    assert loss_msssim.powers_for(side) == pytest.approx(similarity.power_factors(side), rel=1e-12)
    cases = [
        (lambda x: loss_msssim.multiscale(tensor(a), x), lambda x: similarity.msssim(a, x, side)),
        (lambda x: loss_msssim.multiscale_and_pixels(tensor(a), x, is_dfl=True),
         lambda x: similarity.msssim_l1(a, x, side)),
        (lambda x: loss_msssim.multiscale_and_pixels(tensor(a), x, is_dfl=False),
         lambda x: 0.84 * similarity.msssim(a, x, side) + 0.16 * saehd.over_chw(saehd.absolute(a - x))),
    ]
    for product, reference in cases:
        assert product(tensor(b)).numpy() == pytest.approx(reference(b), rel=3e-5)
        if side < 90:
            agree_in_slope(product, reference, b, rel=2e-4)


def test_the_scales_change_at_the_same_sides():
    for side in (22, 43, 44, 87, 88, 175, 176, 352):
        assert loss_msssim.powers_for(side) == pytest.approx(similarity.power_factors(side), rel=1e-12)


# --- style and smoothness --------------------------------------------------------------------------------------------


def test_face_style_and_its_gradient_are_the_same():
    side, power = 64, 10.0
    swap, dst = pictures(9, (2, 3, side, side)), pictures(10, (2, 3, side, side))
    swap_mask, dst_mask = discs(2, side, soft=True), discs(2, side, soft=True)[::-1]

    def product(x: torch.Tensor) -> torch.Tensor:
        return loss_style.face_style(x * tensor(swap_mask), tensor(dst) * tensor(dst_mask.copy()), power)

    def reference(x: np.ndarray) -> np.ndarray:
        return saehd.face_style(x, swap_mask, dst, dst_mask, power)

    assert product(tensor(swap)).detach().numpy() == pytest.approx(reference(swap), rel=2e-5)
    agree_in_slope(product, reference, swap, rel=1e-4)


@pytest.mark.parametrize("side", [64, 256])
def test_background_style_is_the_same(side):
    swap, dst, mask = pictures(11, (1, 3, side, side)), pictures(12, (1, 3, side, side)), discs(1, side)
    outside = 1 - loss_mask.blurred(mask, side)

    def product(x: torch.Tensor) -> torch.Tensor:
        return loss_style.background_style(x * tensor(outside), tensor(dst * outside), 10.0)

    def reference(x: np.ndarray) -> np.ndarray:
        return saehd.background_style(x, dst, mask, 10.0)

    assert product(tensor(swap)).numpy() == pytest.approx(reference(swap), rel=2e-5)
    if side == 64:
        agree_in_slope(product, reference, swap, rel=2e-4)


@pytest.mark.parametrize(("is_dfl", "reference"), [(True, style.variation), (False, style.spatial_variation)])
def test_variation_and_its_gradient_are_the_same(is_dfl, reference):
    x = pictures(13, (2, 3, 20, 24), smooth=0.6)
    assert loss_style.variation(tensor(x), is_dfl=is_dfl).numpy() == pytest.approx(reference(x), rel=2e-6)
    agree_in_slope(lambda y: loss_style.variation(y, is_dfl=is_dfl), reference, x)


# --- one person's loss -----------------------------------------------------------------------------------------------


def side_of(seed: int, side: int, *, priority: bool) -> saehd.Side:
    target, picture = pictures(seed, (2, 3, side, side)), pictures(seed + 50, (2, 3, side, side))
    picture = np.round((0.5 * target + 0.5 * picture) * 4096) / 4096
    mask = discs(2, side, soft=True)
    return saehd.Side(target, mask, picture, np.round((0.8 * mask + 0.1) * 4096) / 4096,
                      discs(2, side)[:, :, ::-1] * 0.5 if priority else None)


FORMS = {
    "ssim": (loss_side.LossForm(), saehd.Options()),
    "unmasked": (loss_side.LossForm(is_masked=False), saehd.Options(masked=False)),
    "two windows": (loss_side.LossForm(has_two_windows=True), saehd.Options(two_windows_from=0)),
    "quick96": (loss_side.LossForm(is_plain=True), saehd.Options(plain=True)),
    "background": (loss_side.LossForm(background_power=0.3), saehd.Options(background_power=0.3)),
    "ms-ssim": (loss_side.LossForm(function="MS-SSIM", background_power=0.5),
                saehd.Options(loss="MS-SSIM", background_power=0.5)),
}


@pytest.mark.parametrize(("name", "priority"), [*((name, False) for name in FORMS), ("ssim", True)])
def test_a_persons_loss_and_its_gradient_are_the_same(name, priority):
    form, options = FORMS[name]
    side = side_of(20, 64, priority=priority)
    eyes_mouth = None if side.priority is None else tensor(side.priority.copy())
    targets = TrainSide(tensor(side.target), tensor(side.target), tensor(side.mask), eyes_mouth)
    drawn_mask = tensor(side.picture_mask)

    def product(x: torch.Tensor) -> torch.Tensor:
        return loss_side.side_loss(x, drawn_mask, targets, form).total

    def reference(x: np.ndarray) -> np.ndarray:
        return saehd.loss(saehd.Side(side.target, side.mask, x, side.picture_mask, side.priority), options)

    found = loss_side.side_loss(tensor(side.picture), drawn_mask, targets, form)
    assert found.total.numpy() == pytest.approx(reference(side.picture), rel=2e-5)
    assert found.mask.numpy() == pytest.approx(saehd.terms(side, options)["mask"], rel=2e-6)
    agree_in_slope(product, reference, side.picture, rel=2e-4)


def test_quick96_softens_the_mask_without_growing_it():
    mask = discs(2, 96, soft=True)
    found = loss_side.inside_of(tensor(mask), loss_side.LossForm(is_plain=True))
    assert np.abs(found.numpy() - loss_mask.quick96_blurred(mask)).max() < 1e-6


# --- judges ----------------------------------------------------------------------------------------------------------


def logits(seed: int) -> list[np.ndarray]:
    state = np.random.RandomState(seed)
    return [np.round(state.randn(3, 1, n, n) * 2 * 4096) / 4096 for n in (6, 24)]


def test_entropy_persuasion_and_belief_are_the_same():
    maps = logits(1)
    for label in (0.0, 0.9, 1.0):
        found = loss_judge.entropy(label, tensor(maps[1]))
        assert found.numpy() == pytest.approx(adversarial.bce(label, maps[1]), rel=2e-6)
    found = loss_judge.persuasion([tensor(m) for m in maps])
    assert found.numpy() == pytest.approx(adversarial.generator_term(1.0, maps), rel=2e-6)
    agree_in_slope(lambda x: loss_judge.persuasion([x]), lambda x: adversarial.generator_term(1.0, [x]), maps[1])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_lessons_are_the_same(smoothing):
    real, fake = logits(2), logits(3)
    uniform = [[np.random.RandomState(i + 10 * k).rand(*m.shape) for i, m in enumerate(real)] for k in (0, 1)]
    told = {"noise": 0.2, "smoothing": smoothing}
    labels = [[adversarial.noisy_labels(u, is_real=k == 0, **told) for u in uniform[k]] for k in (0, 1)]
    found = loss_judge.lesson(
        [tensor(m) for m in real], [tensor(m) for m in fake],
        real_label=lambda _, head: tensor(labels[0][head]), fake_label=lambda _, head: tensor(labels[1][head]))
    expected = adversarial.image_discriminator_with_labels(real, fake, *labels)
    assert found.numpy() == pytest.approx(expected, rel=2e-6)


# --- length of the gradient ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.01, 0.2, 1.0, 30.0])
def test_gradients_are_shortened_alike(factor):
    state = np.random.RandomState(5)
    gradients = [np.round(state.randn(*shape) * factor * 4096) / 4096 for shape in ((3, 4), (7,), (2, 2, 3))]
    norm = clip.gradient_norm([tensor(g) for g in gradients])
    assert float(norm) == pytest.approx(optimizer.global_norm(gradients), rel=1e-6)
    scale = float(clip.clip_scale(norm))
    for found, expected in zip(gradients, optimizer.clip_by_norm(gradients), strict=True):
        assert found * scale == pytest.approx(expected, rel=1e-6, abs=1e-12)
