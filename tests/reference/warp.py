"""Random warp and affine of a training sample. Source: facts/samples.md 6.

`parameters` repeats the original's draws from NumPy's legacy generator; `warp_maps` and `affine` are formulas of
given draws, so they serve for any stream of random numbers. `one_map` is the composition for a single interpolation
(6.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .resample import resize

SMALLEST = 64           # below this side maps and affine are made for 64
LIMIT = 2.5             # a normal beyond is drawn again


@dataclass(frozen=True)
class Draws:
    """The transform's numbers: degrees, factor, shares of the side."""

    rotation: float
    scale: float
    shift_x: float
    shift_y: float
    flip: bool


def scale_range(low: float, high: float) -> tuple[float, float]:
    """U(1 / (1 - lo), 1 + hi): for -0.15, 0.15 it is 0.8696 to 1.15, not symmetric around 1."""
    return 1.0 / (1.0 - low), 1.0 + high


def draw(
    state: np.random.RandomState, *, flips: bool, rotation: float = 10, scale: float = 0.15, shift: float = 0.05
) -> Draws:
    """In the original's order; nothing is drawn for the flip when flips are off."""
    turned = state.uniform(-rotation, rotation)
    scaled = state.uniform(*scale_range(-scale, scale))
    x, y = state.uniform(-shift, shift), state.uniform(-shift, shift)
    return Draws(turned, scaled, x, y, bool(flips and state.randint(10) < 4))


def draw_cell(state: np.random.RandomState, side: int) -> int:
    return [side // 2, side // 4, side // 8][state.randint(3)]


def draw_noise(state: np.random.RandomState, nodes: int) -> np.ndarray:
    """(nodes, nodes), row order, one at a time; normals limited to +-2.5 by redrawing, then divided by 2.5; float32."""
    found = np.empty(nodes * nodes, np.float32)
    for i in range(len(found)):
        value = state.randn()
        while abs(value) > LIMIT:
            value = state.randn()
        found[i] = value / LIMIT
    return found.reshape(nodes, nodes)


def node_displacement(cell: int, noise: np.ndarray) -> np.ndarray:
    """(n, n) in pixels from noise (n - 2, n - 2): 0.24 cells; nodes of the border never move."""
    return np.pad(noise.astype(np.float64) * (0.24 * cell), 1)


def tied_displacements(cell: int, noise_1: np.ndarray, noise_2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(dx, dy) of the original, whose y map is a transposed view of its x map: E = N1 + N2^T, dx = E, dy = E^T."""
    moved = node_displacement(cell, noise_1) + node_displacement(cell, noise_2).T
    return moved, moved.T


def spread(nodes: np.ndarray, side: int, cell: int) -> np.ndarray:
    """Node values at every pixel: resized (bilinear, half pixel) to side + cell, half a cell cut from each side."""
    wide = resize(nodes[..., None], side + cell, side + cell, cubic=False)[..., 0]
    return wide[cell // 2 : cell // 2 + side, cell // 2 : cell // 2 + side]


def warp_maps(side: int, cell: int, dx: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Source positions x, y (side, side) of the original: pixel p samples at p + 0.5 plus the displacement."""
    grid = np.linspace(0, side, side // cell + 1)
    return spread(grid[None, :] + dx, side, cell), spread(grid[:, None] + dy, side, cell)


def affine(side: int, draws: Draws) -> np.ndarray:
    """(2, 3): rotation (counter-clockwise) and scale about (side // 2, side // 2), then the shift."""
    angle, c = np.deg2rad(draws.rotation), side // 2
    a, b = draws.scale * np.cos(angle), draws.scale * np.sin(angle)
    return np.array([
        [a, b, (1 - a) * c - b * c + draws.shift_x * side],
        [-b, a, b * c + (1 - a) * c + draws.shift_y * side],
    ])


def bilinear_nodes(nodes: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Node values at node coordinates (y, x), 0..n-1."""
    last = nodes.shape[0] - 1
    j, i = (np.clip(np.floor(v).astype(int), 0, last - 1) for v in (y, x))
    v, u = y - j, x - i
    top = nodes[j, i] * (1 - u) + nodes[j, i + 1] * u
    low = nodes[j + 1, i] * (1 - u) + nodes[j + 1, i + 1] * u
    return top * (1 - v) + low * v


def one_map(
    side: int, matrix: np.ndarray, cell: int, displacements: tuple[np.ndarray, np.ndarray] | None, *, half_pixel: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Source positions (x, y) of every output pixel: u = A^-1 p limited to the frame, then u + D(u) (+ 0.5 in the
    original).

    displacements: node (dx, dy), or None for the unwarped target. D is bilinear at node coordinates (u + 0.5) / cell.
    """
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    y, x = np.mgrid[0:side, 0:side].astype(np.float64)
    u = np.clip(inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2], 0, side - 1)
    v = np.clip(inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2], 0, side - 1)
    if displacements is None:
        return u, v
    at_y, at_x = (v + 0.5) / cell, (u + 0.5) / cell
    dx, dy = (bilinear_nodes(d, at_y, at_x) for d in displacements)
    half = 0.5 if half_pixel else 0.0
    return u + dx + half, v + dy + half
