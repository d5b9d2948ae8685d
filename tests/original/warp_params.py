"""The original's random geometry: its order of draws, its tied fields and half-pixel shift, its two interpolations.

For parity with recorded numbers only (facts/samples.md 6); `core.samples.warp` does better on purpose.
"""

from dataclasses import dataclass

import cv2
import numpy as np

LEAST_SIDE_PX = 64


@dataclass(frozen=True)
class WarpParams:
    """One sample's geometry. Maps and matrix are for `side_px`; `small_px` is the picture's side if it is below 64."""

    side_px: int
    small_px: int | None
    cell: int
    flip: bool
    rotation: float
    scale: float
    shift: tuple[float, float]
    map_x: np.ndarray      # (side, side) float32
    map_y: np.ndarray
    affine: np.ndarray     # (2, 3) float64, forward


def gen_warp_params(side_px: int, *, flip: bool, transform: np.random.RandomState, warp: np.random.RandomState,
                    rotation_deg: float = 10.0, scale: float = 0.15, shift: float = 0.05) -> WarpParams:
    """Draw in the original's order: rotation, scale, x, y and perhaps a flip from one stream, the bend from another."""
    small_px, side = (side_px, LEAST_SIDE_PX) if side_px < LEAST_SIDE_PX else (None, side_px)
    rotation = transform.uniform(-rotation_deg, rotation_deg)
    factor = transform.uniform(1 / (1 + scale), 1 + scale)
    x, y = transform.uniform(-shift, shift), transform.uniform(-shift, shift)
    is_flipped = flip and transform.randint(10) < 4
    cell = (side // 2, side // 4, side // 8)[warp.randint(3)]
    map_x, map_y = _maps(side, cell, warp)
    affine = cv2.getRotationMatrix2D((side // 2, side // 2), rotation, factor)
    affine[:, 2] += (x * side, y * side)
    return WarpParams(side, small_px, cell, bool(is_flipped), rotation, factor, (x, y), map_x, map_y, affine)


def _maps(side: int, cell: int, stream: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    lines = side // cell + 1
    grid_x = np.broadcast_to(np.linspace(0, side, lines), (lines, lines)).copy()
    grid_y = grid_x.T                  # the same memory: what is added to one is added to the other, transposed
    for grid in (grid_x, grid_y):
        grid[1:-1, 1:-1] += _noise(lines - 2, stream) * (0.24 * cell)
    cut = slice(cell // 2, -(cell // 2))
    big = (side + cell, side + cell)
    map_x, map_y = (cv2.resize(grid, big)[cut, cut].astype(np.float32) for grid in (grid_x, grid_y))
    return map_x, map_y


def _noise(lines: int, stream: np.random.RandomState) -> np.ndarray:
    """Normals, each redrawn until it lies within 2.5, divided by 2.5; float32, row by row."""
    found: list[float] = []
    while len(found) < lines * lines:
        value = stream.normal()
        if abs(value) <= 2.5:
            found.append(value / 2.5)
    return np.array(found, np.float32).reshape(lines, lines)


def apply_warp(params: WarpParams, picture: np.ndarray, *, bend: bool, is_mask: bool = False) -> np.ndarray:
    """Bend perhaps, transform, mirror perhaps: (h, w, c) float32 in and out, not clipped.

    Pictures by cubic with a repeated edge, masks linearly with a black one. The bend's own border is black.
    """
    method = cv2.INTER_LINEAR if is_mask else cv2.INTER_CUBIC
    border = cv2.BORDER_CONSTANT if is_mask else cv2.BORDER_REPLICATE
    side = (params.side_px, params.side_px)
    if params.small_px is not None:
        picture = cv2.resize(picture, side, interpolation=method)
    if bend:
        picture = cv2.remap(picture, params.map_x, params.map_y, method)
    picture = cv2.warpAffine(picture, params.affine, side, flags=method, borderMode=border)
    if params.small_px is not None:
        picture = cv2.resize(picture, (params.small_px, params.small_px), interpolation=method)
    if picture.ndim == 2:
        picture = picture[..., None]
    return picture[:, ::-1] if params.flip else picture
