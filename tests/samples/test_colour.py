"""Colour transfers and random colours: each against a stated number, a slow restatement or a known vector."""

import cv2
import numpy as np
import pytest

from core.faces.faceset import open_faceset
from core.faces.picture import read_image
from core.samples.colour import AUGMENT_DRAWS, augmented, hsv_shifted, tinted
from core.samples.transfer import CLOSED, lct, mkl, rct, to_lab
from core.samples.transport import IDT_NORMALS, SOT_NORMALS, directions, idt, rotations, sot

SIDE_PX = 64


@pytest.fixture(scope="module")
def pictures(folders):
    """A src and a dst face, float32 0..1."""
    return [cv2.resize(read_image(open_faceset(folder).faces[0]), (SIDE_PX, SIDE_PX),
                       interpolation=cv2.INTER_AREA).astype(np.float32) / 255 for folder in folders]


def wave(channels: int, phase: float) -> np.ndarray:
    """The facts' test pattern T(1, channels, 8, 8; phase), as a picture."""
    index = np.arange(channels * 64).reshape(channels, 8, 8)
    return 0.5 + 0.5 * np.sin(0.7 * index + phase).transpose(1, 2, 0)


def moments(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pixels = picture.reshape(-1, 3).astype(np.float64)
    return pixels.mean(axis=0), np.cov(pixels.T, bias=True)


def faint(picture: np.ndarray) -> np.ndarray:
    """Colours in the middle of the range, so that nothing is cut."""
    return (0.4 + 0.2 * picture).astype(np.float32)


def root(matrix: np.ndarray, exponent: float) -> np.ndarray:
    u, s, _ = np.linalg.svd(matrix)
    return u @ np.diag(s**exponent) @ u.T


@pytest.mark.parametrize("transfer", [lct, mkl])
def test_lct_and_mkl_give_the_partners_mean_and_covariance(pictures, transfer):
    picture, partner = map(faint, pictures)
    mean, covariance = moments(transfer(picture, partner))
    to_mean, to_covariance = moments(partner)
    assert mean == pytest.approx(to_mean, abs=1e-5)
    # lct adds 1e-5 to both covariances, which shows where one is small
    assert covariance == pytest.approx(to_covariance, abs=3e-5 if transfer is lct else 1e-6)


def test_lct_and_mkl_are_their_formulas_in_double_precision(pictures):
    picture, partner = (x.astype(np.float64) for x in pictures)
    (mean, own), (to_mean, theirs) = moments(picture), moments(partner)
    ridge = 1e-5 * np.eye(3)
    for_lct = root(theirs + ridge, 0.5) @ root(own + ridge, -0.5)
    half = root(own, 0.5)
    for_mkl = root(own, -0.5) @ root(half @ theirs @ half, 0.5) @ root(own, -0.5)
    for transfer, matrix in ((lct, for_lct), (mkl, for_mkl)):
        expected = np.clip((picture - mean) @ matrix.T + to_mean, 0, 1)
        assert transfer(*pictures) == pytest.approx(expected, abs=1e-5)


def test_rct_gives_each_channel_of_lab_the_partners_mean_and_spread(pictures):
    picture, partner = map(faint, pictures)
    ours, theirs = (to_lab(x).reshape(-1, 3) for x in (rct(picture, partner), partner))
    # a quarter of a unit is what OpenCV reads off its table for Lab
    assert ours.mean(axis=0) == pytest.approx(theirs.mean(axis=0), abs=0.25)
    assert ours.std(axis=0) == pytest.approx(theirs.std(axis=0), abs=0.25)


def test_the_wanted_statistics_are_those_inside_the_masks(pictures):
    picture, partner = map(faint, pictures)
    masks = [np.zeros((SIDE_PX, SIDE_PX), np.uint8) for _ in range(2)]
    masks[0][10:40, 10:40], masks[1][20:60, 5:30] = 255, 200
    for transfer in CLOSED.values():
        moved = transfer(picture, partner, *masks)
        inside = moved[masks[0] > 0], partner[masks[1] > 0]
        assert inside[0].mean(axis=0) == pytest.approx(inside[1].mean(axis=0), abs=2e-3)
        plain = transfer(picture, partner, None, None)
        assert np.abs(moved - plain).max() > 1e-3
        assert np.array_equal(transfer(picture, partner, np.zeros_like(masks[0]), np.zeros_like(masks[0])), plain)


@pytest.mark.parametrize("transfer", CLOSED.values(), ids=CLOSED)
def test_a_picture_of_one_colour_takes_the_partners_mean_and_stays_finite(transfer, pictures):
    flat = np.full((SIDE_PX, SIDE_PX, 3), 0.25, np.float32)
    moved = transfer(flat, faint(pictures[1]), None, None)
    assert np.isfinite(moved).all()
    assert moved.std(axis=(0, 1)).max() < 1e-3
    assert np.isfinite(transfer(faint(pictures[1]), flat, None, None)).all()


def normals(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


def test_random_turns_are_rotations_and_directions_have_length_1():
    turns = rotations(normals(IDT_NORMALS, 1))
    assert turns.shape == (20, 3, 3)
    assert turns @ turns.transpose(0, 2, 1) == pytest.approx(np.broadcast_to(np.eye(3), (20, 3, 3)), abs=1e-5)
    assert np.linalg.det(turns) == pytest.approx(np.ones(20), abs=1e-5)
    many = np.concatenate([rotations(normals(IDT_NORMALS, seed)) for seed in range(100)])
    assert np.abs(many.mean(axis=0)).max() < 4 / np.sqrt(3 * len(many))          # every axis goes everywhere
    assert np.linalg.norm(directions(normals(SOT_NORMALS, 1)), axis=-1) == pytest.approx(np.ones((10, 5)), abs=1e-5)


def test_idt_goes_64_percent_of_the_way_and_sot_nearly_all_of_it(pictures):
    picture, partner = map(faint, pictures)
    there = moments(partner)[0]
    far = np.linalg.norm(moments(picture)[0] - there)
    left = {
        "idt": moments(idt(picture, partner, rotations(normals(IDT_NORMALS, 1))))[0],
        "sot": moments(sot(picture, partner, directions(normals(SOT_NORMALS, 1))))[0],
    }
    # 20 steps of a twentieth leave 0.95^20 = 0.358 of the distance
    assert np.linalg.norm(left["idt"] - there) / far == pytest.approx(0.358, abs=0.08)
    assert np.linalg.norm(left["sot"] - there) / far < 0.15


def test_idt_and_sot_are_maps_of_colours(pictures):
    mirrored = np.ascontiguousarray(pictures[0][:, ::-1])
    for transfer, drawn in ((idt, rotations(normals(IDT_NORMALS, 1))), (sot, directions(normals(SOT_NORMALS, 1)))):
        moved = transfer(pictures[0], pictures[1], drawn)
        patch = np.concatenate([pictures[0][:8, :8].reshape(-1, 3), pictures[0][:8, :8].reshape(-1, 3)])
        assert len(np.unique(np.hstack([patch, np.tile(moved[:8, :8].reshape(-1, 3), (2, 1))]), axis=0)) == len(
            np.unique(patch, axis=0))
        # other pixels stand for the picture: their colours are nearly the same ones
        assert np.abs(transfer(mirrored, pictures[1], drawn)[:, ::-1] - moved).mean() < 0.01
        assert moved.min() >= 0 and moved.max() <= 1


def test_hsv_shifts_hue_by_whole_degrees_and_light_by_half_the_amount():
    grey_red = np.full((4, 4, 3), (0.2, 0.2, 0.6), np.float32)

    def hsv(picture):
        return cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)[0, 0]

    before = hsv(grey_red)
    for draws, turn, light in (((0.9999, 0.5, 0.5), 18, 0.0), ((0.0, 0.5, 0.5), -18, 0.0), ((0.5, 0.5, 1.0), 0, 0.05)):
        after = hsv(hsv_shifted(grey_red, np.array(draws), 0.1))
        assert (after[0] - before[0] + 180) % 360 - 180 == pytest.approx(turn, abs=0.1)
        assert after[2] - before[2] == pytest.approx(light, abs=1e-3)
    saturated = hsv(hsv_shifted(grey_red, np.array((0.5, 0.0, 0.5)), 0.1))
    assert saturated[1] - before[1] == pytest.approx(-0.05, abs=1e-3)


def test_tint_turns_the_colour_plane_and_keeps_lightness(pictures):
    picture = faint(pictures[0])
    before, after = to_lab(picture), to_lab(tinted(picture, np.array([1.0]), 30.0))
    turned = np.degrees(np.angle((after[..., 1] + 1j * after[..., 2]) / (before[..., 1] + 1j * before[..., 2])))
    strong = np.hypot(before[..., 1], before[..., 2]) > 4
    assert np.median(turned[strong]) == pytest.approx(30.0, abs=0.5)      # OpenCV reads Lab off a table
    assert after[..., 0] == pytest.approx(before[..., 0], abs=0.3)


def draws_of(**values) -> np.ndarray:
    """Draws of an augmentation that changes nothing, but for those named by number."""
    still = np.full(AUGMENT_DRAWS, 0.5)
    still[5:] = (0.75, 0.75, 2 / 3)                     # factors of 1
    for number, value in values.items():
        still[int(number[1:])] = value
    return still


def test_the_forks_augmentations_without_an_amount_change_nothing(pictures):
    for kind in ("fs-aug", "cc-aug"):
        assert augmented(pictures[0], draws_of(), kind, is_dfl=False) == pytest.approx(pictures[0], abs=4e-3)


def test_fs_aug_moves_lightness_a_share_of_the_way_to_white_or_black(pictures):
    before = to_lab(faint(pictures[0]))[..., 0]
    for draw, expected in ((1.0, before + (100 - before) * 0.3), (0.0, before * 0.7)):
        after = to_lab(augmented(faint(pictures[0]), draws_of(_2=draw), "fs-aug", is_dfl=False))[..., 0]
        assert after == pytest.approx(expected, abs=1.0)


def test_cc_aug_scales_brightness_contrast_and_saturation(pictures):
    picture = faint(pictures[0])
    plain = augmented(picture, draws_of(), "cc-aug", is_dfl=False)
    bright = augmented(picture, draws_of(_5=0.0), "cc-aug", is_dfl=False)
    contrast = augmented(picture, draws_of(_6=0.0), "cc-aug", is_dfl=False)
    colour = augmented(picture, draws_of(_7=0.0), "cc-aug", is_dfl=False)
    assert bright.mean() / plain.mean() == pytest.approx(0.7, abs=1e-3)
    assert contrast.std(axis=(0, 1)) / plain.std(axis=(0, 1)) == pytest.approx(np.full(3, 0.7), abs=1e-3)
    spread = [np.ptp(x, axis=-1).mean() for x in (colour, plain)]
    assert spread[0] / spread[1] == pytest.approx(0.6, abs=1e-3)


def test_local_contrast_comes_by_itself_and_with_dfl_only_with_darkening(pictures):
    clahe = augmented(faint(pictures[0]), draws_of(_0=0.1), "fs-aug", is_dfl=False)
    assert clahe.std() > 1.2 * faint(pictures[0]).std()
    dark = augmented(faint(pictures[0]), draws_of(_0=0.1), "fs-aug", is_dfl=True)
    assert to_lab(dark)[..., 0].mean() < to_lab(clahe)[..., 0].mean() - 5          # draw 0 also is the amount of L
    assert np.array_equal(np.rint(dark * 255) / np.float32(255), dark)              # 8 bits
