"""The product's random streams, geometry and pose against the restatements."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.faces import pose as product_pose
from core.samples import order
from core.samples import warp as product_warp
from core.samples.stream import Address, Draws, Stream, block_words, slot_of

from . import pose, resample, stream, warp

DATA = Path(__file__).parents[1] / "data" / "reference"
HEADS = json.loads((DATA / "heads.json").read_text())
RECORDED = np.load(DATA / "samples.npz")


# --- streams ---------------------------------------------------------------------------------------------------------


def words(address: Address, count: int) -> list[int]:
    """What is promised: key (seed, stream), counter (block, slot, iteration, life); NumPy counts before it draws:
    from 1.
    """
    key, found = (address.seed, int(address.stream)), []
    for block in range(1, (count + 3) // 4 + 1):
        found += stream.philox((block, address.slot, address.iteration, address.life), key)
    return found[:count]


@pytest.mark.parametrize("address", [
    Address(0, Stream.ORDER, 0, 0, 0),
    Address(12345, Stream.WARP, 2, 400_000, slot_of(1, 7)),
    Address(2**64 - 1, Stream.AFFINE, 2**64 - 1, 2**64 - 1, 2**64 - 1),
])
def test_words_are_philox_of_their_address(address):
    found = [int(w) for w in Draws().raw(address, 11)]
    assert found == words(address, 11)


def test_uniforms_have_53_bits_and_normals_are_made_of_two_words_each():
    address, draws = Address(9, Stream.FLIP, 1, 2, 3), Draws()
    expected = [(w >> 11) / 2.0**53 for w in words(address, 9)]
    assert list(draws.uniforms(address, 9)) == expected
    uniform = np.array([(w >> 11) / 2.0**53 for w in words(address, 8)])
    normals, pairs = draws.normals(address, 8), uniform.reshape(4, 2)
    # Box and Muller: radius from one, angle from the other word of a pair
    assert np.hypot(normals[0::2], normals[1::2]) == pytest.approx(np.sqrt(-2 * np.log(1 - pairs[:, 0])), rel=1e-12)
    angle = np.mod(np.arctan2(normals[1::2], normals[0::2]), 2 * np.pi)
    assert angle == pytest.approx(2 * np.pi * pairs[:, 1], rel=1e-9)


def test_normals_are_normal():
    found = Draws().normals(Address(4, Stream.WARP, 0, 1, 2), 40_000)
    n = len(found)
    assert abs(found.mean()) * np.sqrt(n) < 4
    assert abs(found.var() - 1) * np.sqrt(n / 2) < 4
    assert abs(np.mean(found**4) - 3) * np.sqrt(n / 96) < 4
    assert abs(stream.correlation_deviates(found[:-1], found[1:])) < 4


def test_bytes_of_a_block_are_even_and_its_own():
    found = block_words(1, Stream.LRD, 0, 5, "encoder.down1/weight", 100_000)
    assert abs(stream.byte_surprise(found)) < 4
    assert np.array_equal(found[:1000], block_words(1, Stream.LRD, 0, 5, "encoder.down1/weight", 1000))
    for other in (
        block_words(1, Stream.LRD, 0, 5, "encoder.down2/weight", 100_000),
        block_words(1, Stream.LRD, 0, 6, "encoder.down1/weight", 100_000),
        block_words(1, Stream.LRD, 1, 5, "encoder.down1/weight", 100_000),
        block_words(2, Stream.LRD, 0, 5, "encoder.down1/weight", 100_000),
    ):
        assert abs(stream.correlation_deviates(found.astype(float), other.astype(float))) < 4.5


# --- order -----------------------------------------------------------------------------------------------------------


def test_decks_are_fair():
    """Each place of a deck sees each face about as often over epochs; every face once in each epoch."""
    count, epochs = 12, 600
    deck = order.FaceOrder(count, seed=5, side=0)
    faces = deck.shuffled(0, np.arange(count * epochs)).reshape(epochs, count)
    assert np.array_equal(np.sort(faces, axis=1), np.tile(np.arange(count), (epochs, 1)))
    table = np.stack([np.bincount(faces[:, place], minlength=count) for place in range(count)])
    chi2 = np.sum((table - epochs / count) ** 2 / (epochs / count))
    free = (count - 1) ** 2
    assert abs(chi2 - free) / np.sqrt(2 * free) < 4
    follows = np.mean((np.diff(faces, axis=1) % count) == 1)
    assert abs(stream.normal_deviates(follows, epochs * (count - 1), 1 / count)) < 5


def test_yaw_bins_are_the_same():
    yaw = np.random.RandomState(2).uniform(-1.6, 1.6, 400)
    found = order.yaw_bins(yaw.astype(np.float32))
    edges = np.linspace(-1.2, 1.2, 128)
    clear = np.abs(edges[:, None] + yaw[None, :]).min(axis=0) > 1e-6       # float32 may fall on either side of an edge
    assert [pose.yaw_bin(float(v)) for v in yaw[clear]] == list(found[clear])


# --- geometry --------------------------------------------------------------------------------------------------------


def spread_of(values: np.ndarray) -> warp.Draws:
    """The transform that four uniforms mean, in the original's order of draws."""
    low, high = warp.scale_range(-0.15, 0.15)
    return warp.Draws(
        -10 + 20 * values[0], low + (high - low) * values[1], -0.05 + 0.1 * values[2], -0.05 + 0.1 * values[3], False)


@pytest.mark.parametrize("side", [64, 97, 256])
def test_the_affine_is_the_same(side):
    for seed in range(5):
        draws = np.random.RandomState(seed).rand(product_warp.AFFINE_DRAWS)
        found = product_warp.random_affine(draws, side)
        assert found == pytest.approx(warp.affine(side, spread_of(draws)), abs=1e-9)


def test_the_mirror_comes_last():
    side, draws = 64, np.array([0.9, 0.2, 0.7, 0.1])
    affine = product_warp.random_affine(draws, side)
    plain = product_warp.source_matrix(affine, side, is_flipped=False)
    flipped = product_warp.source_matrix(affine, side, is_flipped=True)
    u, v = warp.one_map(side, warp.affine(side, spread_of(draws)), 8, None, half_pixel=False)
    y, x = np.mgrid[0:side, 0:side].astype(float)
    inside = (u > 0) & (u < side - 1) & (v > 0) & (v < side - 1)
    for matrix, columns in ((plain, x), (flipped, side - 1 - x)):
        for row, expected in zip(matrix, (u, v), strict=True):
            found = row[0] * columns + row[1] * y + row[2]
            assert np.abs(found - expected)[inside].max() < 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_one_map_of_affine_and_bend_is_the_same(seed):
    side = 96
    draws = np.random.RandomState(seed)
    affine = product_warp.random_affine(draws.rand(product_warp.AFFINE_DRAWS), side)
    bend = product_warp.random_bend(draws.rand(product_warp.WARP_DRAWS), side)
    found = product_warp.source_map(bend, product_warp.source_matrix(affine, side, is_flipped=False), side)
    nodes = bend.nodes.astype(np.float64)
    cell = side // (len(nodes) - 1)
    x, y = warp.one_map(side, affine, cell, (nodes[..., 0], nodes[..., 1]), half_pixel=False)
    u, v = warp.one_map(side, affine, cell, None, half_pixel=False)
    # the product reads D, made at whole pixels, by cv2.remap: places in 1/32 pixel, kinks at node lines rounded off
    away = [np.abs((w + 0.5) / cell - np.round((w + 0.5) / cell)) * cell > 1.01 for w in (u, v)]
    inside = (u > 0) & (u < side - 1) & (v > 0) & (v < side - 1)
    clear = away[0] & away[1] & inside
    assert clear.mean() > 0.4
    steepest = (np.abs(np.diff(nodes, axis=0)).max() + np.abs(np.diff(nodes, axis=1)).max()) / cell
    for k, expected in enumerate((x, y)):
        assert np.abs(found[..., k] - expected)[clear].max() < steepest / 64 + 1e-4
        assert np.abs(found[..., k] - expected)[inside].max() < steepest / 2 + 1e-4


def test_bends_have_the_original_s_spread_and_free_axes():
    """Nodes: 0.1296 of a cell, at most 0.48, borders still; one, nine or 49 nodes a third of the time; dx and dy
    independent.
    """
    side, state = 256, np.random.RandomState(11)
    nodes: dict[int, list[np.ndarray]] = {2: [], 4: [], 8: []}
    for _ in range(900):
        found = product_warp.random_bend(state.rand(product_warp.WARP_DRAWS), side).nodes
        nodes[len(found) - 1].append(found[1:-1, 1:-1] / (side / (len(found) - 1)))
        assert not found[0].any() and not found[-1].any() and not found[:, 0].any() and not found[:, -1].any()
    for cells, drawn in nodes.items():
        assert abs(stream.normal_deviates(len(drawn) / 900, 900, 1 / 3)) < 4, cells
        values = np.concatenate([d.reshape(-1, 2) for d in drawn])
        assert np.abs(values).max() <= 0.48 + 1e-6
        n = values.size
        assert values.std() == pytest.approx(0.1296, rel=4 * np.sqrt(0.5 / n) + 5e-4), cells
        assert abs(values.mean()) < 4 * 0.1296 / np.sqrt(n)
        assert abs(stream.correlation_deviates(values[:, 0], values[:, 1])) < 4


def test_scale_and_rotation_have_the_original_s_ranges():
    low, high = warp.scale_range(-0.15, 0.15)
    assert pytest.approx((low, high), rel=1e-12) == product_warp.SCALE_RANGE
    assert (product_warp.ROTATION_DEG, product_warp.SHIFT, product_warp.FLIP_PROBABILITY) == (10.0, 0.05, 0.4)


def test_a_remapped_picture_is_the_same():
    """OpenCV's cubic remap through the product's map against the float64 one: positions are rounded to 1/32 pixel."""
    side, state = 64, np.random.RandomState(2)
    picture = RECORDED["warp_0_in"] / 255.0
    affine = product_warp.random_affine(state.rand(product_warp.AFFINE_DRAWS), side)
    bend = product_warp.random_bend(state.rand(product_warp.WARP_DRAWS), side)
    places = product_warp.source_map(bend, product_warp.source_matrix(affine, side, is_flipped=False), side)
    found = cv2.remap(picture.astype(np.float32), places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    expected = resample.remap(
        picture, places[..., 0].astype(float), places[..., 1].astype(float), border="replicate")
    assert np.abs(found - expected).mean() < 1.5e-3


# --- pose ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("face", [0, 1, 2])
def test_recorded_faces_are_posed_alike(face):
    found = product_pose.pitch_yaw_roll(RECORDED[f"landmarks_{face}"], 256)
    assert found == pytest.approx(RECORDED[f"angles_{face}"], abs=1e-4)


def test_rendered_heads_are_posed_alike():
    for head in HEADS:
        landmarks = np.array(head["landmarks"])
        expected = pose.pitch_yaw_roll(landmarks, 256)
        # OpenCV ends after 20 rounds, some hundredths of a degree before the minimum
        assert product_pose.pitch_yaw_roll(landmarks, 256)[:2] == pytest.approx(expected[:2], abs=np.radians(0.1))
