"""The faces of a set in columns: 60,000 of them are 70 MB of arrays that processes can share, and not objects in each.

A `Face` is made when it is asked for. Pickled with protocol 5, the arrays can be handed over out of band, so that every
worker looks into one copy (core/samples/ring.py).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from core.faces.face import Face, InJpeg, Polygon
from core.faces.face_type import FaceType

_NUMBERS = np.dtype([("offset", "i8"), ("length", "i8"), ("inflated", "i8"), ("height", "i4"), ("width", "i4"),
                     ("face_type", "i4"), ("mask_at", "i8"), ("mask_length", "i8"), ("eyebrows_expand", "f8")])
_TEXTS = 5                  # folder, file, name, source file name, person
_NOBODY = "\0"              # a person of None: names hold no control characters


class FaceTable(Sequence[Face]):
    """Faces by number. Made by a FaceTableBuilder."""

    __slots__ = ("_ends", "_landmarks", "_masks", "_numbers", "_polygons", "_text")

    def __init__(self, numbers: NDArray[np.void], landmarks: NDArray[np.float64], text: NDArray[np.uint8],
                 ends: NDArray[np.int64], kept: "tuple[dict[int, bytes], dict[int, tuple[Polygon, ...]]]") -> None:
        self._numbers, self._landmarks, self._text, self._ends = numbers, landmarks, text, ends
        self._masks, self._polygons = kept

    def __reduce__(self) -> "tuple[type[FaceTable], tuple[object, ...]]":
        return FaceTable, (self._numbers, self._landmarks, self._text, self._ends, (self._masks, self._polygons))

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Face: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Face, ...]: ...

    def __getitem__(self, index: int | slice) -> Face | tuple[Face, ...]:
        if isinstance(index, slice):
            return tuple(self._face(number) for number in range(*index.indices(len(self))))
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(index)             # ends an iteration
        return self._face(number)

    def _face(self, number: int) -> Face:
        (offset, length, inflated, height, width, face_type, mask_at, mask_length, eyebrows) = self._numbers[number]
        folder, file, name, source, person = (self._words(_TEXTS * number + part) for part in range(_TEXTS))
        mask = InJpeg(int(mask_at), int(mask_length)) if mask_length else self._masks.get(number)
        landmarks = self._landmarks[number].view()
        landmarks.flags.writeable = False
        return Face(name, Path(folder, file), int(offset), int(length), int(inflated), FaceType(int(face_type)),
                    int(height), int(width), landmarks, mask, self._polygons.get(number, ()), float(eyebrows), source,
                    None if person == _NOBODY else person)

    def _words(self, number: int) -> str:
        start = self._ends[number - 1] if number else 0
        return self._text[start:self._ends[number]].tobytes().decode("utf-8", "surrogatepass")


class FaceTableBuilder:
    """Takes at most `most` faces one by one."""

    def __init__(self, most: int) -> None:
        self._numbers = np.zeros(most, _NUMBERS)
        self._landmarks = np.zeros((most, 68, 2), np.float64)        # pages that are never touched are no memory
        self._text = bytearray()
        self._ends: list[int] = []
        self._masks: dict[int, bytes] = {}
        self._polygons: dict[int, tuple[Polygon, ...]] = {}
        self.count = 0

    def add(self, face: Face) -> None:
        """One face more."""
        number, self.count = self.count, self.count + 1
        mask = face.xseg if isinstance(face.xseg, InJpeg) else InJpeg(0, 0)
        self._numbers[number] = (face.offset, face.length, face.inflated, face.height, face.width, face.face_type,
                                 *mask, face.eyebrows_expand)
        self._landmarks[number] = face.landmarks
        if isinstance(face.xseg, bytes):
            self._masks[number] = face.xseg
        if face.polygons:
            self._polygons[number] = face.polygons
        # A folder's name is stored with each of its faces: 6 MB for 60,000 faces of a path of 100 characters.
        for words in (str(face.path.parent), face.path.name, face.name, face.source_filename,
                      _NOBODY if face.person is None else face.person):
            self._text += words.encode("utf-8", "surrogatepass")
            self._ends.append(len(self._text))

    def table(self) -> FaceTable:
        """The faces that were added."""
        return FaceTable(self._numbers[:self.count].copy(), self._landmarks[:self.count].copy(),
                         np.frombuffer(bytes(self._text), np.uint8), np.array(self._ends, np.int64),
                         (self._masks, self._polygons))
