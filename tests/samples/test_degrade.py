"""Degradations and shadows: each strength against its stated number."""

import cv2
import numpy as np
import pytest

from core.samples.degrade import DEGRADE_DRAWS, Degradation, degraded
from core.samples.shadow import SHADOW_DRAWS, Shade, random_gain
from core.samples.stream import Address, Draws, Stream

SIDE_PX = 256


def uniforms(slot: int, count: int) -> np.ndarray:
    return Draws().uniforms(Address(5, Stream.DEGRADE, 0, 0, slot), count)


def grain(count: int) -> np.ndarray:
    return Draws().raw(Address(5, Stream.GRAIN, 0, 0, 0), count)


def draws_of(*values: tuple[int, float]) -> np.ndarray:
    draws = np.zeros(DEGRADE_DRAWS)
    draws[4:8] = 0.1, 0.2, 0.3, 0.4
    for number, value in values:
        draws[number] = value
    return draws


def dot(side_px: int = SIDE_PX) -> np.ndarray:
    picture = np.zeros((side_px, side_px, 3), np.float32)
    picture[side_px // 2, side_px // 2] = 1
    return picture


def spread(picture: np.ndarray) -> tuple[float, float]:
    """Standard deviation in x and y of a picture's light."""
    light = picture[..., 0] / picture[..., 0].sum()
    rows, columns = np.mgrid[:len(light), :len(light)]
    found = []
    for axis in (columns, rows):
        mean = (light * axis).sum()
        found.append(float(np.sqrt((light * (axis - mean) ** 2).sum())))
    return found[0], found[1]


def one(kind: str, draws: np.ndarray, picture: np.ndarray, strength: float = 1.0, *, is_dfl: bool = False):
    return degraded(picture, Degradation(**{kind: 1.0}, strength=strength), draws, grain, is_dfl=is_dfl)


@pytest.mark.parametrize(("side_px", "strength", "expected"), [(256, 1.0, 5.5), (128, 1.0, 2.75), (256, 0.5, 2.75)])
def test_gaussian_blur_has_the_stated_deviation_at_every_side(side_px, strength, expected):
    blurred = one("blur", draws_of((8, 0.75)), dot(side_px), strength)      # 0.75: gaussian, half way from 3 to 8
    assert spread(blurred) == pytest.approx((expected, expected), rel=0.02)
    assert blurred[..., 0].sum() == pytest.approx(1, abs=1e-4)


def test_the_forks_blur_is_cut_short_and_the_same_at_any_side():
    assert spread(one("blur", draws_of((8, 0.75)), dot(), is_dfl=True))[0] < 0.75 * 5.5
    sides = [spread(one("blur", draws_of((8, 0.75)), dot(side), is_dfl=True))[0] for side in (128, 256)]
    assert sides[0] == pytest.approx(sides[1], rel=1e-3)


def test_motion_blur_is_a_line_of_the_stated_length_and_angle():
    across = spread(one("blur", draws_of((8, 0.25)), dot()))                # half way from 10 to 20 pixels, 0 degrees
    assert across[0] == pytest.approx(15 / np.sqrt(12), rel=0.08)
    assert across[1] < 0.6
    down = spread(one("blur", draws_of((8, 0.25), (9, 0.5)), dot()))        # 90 degrees
    assert (down[1], down[0]) == pytest.approx(across, rel=0.02, abs=0.01)


@pytest.mark.parametrize(("kind", "expected"), [(0.1, 30 / 255), (0.5, 30 * np.sqrt(2) / 255),
                                                (0.9, np.sqrt(22.5) / 255)])
def test_noise_has_the_stated_deviation_and_adds_no_light(kind, expected):
    noise = one("noise", draws_of((10, kind), (11, 0.5)), np.zeros((SIDE_PX, SIDE_PX, 3), np.float32))
    assert noise.std() == pytest.approx(expected, rel=0.01)
    assert abs(noise.mean()) < 4 * expected / np.sqrt(noise.size)
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(noise[:, 1:, 0].ravel(), noise[:, :-1, 0].ravel())[0, 1]) < 0.02


def test_the_forks_poisson_noise_adds_its_mean():
    noise = one("noise", draws_of((10, 0.9), (11, 0.5)), np.zeros((64, 64, 3), np.float32), is_dfl=True)
    assert noise.mean() == pytest.approx(22.5 / 255, rel=0.02)


def test_jpeg_is_a_jpeg_of_quality_50_to_84():
    levels = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    for draw, quality in ((0.0, 50), (0.999, 84)):
        through = cv2.imdecode(cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)
        ours = one("jpeg", draws_of((12, draw)), levels.astype(np.float32) / 255)
        assert np.array_equal(np.rint(ours * 255), through)


@pytest.mark.parametrize(("draw", "small"), [(0.0, 32), (0.999, 63)])
def test_downsampling_keeps_an_eighth_to_a_quarter_of_the_side(draw, small):
    picture = uniforms(3, SIDE_PX * SIDE_PX * 3).reshape(SIDE_PX, SIDE_PX, 3).astype(np.float32)
    shrunk = one("downsample", draws_of((13, draw)), picture)
    known = cv2.resize(cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA), (SIDE_PX, SIDE_PX),
                       interpolation=cv2.INTER_CUBIC)
    assert np.array_equal(shrunk, known)


def test_a_share_of_samples_is_degraded_and_every_order_comes():
    wanted, still = Degradation(blur=0.3), dot(32)
    changed = [degraded(still, wanted, uniforms(slot, DEGRADE_DRAWS), grain, is_dfl=False) is not still
               for slot in range(1000)]
    assert abs(np.mean(changed) - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 1000)
    orders = {tuple(np.argsort(uniforms(slot, DEGRADE_DRAWS)[4:8])) for slot in range(500)}
    assert len(orders) == 24


# --- shadow ---------------------------------------------------------------------------------------------------------
def shaded(slot: int, shade: Shade, *, is_dfl: bool = False):
    draws = Draws().uniforms(Address(5, Stream.SHADOW, 0, 0, slot), SHADOW_DRAWS)
    return random_gain(draws, SIDE_PX, shade, is_dfl=is_dfl)


def test_half_of_the_samples_have_a_shadow_whose_light_lies_in_the_stated_ranges():
    found = [shaded(slot, Shade(0.2, 0.6, 1.0, 2.5)) for slot in range(400)]
    gains = [gain.factors for gain in found if gain]
    assert abs(len(gains) / 400 - 0.5) < 4 * 0.5 / np.sqrt(400)
    low, high = np.array([factors.min() for factors in gains]), np.array([factors.max() for factors in gains])
    assert low.min() >= 0.2 and high.max() <= 2.5
    inside = [factors.min() for factors in gains if (factors < factors.min() + 1e-3).mean() > 0.02]
    assert max(inside) <= 0.6 + 1e-3 and len(inside) > 100
    assert np.mean(high) == pytest.approx(1.75, abs=0.12)


def test_light_is_multiplied_up_to_1_and_the_colour_keeps_its_hue():
    gain = next(gain for slot in range(20) if (gain := shaded(slot, Shade(0.5, 0.5, 2.0, 2.0))))
    lit = gain.on(np.full((SIDE_PX, SIDE_PX, 3), (0.1, 0.2, 0.4), np.float32))
    assert np.allclose(lit, gain.factors[..., None] * np.array([0.1, 0.2, 0.4]), atol=1e-5)
    bright = gain.on(np.full((SIDE_PX, SIDE_PX, 3), (0.2, 0.4, 0.8), np.float32))
    assert bright.max() == pytest.approx(1)
    assert np.allclose(bright / bright[..., 2:], [0.25, 0.5, 1], atol=1e-5)


def test_the_fork_darkens_the_inside_by_both_factors_and_keeps_8_bits():
    slot = next(slot for slot in range(20) if shaded(slot, Shade()))
    ours, theirs = (shaded(slot, Shade(0.5, 0.5, 2.0, 2.0), is_dfl=is_dfl) for is_dfl in (False, True))
    deepest = ours.factors.argmin()
    assert (ours.factors.flat[deepest], theirs.factors.flat[deepest]) == pytest.approx((0.5, 1.0), abs=0.02)
    lit = theirs.on(np.full((SIDE_PX, SIDE_PX, 3), 0.3, np.float32))
    assert np.allclose(np.rint(lit * 255), lit * 255, atol=1e-4)
