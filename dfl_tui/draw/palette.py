"""The 256-colour palette: nearest colours by one table lookup, and an ordered dither that suits skin.

The 6x6x6 cube has few skin tones; amplitude 12 keeps flat skin calm (facts/console.md 4: 8 to 16 lose least).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CUBE_LEVELS = (0, 95, 135, 175, 215, 255)
DITHER_AMPLITUDE = 12.0
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], dtype=np.float32) / 16 - 0.46875


def colours() -> NDArray[np.int32]:
    """(240, 3) RGB of palette entries 16..255. The first 16 belong to the user's theme and are not used."""
    cube = [(r, g, b) for r in CUBE_LEVELS for g in CUBE_LEVELS for b in CUBE_LEVELS]
    greys = [(8 + 10 * i,) * 3 for i in range(24)]
    return np.array(cube + greys, dtype=np.int32)


@lru_cache(maxsize=1)
def table() -> NDArray[np.uint8]:
    """(32, 32, 32) palette index of each colour at 5 bits a channel. Made once, 0.1 s."""
    axis = np.arange(32) * 8 + 4
    wanted = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    palette = colours()[None]
    weight = np.array([2, 4, 3])  # red, green, blue, as the eye sees them
    index = [np.argmin((((part - palette) ** 2) * weight).sum(axis=2), axis=1) for part in np.array_split(wanted, 32)]
    return (np.concatenate(index) + 16).astype(np.uint8).reshape(32, 32, 32)


def nearest(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Palette index (h, w) of each pixel of `picture` (h, w, 3) RGB 0..255, with an ordered dither."""
    height, width = picture.shape[:2]
    tiled = np.tile(BAYER, (height // 4 + 1, width // 4 + 1))[:height, :width, None]
    level = np.clip(picture + DITHER_AMPLITUDE * tiled, 0, 255).astype(np.uint8) >> 3
    return np.asarray(table()[level[..., 0], level[..., 1], level[..., 2]])
