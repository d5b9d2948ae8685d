"""The geometry of a sample against its formulas, and its distributions against the original's (facts/samples.md 6)."""

import math

import cv2
import numpy as np
import pytest

from core.samples.stream import Address, Draws, Stream
from core.samples.warp import (
    AFFINE_DRAWS,
    CELLS_A_SIDE,
    WARP_DRAWS,
    Bend,
    random_affine,
    random_bend,
    source_map,
    source_matrix,
)

IDENTITY = np.array([[1.0, 0, 0], [0, 1, 0]])


def uniforms(stream: Stream, slot: int, count: int):
    return Draws().uniforms(Address(11, stream, 0, 0, slot), count)


def bends(count: int, side_px: int) -> list[Bend]:
    return [random_bend(uniforms(Stream.WARP, slot, WARP_DRAWS), side_px) for slot in range(count)]


def slow_map(bend: Bend, source: np.ndarray, side_px: int) -> np.ndarray:
    """u + D(u) with u = source p, written out for every pixel."""
    cell, nodes = side_px / bend.cells, bend.nodes.astype(np.float64)
    found = np.empty((side_px, side_px, 2))
    for y in range(side_px):
        for x in range(side_px):
            u = source @ (x, y, 1)
            grid = np.clip((u + 0.5) / cell, 0, bend.cells)
            column, row = np.minimum(grid.astype(int), bend.cells - 1)
            right, down = grid - (column, row)
            upper = nodes[row, column] * (1 - right) + nodes[row, column + 1] * right
            lower = nodes[row + 1, column] * (1 - right) + nodes[row + 1, column + 1] * right
            found[y, x] = u + upper * (1 - down) + lower * down
    return found


@pytest.mark.parametrize("side_px", [32, 48, 64, 80])
def test_a_bend_alone_is_the_bilinear_field_of_its_nodes(side_px):
    for bend in bends(6, side_px):
        assert np.abs(source_map(bend, IDENTITY, side_px) - slow_map(bend, IDENTITY, side_px)).max() < 1e-4


@pytest.mark.parametrize("side_px", [32, 80])
def test_bend_and_similarity_in_one_map_are_their_composition(side_px):
    for slot, bend in enumerate(bends(4, side_px)):
        affine = random_affine(uniforms(Stream.AFFINE, slot, AFFINE_DRAWS), side_px)
        source = source_matrix(affine, side_px, is_flipped=slot % 2 == 0)
        error = np.abs(source_map(bend, source, side_px) - slow_map(bend, source, side_px))
        assert error.mean() < 0.02 and error.max() < 0.5         # the corner of a node line is rounded within a pixel


def test_without_a_bend_and_a_similarity_a_pixel_is_read_at_itself():
    still = Bend(np.zeros((3, 3, 2), np.float32))
    rows, columns = np.mgrid[:64, :64]
    assert np.array_equal(source_map(still, IDENTITY, 64), np.stack((columns, rows), axis=-1).astype(np.float32))


def test_the_similarity_is_the_rotation_about_the_middle_with_scale_and_shift():
    draws = np.array([0.8, 0.3, 0.9, 0.2])
    scale = 1 / 1.15 + 0.3 * (1.15 - 1 / 1.15)
    expected = cv2.getRotationMatrix2D((32, 32), 6.0, scale)
    expected[:, 2] += np.array([0.04, -0.03]) * 64
    assert random_affine(draws, 64) == pytest.approx(expected, abs=1e-9)


def test_the_source_matrix_undoes_the_similarity_and_mirrors_last():
    affine = random_affine(uniforms(Stream.AFFINE, 3, AFFINE_DRAWS), 64)
    for is_flipped in (False, True):
        source = source_matrix(affine, 64, is_flipped=is_flipped)
        for x, y in ((0, 0), (63, 10), (20, 63)):
            back = affine @ (*(source @ (x, y, 1)), 1)
            assert back == pytest.approx((63 - x if is_flipped else x, y), abs=1e-9)


def test_similarities_are_spread_as_the_original_spreads_them():
    matrices = np.array([random_affine(uniforms(Stream.AFFINE, slot, AFFINE_DRAWS), 100) for slot in range(4000)])
    scale = np.hypot(matrices[:, 0, 0], matrices[:, 0, 1])
    angle = np.degrees(np.arctan2(matrices[:, 0, 1], matrices[:, 0, 0]))
    middle = matrices @ (50, 50, 1) - 50
    assert (scale.min(), scale.max()) == pytest.approx((1 / 1.15, 1.15), abs=1e-3)
    assert scale.mean() == pytest.approx(1.0098, abs=0.005)
    assert (angle.min(), angle.max()) == pytest.approx((-10, 10), abs=0.05)
    assert angle.std() == pytest.approx(20 / math.sqrt(12), rel=0.03)
    assert np.abs(middle).max() <= 5 and middle.std() == pytest.approx(10 / math.sqrt(12), rel=0.03)


def test_nodes_move_by_0_1296_of_a_cell_and_at_most_0_48():
    for cells in CELLS_A_SIDE:
        nodes = np.concatenate([b.nodes[1:-1, 1:-1].reshape(-1, 2) for b in bends(6000, 128) if b.cells == cells])
        share = nodes / (128 / cells)
        assert share.std() == pytest.approx(0.1296, rel=0.03)
        assert 0.3 < np.abs(share).max() <= 0.48
        assert abs(share.mean()) < 4 * 0.1296 / math.sqrt(share.size)


def test_x_and_y_move_independently():
    found = bends(6000, 64)
    single = np.array([b.nodes[1, 1] for b in found if b.cells == 2])
    assert abs(np.corrcoef(single.T)[0, 1]) < 4 / math.sqrt(len(single))
    fine = np.array([b.nodes[1:-1, 1:-1] for b in found if b.cells == 8])
    transposed = np.corrcoef(fine[..., 0].ravel(), fine[..., 1].transpose(0, 2, 1).ravel())[0, 1]
    assert abs(transposed) < 4 / math.sqrt(fine[..., 0].size)


def test_a_third_of_the_bends_has_each_cell_and_the_border_stays():
    found = bends(3000, 64)
    counts = [sum(b.cells == cells for b in found) for cells in CELLS_A_SIDE]
    assert all(abs(count - 1000) < 4 * math.sqrt(3000 * 2 / 9) for count in counts)
    for bend in found[:20]:
        edge = np.concatenate((bend.nodes[0], bend.nodes[-1], bend.nodes[:, 0], bend.nodes[:, -1]))
        assert not edge.any()


def test_fields_of_each_cell_vary_as_much_as_the_original_fields():
    expected = {2: 0.0235, 4: 0.058, 8: 0.074}            # mean spatial deviation, of a cell (facts/samples.md 6.2)
    found = bends(900, 64)
    rows, columns = np.mgrid[:64, :64]
    for cells, share in expected.items():
        fields = [source_map(b, IDENTITY, 64) - np.stack((columns, rows), -1) for b in found if b.cells == cells]
        mean = np.mean([field.std(axis=(0, 1)) for field in fields]) / (64 / cells)
        assert mean == pytest.approx(share, rel=0.08)


def test_a_white_picture_stays_white_to_its_edge():
    white = np.full((64, 64, 3), 255, np.uint8)
    bend = bends(1, 64)[0]
    affine = random_affine(uniforms(Stream.AFFINE, 0, AFFINE_DRAWS), 64)
    places = source_map(bend, source_matrix(affine, 64, is_flipped=False), 64)
    bent = cv2.remap(white, places, np.empty(0, np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    assert bent.min() == 255
