"""The records of this folder: a face, a polygon, a file that cannot be used, a face set. No reading here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.faces.face_type import FaceType
from core.settings.error import FaceFileError

UInt8Array = NDArray[np.uint8]
FloatArray = NDArray[np.float32]
Points = NDArray[np.float64]        # (n, 2), x then y, pixels
Matrix = NDArray[np.float64]        # (2, 3), affine

MAX_PIXELS = 4096 * 4096            # 48 MB decoded; the original's extractor ends at 2048 x 2048
MIN_SIDE_PX = 32                    # below it the blur of eye and mouth masks has no kernel (facts/files.md 6.2)
MAX_NAME = 255


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """A polygon drawn by hand on the aligned picture."""

    include: bool
    points: FloatArray              # (n, 2), aligned pixels


class InJpeg(NamedTuple):
    """Where something lies in the bytes of a face's JPEG."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One usable aligned face: where its JPEG lies and what its metadata says, checked.

    The mask is left in the file: 60,000 of them would fill the memory of every process. `xseg` is its encoded PNG or
    JPEG only where that does not lie in the face's JPEG as it is; `core.faces.picture.encoded_mask` reads either.
    """

    name: str                       # bare file name, safe to show
    path: Path                      # the .jpg, or the .pak or .zip that holds it
    offset: int                     # of the JPEG in `path`
    length: int                     # of the JPEG in `path`
    inflated: int                   # bytes of the JPEG when it lies there deflated, else 0
    face_type: FaceType
    height: int
    width: int
    landmarks: Points               # (68, 2), finite, aligned pixels
    xseg: InJpeg | bytes | None     # baked mask
    polygons: tuple[Polygon, ...]
    eyebrows_expand: float
    source_filename: str
    person: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that is skipped. `kind` is a short clause for counts, `reason` one sentence."""

    name: str
    reason: str
    kind: str


class UnusableFaceError(FaceFileError):
    """One face that is skipped. `kind` groups faces with the same trouble."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def shown(name: str) -> str:
    """A name from a disk or a file, safe to print: the last component, no control character, at most 255 long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in last[:MAX_NAME])


@dataclass(frozen=True, slots=True, eq=False)
class FaceSet:
    """The faces of one person. `key` depends on their content and names, not on their place, nor on pak or files."""

    path: Path
    faces: Sequence[Face]
    problems: tuple[Problem, ...]
    key: str                            # 32 hex digits

    def types(self) -> dict[str, int]:
        """How many faces of each face type, most frequent first."""
        return dict(Counter(face.face_type.name for face in self.faces).most_common())

    def sizes(self) -> dict[str, int]:
        """How many faces of each picture size, as "256x256" (width first), most frequent first."""
        return dict(Counter(f"{face.width}x{face.height}" for face in self.faces).most_common())

    def with_mask(self) -> int:
        """How many faces have a baked mask."""
        return sum(face.xseg is not None for face in self.faces)
