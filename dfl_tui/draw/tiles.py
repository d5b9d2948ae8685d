"""The tiles of a preview: cut out of the answer, named, drawn beside each other. Imports NumPy, and so comes late."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from textual.strip import Strip

from core.wire.console_record import Preview
from dfl_tui.draw.line import fit, strip
from dfl_tui.draw.mode import GAP
from dfl_tui.draw.picture import draw_picture
from dfl_tui.language import _


class Tile(NamedTuple):
    """One picture: the name above it, and (side, side, 3) RGB."""

    name: str
    pixels: NDArray[np.uint8]


def tile_pixels(preview: Preview) -> NDArray[np.uint8]:
    """(faces, columns, side, side, 3) RGB of an answer."""
    shape = (-1, len(preview.columns), preview.side_px, preview.side_px, 3)
    return np.frombuffer(preview.pixels, dtype=np.uint8).reshape(shape)


def beside(rows: list[list[Strip]], blank: Strip) -> list[Strip]:
    """Tiles of equal height next to each other, `blank` between them."""
    joined = []
    for parts in zip(*rows, strict=True):
        pieces = [p for part in parts for p in (part, blank)][:-1]
        joined.append(Strip.join(pieces))
    return joined


def picked(now: Preview, then: Preview | None, columns: tuple[int, ...], faces: int) -> list[list[Tile]]:
    """The tiles of each face: the columns of `now`, each with that of `then` before it where there is one. Pure."""
    shown = [now] if then is None else [then, now]
    pixels = [tile_pixels(p) for p in shown]
    return [[Tile(p.columns[c] if then is None else _("{picture} at {n}").format(picture=p.columns[c],
                                                                              n=f"{p.iteration:,}"), px[face, c])
             for c in columns for p, px in zip(shown, pixels, strict=True)]
            for face in range(min(faces, *(len(px) for px in pixels)))]


def draw_tiles(faces: list[list[Tile]], side: int, mode: str, width: int, name: Style, plain: Style) -> list[Strip]:
    """Each face: a line of picture names in style `name`, then its tiles on `plain`. Pure."""
    blank = Strip.blank(GAP, plain)
    rows: list[Strip] = []
    for tiles in faces:
        # Cut to the tile: a name that runs into the next tile would name that one.
        names = (" " * GAP).join(fit(tile.name, 2 * side) for tile in tiles)
        rows.append(strip([(names, name)], width))
        rows += beside([draw_picture(tile.pixels, 2 * side, side, mode) for tile in tiles], blank)
    return rows
