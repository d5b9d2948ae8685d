"""Pictures made of characters.

Modes, best first: quadrant (2x2 dots a cell, two colours), half (1x2), half256, braille (2x4, one colour), ascii.
Every segment has a style: a segment without one ends a NO_COLOR console (facts/console.md 0, fact 6).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from dfl_tui.draw.chart import BRAILLE_BITS
from dfl_tui.draw.palette import BAYER, nearest
from dfl_tui.draw.scale import Pixels, by_area

STYLE_CACHE = 16_384      # about 15 MB at most; a face needs about 900 pairs a size
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
FIT_WEIGHT = np.array([0.55, 0.77, 0.33], dtype=np.float32)   # square roots of LUMA: fits what the eye sees
ASCII_RAMP = " .:-=+*#%@"

# Sub-pixels of a cell: upper left, upper right, lower left, lower right. A pattern and its complement are the same
# picture with the colours swapped, so half of the sixteen suffice; the foreground is where the pattern is 1.
PATTERNS = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0], [1, 0, 1, 0],
                     [1, 0, 0, 1]], dtype=np.float32)
PATTERN_GLYPHS = " ▘▝▖▗▀▌▚"


def draw_picture(pixels: Pixels, width: int, height: int, mode: str) -> list[Strip]:
    """`pixels` (h, w, 3) RGB uint8 as `height` strips of `width` cells. Raises ValueError for an unknown mode."""
    match mode:
        case "quadrant":
            return quadrants(by_area(pixels, 2 * width, 2 * height))
        case "half":
            return half_blocks(by_area(pixels, width, 2 * height))
        case "half256":
            return half_blocks_256(by_area(pixels, width, 2 * height))
        case "braille":
            return braille(by_area(pixels, 2 * width, 4 * height))
        case "ascii":
            return ascii_art(by_area(pixels, width, height))
    raise ValueError(f"unknown picture mode {mode!r}")


@lru_cache(maxsize=STYLE_CACHE)
def pair_style(front: int, back: int) -> Style:
    """Style of two colours of 15 bits each (5 a channel): rounding makes neighbours share styles."""
    return Style(color=Color.from_rgb(*spread(front)), bgcolor=Color.from_rgb(*spread(back)))


@lru_cache(maxsize=STYLE_CACHE)
def pair_style_256(front: int, back: int) -> Style:
    """Style of two palette entries."""
    return Style(color=Color.from_ansi(front), bgcolor=Color.from_ansi(back))


def spread(colour: int) -> tuple[int, int, int]:
    """8-bit red, green, blue of a 15-bit colour, with black and white kept."""
    red, green, blue = colour >> 10 & 31, colour >> 5 & 31, colour & 31
    return red << 3 | red >> 2, green << 3 | green >> 2, blue << 3 | blue >> 2


def pack(picture: NDArray[np.float32]) -> NDArray[np.int32]:
    """15-bit colours (..., ) of `picture` (..., 3) RGB 0..255."""
    level = np.clip(picture / 255 * 31 + 0.5, 0, 31).astype(np.int32)
    return np.asarray(level[..., 0] << 10 | level[..., 1] << 5 | level[..., 2], dtype=np.int32)


def quadrants(picture: NDArray[np.float32]) -> list[Strip]:
    """Two colours and one of eight patterns a cell, the best by least squares; `picture` is (2h, 2w, 3) RGB 0..255."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    cells = picture.reshape(height, 2, width, 2, 3).transpose(0, 2, 1, 3, 4).reshape(-1, 4, 3)
    weighted = cells * FIT_WEIGHT
    front = np.einsum("pk,nkc->npc", PATTERNS, weighted)                 # sums under the pattern
    back = weighted.sum(axis=1, keepdims=True) - front
    count = PATTERNS.sum(axis=1)
    explained = (front**2).sum(axis=2) / np.maximum(count, 1) + (back**2).sum(axis=2) / (4 - count)
    explained[:, 1:] -= 1e-3                                             # flat cells take the blank
    best = explained.argmax(axis=1)
    rows = np.arange(len(cells))
    n_front = count[best][:, None]
    front_colour = pack(front[rows, best] / np.maximum(n_front, 1) / FIT_WEIGHT)
    back_colour = pack(back[rows, best] / (4 - n_front) / FIT_WEIGHT)
    glyphs = [PATTERN_GLYPHS[i] for i in best.tolist()]
    return cell_strips(glyphs, front_colour.tolist(), back_colour.tolist(), width)


def half_blocks(picture: NDArray[np.float32]) -> list[Strip]:
    """Two pixels a cell, one above the other; `picture` is (2h, w, 3) RGB 0..255."""
    colour = pack(picture)
    width = picture.shape[1]
    above, below = colour[0::2].ravel().tolist(), colour[1::2].ravel().tolist()
    return cell_strips(["▀"] * len(above), above, below, width)


def cell_strips(glyphs: list[str], front: list[int], back: list[int], width: int) -> list[Strip]:
    """Strips of `width` cells from cells in reading order."""
    segments = [Segment(g, pair_style(f, b)) for g, f, b in zip(glyphs, front, back, strict=True)]
    return [Strip(segments[i:i + width], width) for i in range(0, len(segments), width)]


def half_blocks_256(picture: NDArray[np.float32]) -> list[Strip]:
    """Half blocks in the 256-colour palette, dithered."""
    index = nearest(picture).tolist()
    return [
        Strip([Segment("▀", pair_style_256(a, b)) for a, b in zip(above, below, strict=True)], len(above))
        for above, below in zip(index[0::2], index[1::2], strict=True)
    ]


DOT_BITS = np.array(BRAILLE_BITS, dtype=np.int32)


def braille_cells(dots: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Code points offset (h, w) of braille characters for `dots` (4h, 2w)."""
    height, width = dots.shape[0] // 4, dots.shape[1] // 2
    cells = dots.reshape(height, 4, width, 2).transpose(0, 2, 1, 3)
    return np.asarray((cells * DOT_BITS).sum(axis=(2, 3)), dtype=np.int32)


def stretched_luma(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Brightness 0..1 (h, w), stretched so that the darkest and brightest percent reach the ends."""
    luma = picture @ LUMA
    low, high = np.percentile(luma, (1, 99))
    return np.asarray(np.clip((luma - low) / max(high - low, 1.0), 0, 1), dtype=np.float32)


def braille(picture: NDArray[np.float32]) -> list[Strip]:
    """Dots where it is bright, by an ordered dither; `picture` is (4h, 2w, 3). The last resort for a face."""
    luma = stretched_luma(picture)
    height, width = luma.shape
    threshold = np.tile(BAYER + 0.5, (height // 4 + 1, width // 4 + 1))[:height, :width]
    style = Style()
    return [
        Strip([Segment("".join(chr(0x2800 + c) for c in row), style)], len(row))
        for row in braille_cells(luma > threshold).tolist()
    ]


def ascii_art(picture: NDArray[np.float32]) -> list[Strip]:
    """A ramp of ten characters by brightness; `picture` is (h, w, 3)."""
    level = (stretched_luma(picture) * (len(ASCII_RAMP) - 1) + 0.5).astype(int)
    style = Style()
    return [Strip([Segment("".join(ASCII_RAMP[i] for i in row), style)], len(row)) for row in level.tolist()]
