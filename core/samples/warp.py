"""The geometry of a sample: a random similarity, a random mirror, a random bend, composed into one map.

Knows uniform numbers and pixel coordinates (centres at integers, x to the right); no pictures, no options, no streams.
Distributions are the original's (facts/samples.md 6); its half-pixel shift, its tied x and y fields and its second
interpolation are not (12.1, 12.2). Everything scales with the side, so a side below 64 needs no rule of its own.
"""

from dataclasses import dataclass
from statistics import NormalDist

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]      # (2, 3), maps (x, y, 1) to (x, y)

ROTATION_DEG = 10.0
SCALE_RANGE = (1 / 1.15, 1.15)    # uniform, so the mean is 1.0098
SHIFT = 0.05                      # of the side, each way
FLIP_PROBABILITY = 0.4            # the original draws randint(10) < 4
AFFINE_DRAWS = 4

CELLS_A_SIDE = (2, 4, 8)
MOST_NODES = (CELLS_A_SIDE[-1] - 1) ** 2              # inner nodes; those on the border never move
NOISES = 2                                            # added for each node and axis: their sum is bell-shaped
WARP_DRAWS = 1 + 2 * NOISES * MOST_NODES              # the cell, then x and y; unused ones are drawn all the same
NODE_REACH = 0.24                                     # of a cell, for each of the noises, which lie in -1..1

_TRUNCATED_AT = 2.5                                   # standard deviations


def _truncated_normal_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(chance, value): the distribution function of a normal cut at +-2.5 and scaled to -1..1, at 2,049 points.

    Linear interpolation of its inverse is off by at most 2e-6; a rejection loop would draw a variable number.
    """
    normal = NormalDist()
    value = np.linspace(-1.0, 1.0, 2049)
    chance = np.array([normal.cdf(_TRUNCATED_AT * x) for x in value])
    return (chance - chance[0]) / (chance[-1] - chance[0]), value


_CHANCE, _VALUE = _truncated_normal_table()


def random_affine(draws: NDArray[np.float64], side_px: int) -> Matrix:
    """Where a pixel of the crop goes, from AFFINE_DRAWS uniforms: rotation +-10 degrees about (side // 2, side // 2)
    counter-clockwise, scale U(1/1.15, 1.15), shift +-5 % of the side."""
    angle = np.deg2rad(ROTATION_DEG * (2 * draws[0] - 1))
    scale = SCALE_RANGE[0] + (SCALE_RANGE[1] - SCALE_RANGE[0]) * draws[1]
    shift = SHIFT * (2 * draws[2:4] - 1) * side_px
    a, b, centre = scale * np.cos(angle), scale * np.sin(angle), side_px // 2
    return np.array([[a, b, (1 - a) * centre - b * centre + shift[0]],
                     [-b, a, b * centre + (1 - a) * centre + shift[1]]])


def source_matrix(affine: Matrix, side_px: int, *, is_flipped: bool) -> Matrix:
    """From a pixel of the sample to its place in the crop: the mirror, which comes last, then `affine` backwards."""
    inverse = np.asarray(cv2.invertAffineTransform(affine), np.float64)
    if is_flipped:
        inverse[:, 2] += inverse[:, 0] * (side_px - 1)
        inverse[:, 0] *= -1
    return inverse


@dataclass(frozen=True, slots=True)
class Bend:
    """Displacements at the nodes of a grid over the crop, in pixels: (cells + 1, cells + 1, 2) float32, border 0."""

    nodes: NDArray[np.float32]

    @property
    def cells(self) -> int:
        """Cells along a side: 2, 4 or 8."""
        return len(self.nodes) - 1


def random_bend(draws: NDArray[np.float64], side_px: int) -> Bend:
    """A bend from WARP_DRAWS uniforms. Nodes move by 0.1296 of a cell (standard deviation), by 0.48 of it at most,
    each axis by itself."""
    cells = CELLS_A_SIDE[min(int(draws[0] * len(CELLS_A_SIDE)), len(CELLS_A_SIDE) - 1)]
    inner = cells - 1
    noise = np.interp(draws[1:1 + 2 * NOISES * inner**2], _CHANCE, _VALUE)
    nodes = np.zeros((cells + 1, cells + 1, 2), np.float32)
    nodes[1:-1, 1:-1] = noise.reshape(inner, inner, 2, NOISES).sum(axis=3) * (NODE_REACH * side_px / cells)
    return Bend(nodes)


def source_map(bend: Bend, source: Matrix, side_px: int) -> NDArray[np.float32]:
    """Where each pixel of the sample is read in the crop: (side, side, 2), x and y, for cv2.remap.

    A pixel p lies at u = source p and is read at u + D(u), D the nodes' displacements, bilinear, at (u + 0.5) / cell.
    D is made at whole u and interpolated again: exact but within a pixel of a node line, where its corner is rounded.
    """
    cell = side_px / bend.cells
    # cv2.resize spreads the nodes so that pixel q holds the displacement at node coordinate (q + 0.5) / cell - 0.5:
    # half a cell is added to u to look it up. Outside the crop the value at its edge holds.
    side_of_field = round(side_px + cell)
    field = cv2.resize(bend.nodes, (side_of_field, side_of_field), interpolation=cv2.INTER_LINEAR)
    lookup = source.copy()
    lookup[:, 2] += cell / 2
    places = np.asarray(
        cv2.warpAffine(field, lookup, (side_px, side_px), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                       borderMode=cv2.BORDER_REPLICATE), np.float32)
    pixel = np.arange(side_px)
    for axis, (a, b, offset) in enumerate(source):
        places[..., axis] += (a * pixel + offset).astype(np.float32)
        places[..., axis] += (b * pixel).astype(np.float32)[:, None]
    return places
