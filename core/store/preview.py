"""Previews: one PNG sheet for each, with the names of its faces and columns inside; `preview.png` is the newest.

A sheet has a row for each face and a column for each picture of it (src, src', dst, ...), all tiles of one size. Files
are called LIFE-ITERATION.png. Old ones are thinned, so that a run of any length keeps about TOTAL of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from core.settings.error import StoreError
from core.store.disk import Disk, RealDisk, put, read_whole, trouble
from core.store.folder import RunFolder
from core.store.png_text import text_of, with_text

NEWEST = 20                          # kept whatever they show
TOTAL = 200                          # files: at 128 px, 4 faces and 6 columns about 0.6 MB each
MAX_SHEET_BYTES = 512 * 1024 * 1024  # 32 faces, 6 columns, 1024 px are 604 MB of pixels, and half of that as PNG
CACHE_BYTES = 64 * 1024 * 1024       # a decoded sheet up to here is kept for the next page of it
COMPRESSION = 2                      # zlib level: twice as fast as the default for 8 % more bytes

Tiles8 = npt.NDArray[np.uint8]


class SheetText(msgspec.Struct, frozen=True):
    """What a sheet says about itself."""

    iteration: int
    life: int
    side_px: int
    columns: list[str]
    names: list[str]


@dataclass(frozen=True, slots=True)
class Tiles:
    """Part of a preview. pixels: (faces, columns, side, side, 3) uint8 RGB; names: of these faces; total: of all."""

    iteration: int
    life: int
    side_px: int
    total: int
    columns: list[str]
    names: list[str]
    pixels: Tiles8


@dataclass(frozen=True, slots=True, order=True)
class Sheet:
    """One preview file. Ordered as they were made."""

    life: int
    iteration: int

    @property
    def file_name(self) -> str:
        return f"{self.life:04d}-{self.iteration:09d}.png"


class PreviewStore:
    """The previews of one run. The trainer writes, any process reads. OpenCV is imported with the first picture."""

    def __init__(self, folder: RunFolder, disk: Disk | None = None) -> None:
        self.folder = folder
        self._disk = disk or RealDisk()
        self._cached: tuple[Path, int, SheetText, Tiles8] | None = None  # path, time of change, text, pixels

    def write(self, iteration: int, life: int, tiles: Tiles8, columns: Sequence[str], names: Sequence[str]) -> None:
        """Keep a preview and make it `preview.png`. Raises StoreError with the older ones as they were.

        tiles: (faces, columns, side, side, 3) uint8 RGB.
        """
        faces, pictures, side, width, channels = tiles.shape
        if tiles.dtype != np.uint8 or channels != 3 or side != width or (faces, pictures) != (len(names), len(columns)):
            raise ValueError(f"tiles {tiles.shape} of {tiles.dtype} do not fit {len(names)} names and {len(columns)} "
                             "columns")
        text = SheetText(iteration, life, side, list(columns), list(names))
        png = with_text(encoded(sheet_of(tiles)), msgspec.to_builtins(text))
        put(self._disk, self.folder.previews / Sheet(life, iteration).file_name, [png])
        put(self._disk, self.folder.preview_png, [png], temporary=".preview.png")
        self.thin()

    def iterations(self) -> list[int]:
        """Iterations of the present line that have a preview, rising: each life up to where the next one begins."""
        return [s.iteration for s in line_of(self._sheets())]

    @property
    def newest(self) -> int | None:
        """Iteration of the newest preview."""
        sheets = self._sheets()
        return sheets[-1].iteration if sheets else None

    def read(self, iteration: int | None, first: int, count: int, side_px: int) -> Tiles:
        """Faces first..first+count of a preview (None = the newest), each tile scaled to side_px. Raises StoreError."""
        sheets = line_of(self._sheets())
        found = [s for s in sheets if iteration is None or s.iteration == iteration]
        if not found:
            what = "no preview yet" if iteration is None else f"no preview of iteration {iteration:,}"
            raise StoreError(f"there is {what}", hint="previews are drawn every preview_every iterations")
        text, pixels = self._opened(self.folder.previews / found[-1].file_name)
        part = pixels[first:first + count]
        return Tiles(text.iteration, text.life, side_px, len(text.names), text.columns,
                     text.names[first:first + count], scaled(part, side_px))

    def thin(self) -> None:
        """Remove old previews beyond TOTAL. Raises StoreError."""
        sheets = self._sheets()
        for sheet in sorted(set(sheets) - thinned(sheets)):
            path = self.folder.previews / sheet.file_name
            try:
                self._disk.unlink(path)
            except OSError as error:
                raise trouble(error, "remove", path) from error

    def _sheets(self) -> list[Sheet]:
        """All previews, in the order in which they were made."""
        try:
            names = self._disk.names(self.folder.previews)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise trouble(error, "list", self.folder.previews) from error
        parts = [n[:-4].split("-") for n in names if n.endswith(".png")]
        return sorted(Sheet(int(p[0]), int(p[1])) for p in parts if len(p) == 2 and all(map(is_number, p)))

    def _opened(self, path: Path) -> tuple[SheetText, Tiles8]:
        """Text and pixels of a sheet, (faces, columns, side, side, 3)."""
        try:
            changed = path.stat().st_mtime_ns
            cached = self._cached  # once: another thread may page through another preview
            if cached and cached[:2] == (path, changed):
                return cached[2:]
            png = read_whole(self._disk, path, limit=MAX_SHEET_BYTES)
        except OSError as error:
            raise trouble(error, "read", path) from error
        try:
            text = msgspec.convert(text_of(png), SheetText)
            pixels = tiles_of(decoded(png), text)
        except (ValueError, msgspec.MsgspecError) as error:
            raise StoreError(f"{path} is not a preview ({error})", hint="choose another iteration") from error
        self._cached = (path, changed, text, pixels) if pixels.nbytes <= CACHE_BYTES else None
        return text, pixels


def is_number(text: str) -> bool:
    """Is it a plain number, as in our file names?"""
    return text.isascii() and text.isdigit()


def line_of(sheets: Sequence[Sheet]) -> list[Sheet]:
    """The sheets that lead to the newest, by iteration: those of an earlier life end where a later one begins."""
    line: list[Sheet] = []
    for sheet in reversed(sheets):
        if not line or sheet.iteration < line[-1].iteration:
            line.append(sheet)
    return line[::-1]


def thinned(sheets: Sequence[Sheet], *, newest: int = NEWEST, total: int = TOTAL) -> set[Sheet]:
    """The sheets to keep: the newest, the first, and of the rest those that lie evenly over the log of iterations.

    One after the other, the sheet goes whose neighbours are nearest to each other; so what is kept hardly depends on
    how often this was asked.
    """
    made = sorted(sheets)
    firm = set(made[-newest:])
    rest = sorted(made, key=lambda s: (s.iteration, s.life))
    firm |= set(rest[:1])
    while len(rest) > max(total, newest + 1):
        gaps = [(math.log((after.iteration + 1) / (before.iteration + 1)), i)
                for i, (before, after) in enumerate(zip(rest, rest[2:], strict=False), start=1) if rest[i] not in firm]
        if not gaps:
            break
        del rest[min(gaps)[1]]
    return set(rest) | firm


def sheet_of(tiles: Tiles8) -> Tiles8:
    """(faces, columns, side, side, 3) to one picture (faces * side, columns * side, 3)."""
    faces, columns, side = tiles.shape[:3]
    return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3, 4)).reshape(faces * side, columns * side, 3)


def tiles_of(sheet: Tiles8, text: SheetText) -> Tiles8:
    """The inverse of `sheet_of`. Raises ValueError where the picture does not have the size that its text says."""
    faces, columns, side = len(text.names), len(text.columns), text.side_px
    if sheet.shape != (faces * side, columns * side, 3):
        raise ValueError(f"a picture of {sheet.shape[1]} x {sheet.shape[0]} does not hold {faces} faces in {columns} "
                         f"columns of {side} px")
    return sheet.reshape(faces, side, columns, side, 3).transpose(0, 2, 1, 3, 4)


def encoded(rgb: Tiles8) -> bytes:
    """A PNG file."""
    import cv2  # late: 0.1 s, and most processes of the store never see a picture

    done, data = cv2.imencode(".png", rgb[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, COMPRESSION])
    if not done:
        raise ValueError(f"a picture of {rgb.shape} could not be made a PNG")
    return bytes(data)


def decoded(png: bytes) -> Tiles8:
    """RGB pixels (height, width, 3) of a PNG file. Raises ValueError."""
    import cv2

    try:
        bgr: Any = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise ValueError("it cannot be decoded") from error
    if bgr is None:
        raise ValueError("it cannot be decoded")
    rgb: Tiles8 = np.ascontiguousarray(bgr[..., ::-1])
    return rgb


def scaled(tiles: Tiles8, side_px: int) -> Tiles8:
    """Tiles (faces, columns, side, side, 3) with another side: by area when they shrink, linear when they grow."""
    import cv2

    faces, columns, side = tiles.shape[:3]
    if side == side_px:
        return np.ascontiguousarray(tiles)
    how = cv2.INTER_AREA if side_px < side else cv2.INTER_LINEAR
    out = np.empty((faces, columns, side_px, side_px, 3), np.uint8)
    for face, column in np.ndindex(faces, columns):
        cv2.resize(np.ascontiguousarray(tiles[face, column]), (side_px, side_px), dst=out[face, column],
                   interpolation=how)
    return out
