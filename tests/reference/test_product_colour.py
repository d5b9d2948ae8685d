"""The product's colour transfers, colour shifts, degradations and shadows against the restatements.

Where the product draws in its own order, a test asks what was drawn (a kernel's width, a quality, a kind of noise)
and then holds the result against the formula for that draw, and the draws against their ranges.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.samples import colour, shadow, transport
from core.samples import degrade as product_degrade
from core.samples import transfer as product_transfer

from . import degrade, filters, lab, stream, transfer

RECORDED = np.load(Path(__file__).parents[1] / "data" / "reference" / "samples.npz")
RULES = product_degrade.Degradation
EXACT = 2e-6            # float32 arithmetic on values up to 1
LAB = 2e-3              # OpenCV's Lab is a table; mean difference


def picture(seed: int, side: int = 48) -> np.ndarray:
    """Soft shapes with tones of their own, multiples of 1/4096."""
    state = np.random.RandomState(seed)
    wide = filters.gblur(state.rand(1, 3, side + 18, side + 18), 2.0)[0, :, 9:-9, 9:-9]
    noise = np.moveaxis(wide, 0, -1)
    noise = (noise - noise.min()) / (noise.max() - noise.min())
    low = state.uniform(0.05, 0.3, 3)
    return np.round((low + noise * state.uniform(0.35, 0.6, 3)) * 4096) / 4096


def single(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float32)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """How far two colour distributions are apart: mean difference of sorted projections on 40 directions."""
    ways = np.random.RandomState(5).randn(40, 3)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    x, y = (np.sort(v.astype(np.float64).reshape(-1, 3) @ ways.T, axis=0) for v in (a, b))
    return float(np.abs(x - y).mean())


A, P = picture(1), picture(2)


# --- transfers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "bound"), [("rct", LAB), ("lct", EXACT), ("mkl", EXACT)])
def test_closed_transfers_are_the_same(name, bound):
    found = getattr(product_transfer, name)(single(A), single(P))
    assert np.abs(found - getattr(transfer, name)(A, P)).mean() < bound


@pytest.mark.parametrize(("name", "bound"), [("rct", LAB), ("lct", EXACT), ("mkl", EXACT)])
def test_transfers_inside_masks_take_their_statistics_there(name, bound):
    """All pixels move by the map that the pixels inside would give: so the pixels inside are those of a transfer of
    them alone.
    """
    mask, other = np.zeros((48, 48), np.uint8), np.zeros((48, 48), np.uint8)
    mask[8:40, 10:34], other[4:28, 6:38] = 255, 255
    found = getattr(product_transfer, name)(single(A), single(P), mask, other)
    alone = getattr(transfer, name)(A[8:40, 10:34], P[4:28, 6:38])
    assert np.abs(found[8:40, 10:34] - alone).mean() < bound


def test_rotations_and_directions_are_even_over_the_sphere():
    normals = np.random.RandomState(3).randn(40, transport.IDT_NORMALS)
    turns = np.concatenate([transport.rotations(n) for n in normals]).astype(np.float64)
    assert turns.shape == (800, 3, 3)
    assert np.abs(turns @ turns.transpose(0, 2, 1) - np.eye(3)).max() < 1e-6
    assert np.linalg.det(turns) == pytest.approx(1.0, abs=1e-6)
    # Haar: entries have mean 0 and mean square 1/3; the trace has mean 0 and mean square 1
    assert np.abs(turns.mean(axis=0)).max() * np.sqrt(800 * 3) < 4.5
    assert np.abs((turns**2).mean(axis=0) - 1 / 3).max() * np.sqrt(800 / (4 / 45)) < 4.5
    trace = np.trace(turns, axis1=1, axis2=2)
    assert np.mean(trace**2) == pytest.approx(1.0, abs=0.25)
    ways = transport.directions(np.random.RandomState(4).randn(transport.SOT_NORMALS)).astype(np.float64)
    assert ways.shape == (10, 5, 3)
    assert np.linalg.norm(ways, axis=-1) == pytest.approx(1.0, abs=1e-6)


def recorded_draws() -> tuple[np.ndarray, np.ndarray]:
    state = np.random.RandomState(7)
    turns = np.array([transfer.rotation_of_scipy_1_13(state) for _ in range(20)])
    return turns, transfer.unit_directions(np.random.RandomState(7))


def test_the_original_s_idt_and_sot_are_the_same():
    turns, ways = recorded_draws()
    error = np.abs(transport.idt_dfl(single(A), single(P), single(turns)) - transfer.idt(A, P, turns))
    assert error.mean() < 2e-4           # single precision moves values at a bin's edge to the neighbour
    error = np.abs(transport.sot_dfl(single(A), single(P), single(ways)) - transfer.sot(A, P, ways))
    assert error.mean() < 2e-4


def test_fast_idt_and_sot_reach_what_the_exact_ones_reach():
    turns, ways = recorded_draws()
    exact = transfer.idt(A, P, turns, mended=True)
    found = transport.idt(single(A), single(P), single(turns))
    before = distance(A, P)
    assert np.abs(found - exact).mean() < 0.1 * np.abs(A - exact).mean()
    assert distance(found, P) < distance(exact, P) + 0.03 * before
    exact = np.clip(A + transfer.sliced_change(A, P, ways), 0, 1)
    found = transport.sot(single(A), single(P), single(ways))
    assert np.abs(found - exact).mean() < 0.2 * np.abs(A - exact).mean()
    assert distance(found, P) < 0.2 * before


# --- colours without a partner ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [0.004, 0.1, 0.3])
@pytest.mark.parametrize("draws", [(0.5, 0.5, 0.5), (0.0, 0.9, 0.2), (0.999999, 0.1, 0.8), (0.3, 0.7, 0.7)])
def test_hsv_shifts_are_the_same(amount, draws):
    k = lab.hue_step(amount)
    hue = int(draws[0] * (2 * k + 1)) - k
    found = colour.hsv_shifted(single(A), np.array(draws), amount)
    expected = lab.shift_hsv(A, hue, (draws[1] - 0.5) * amount, (draws[2] - 0.5) * amount)
    assert np.abs(found - expected).max() < 2e-5


@pytest.mark.parametrize("draw", [0.0, 0.25, 0.5, 0.9])
def test_turned_colour_planes_are_the_same(draw):
    found = colour.tinted(single(A), np.array([draw]), 90.0)
    assert np.abs(found - lab.rotate_chroma(A, np.radians(90.0) * (2 * draw - 1))).mean() < LAB


def moved_lab(bgr: np.ndarray, amounts: tuple[float, float, float]) -> np.ndarray:
    """x + (1 - x) k, or x (1 + k) for negative k, on Lab scaled to 0..1 (facts/samples.md 7.1, fs-aug)."""
    shift, scale = np.array([0, 128, 128]), np.array([100, 255, 255])
    scaled = (lab.to_lab(bgr) + shift) / scale
    k = np.array(amounts)
    moved = np.where(k >= 0, scaled + (1 - scaled) * k, scaled * (1 + k))
    return np.clip(lab.from_lab(moved * scale - shift), 0, 1)


@pytest.mark.parametrize(("kind", "most"), [("fs-aug", (0.3, 0.08, 0.08)), ("cc-aug", (0.45, 0.2, 0.2))])
@pytest.mark.parametrize("draws", [(0.9, 0.2, 0.7), (0.1, 0.8, 0.4)])
def test_augmentations_in_lab_are_the_same(kind, most, draws):
    # no CLAHE (first draw); brightness, contrast and saturation at their neutral 1
    neutral = (0.75, 0.75, 2 / 3)
    found = colour.augmented(single(A), np.array([0.99, 0.5, *draws, *neutral]), kind, is_dfl=False)
    amounts = tuple((2 * d - 1) * m for d, m in zip(draws, most, strict=True))
    assert np.abs(found - moved_lab(A, amounts)).mean() < LAB


def test_brightness_and_contrast_of_cc_aug_are_the_same():
    still, neutral = (0.99, 0.5, 0.5, 0.5, 0.5), 2 / 3
    for brightness, contrast in ((0.2, 0.75), (0.75, 0.1), (0.1, 0.9)):
        found = colour.augmented(single(A), np.array([*still, brightness, contrast, neutral]), "cc-aug", is_dfl=False)
        bright = A * (0.7 + 0.4 * brightness)
        mean = bright.mean(axis=(0, 1))
        expected = np.clip((bright - mean) * (0.7 + 0.4 * contrast) + mean, 0, 1)
        assert np.abs(found - expected).mean() < LAB


# --- degradations ----------------------------------------------------------------------------------------------------


def drawn(wanted: RULES, image: np.ndarray, seed: int, *, is_dfl: bool) -> np.ndarray:
    state = np.random.RandomState(seed)

    def grain(n: int) -> np.ndarray:
        return np.frombuffer(state.bytes(8 * n), np.uint64)

    draws = np.random.RandomState(seed + 1000).rand(product_degrade.DEGRADE_DRAWS)
    return product_degrade.degraded(single(image), wanted, draws, grain, is_dfl=is_dfl).astype(np.float64)


def blur_kernels(side: int, *, is_dfl: bool) -> list[np.ndarray]:
    point = np.zeros((side, side, 3))
    point[side // 2, side // 2] = 1
    return [drawn(RULES(blur=1.0), point, seed, is_dfl=is_dfl)[..., 0] for seed in range(60)]


def sigma_of(kernel: np.ndarray) -> float:
    """Of a Gaussian kernel, from its two middle values."""
    middle = kernel.shape[0] // 2
    return float(np.sqrt(0.5 / np.log(kernel[middle, middle] / kernel[middle, middle + 1])))


def test_the_original_s_blurs_are_the_same():
    """Half of them Gaussian (sigma 3 to 8, cut short), half straight lines (kernel side 10 to 19)."""
    y, x = np.mgrid[0:65, 0:65] - 32.0
    gaussian = 0
    for kernel in blur_kernels(65, is_dfl=True):
        assert kernel.sum() == pytest.approx(1.0, abs=1e-5)
        across, along = np.sqrt(np.linalg.eigvalsh(np.array(
            [[(kernel * y * y).sum(), (kernel * y * x).sum()], [(kernel * y * x).sum(), (kernel * x * x).sum()]])))
        if across > 0.9 * along:
            gaussian += 1
            sigma = sigma_of(kernel)
            point = np.zeros((65, 65, 1))
            point[32, 32] = 1
            assert degrade.SIGMA[0] - 0.01 <= sigma <= degrade.SIGMA[1] + 0.01
            assert np.abs(kernel - degrade.gaussian_blur(point, sigma)[..., 0]).max() < 1e-5
        else:
            low, high = degrade.MOTION_SIDE
            assert across < 1.0
            assert low - 1.5 < along * np.sqrt(12) < high + 0.5
    assert abs(stream.normal_deviates(gaussian / 60, 60, 0.5)) < 4


def test_blurs_follow_the_side_of_the_picture():
    for side in (64, 128):
        sigmas = [sigma_of(k) for k in blur_kernels(side, is_dfl=False) if abs(k - k.T).max() < 1e-7]
        assert 3 * side / 256 - 0.02 <= min(sigmas) and max(sigmas) <= 8 * side / 256 + 0.02
        assert len(sigmas) > 12


@pytest.mark.parametrize("is_dfl", [False, True])
def test_noise_has_the_formula_s_moments(is_dfl):
    grey, kinds = np.full((48, 48, 3), 0.5), {"gaussian": 0, "laplace": 0, "poisson": 0}
    for seed in range(90):
        added = drawn(RULES(noise=1.0), grey, seed, is_dfl=is_dfl) - 0.5
        spread, n = added.std(), added.size
        peaked = np.mean((added - added.mean()) ** 4) / spread**4 - 3
        kind = "poisson" if spread * 255 < 7 else "laplace" if peaked > 1.5 else "gaussian"
        kinds[kind] += 1
        low, high = degrade.POISSON_MEAN if kind == "poisson" else degrade.NOISE_SCALE
        bounds = [degrade.noise_moments(kind, amount)[1] for amount in (low, high)]
        assert 0.95 * bounds[0] < spread < 1.05 * bounds[1], kind
        # the original's Poisson noise adds its mean, lambda = variance; ours is centred
        mean = (spread * 255) ** 2 / 255 if kind == "poisson" and is_dfl else 0.0
        assert added.mean() == pytest.approx(mean, abs=5 * spread / np.sqrt(n) + 0.08 * mean), kind
    for kind, count in kinds.items():
        assert abs(stream.normal_deviates(count / 90, 90, 1 / 3)) < 4, kind


@pytest.mark.parametrize("is_dfl", [False, True])
def test_jpeg_is_one_of_the_qualities(is_dfl):
    low, high = degrade.JPEG_QUALITY
    # rounded to 8 bits; the original cuts, which darkens by half a level
    levels = np.clip(A, 0, 1) * 255
    eight_bits = (np.floor(levels) if is_dfl else np.round(levels)).astype(np.uint8)
    stored = {q: cv2.imencode(".jpg", eight_bits, [cv2.IMWRITE_JPEG_QUALITY, q])[1] for q in range(low, high)}
    pictures = {q: cv2.imdecode(code, cv2.IMREAD_COLOR) / 255.0 for q, code in stored.items()}
    for seed in range(12):
        found = drawn(RULES(jpeg=1.0), A, seed, is_dfl=is_dfl)
        assert min(np.abs(found - p).max() for p in pictures.values()) < 1e-6


def test_the_original_s_downsampling_is_the_same():
    low, high = degrade.down_sides(48)
    for seed in range(10):
        found = drawn(RULES(downsample=1.0), A, seed, is_dfl=True)
        assert min(np.abs(found - degrade.downsample(A, side)).max() for side in range(low, high)) < 2e-6


def test_degradations_fall_on_the_share_that_is_asked_for():
    for name in ("blur", "noise", "jpeg", "downsample"):
        touched = sum(not np.array_equal(drawn(RULES(**{name: 0.3}), A[:16, :16], s, is_dfl=False), A[:16, :16])
                      for s in range(120))
        assert abs(stream.normal_deviates(touched / 120, 120, 0.3)) < 4, name


# --- shadow ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_dfl", [False, True])
def test_light_multiplies_brightness_and_keeps_the_hue(is_dfl):
    shade, bands = shadow.Shade(), 0
    for seed in range(40):
        draws = np.random.RandomState(seed).rand(shadow.SHADOW_DRAWS)
        gain = shadow.random_gain(draws, 48, shade, is_dfl=is_dfl)
        if gain is None:
            continue
        bands += 1
        factors = gain.factors.astype(np.float64)
        # the original blurs mask and inverse mask by different widths: a narrow band may be darker than its factor
        least = 0.0 if is_dfl else shade.low
        assert least - 1e-6 <= factors.min() and factors.max() <= shade.bright_high + 1e-6
        hsv = lab.to_hsv(A)
        hsv[..., 2] = degrade.shadow(hsv[..., 2], np.zeros_like(factors), np.ones_like(factors), factors, 1.0)
        assert np.abs(gain.on(single(A)) - lab.from_hsv(hsv)).max() < (3.5 / 255 if is_dfl else EXACT)
    assert abs(stream.normal_deviates(bands / 40, 40, degrade.SHADOW_CHANCE)) < 4


def test_the_band_is_dark_and_the_rest_is_bright():
    """With one value for each factor: inside `low` (the original: times `bright` as well), outside `bright`, soft
    between.
    """
    shade = shadow.Shade(low=0.4, high=0.4, bright_low=1.5, bright_high=1.5)
    for is_dfl, inside in ((False, 0.4), (True, 0.6)):
        gains = [shadow.random_gain(np.random.RandomState(s).rand(shadow.SHADOW_DRAWS), 256, shade, is_dfl=is_dfl)
                 for s in range(16)]
        factors = np.concatenate([g.factors.ravel() for g in gains if g is not None])
        if not is_dfl:
            assert (factors.min(), factors.max()) == pytest.approx((inside, 1.5), abs=1e-5)
        assert min(np.mean(np.abs(factors - factor) < 1e-3) for factor in (inside, 1.5)) > 0.1
        assert np.mean((factors > inside + 0.01) & (factors < 1.49)) > 0.05
