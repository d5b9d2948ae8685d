"""Decoded faces in the model's frame, as uint8, kept in files that all sample workers share (design.md 4.10).

One file holds crop and mask of every face, a second one eyes and mouth, which is made when they are first asked for.
Entries are decoded on first use. What does not fit into the limit, and everything when the folder cannot be written, is
decoded at each use: slower, never wrong. Knows nothing of batches, and chooses no face.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import cv2
import numpy as np

from core.faces.entry_file import SUFFIX, Description, EntryFile
from core.faces.face import Face, FaceSet, FloatArray, UInt8Array
from core.faces.face_type import FaceType
from core.faces.mask import eyes_mask, mouth_mask
from core.faces.picture import crop_image, crop_plane, face_mask, read_image

CROP_VERSION = 1                        # raise it when a crop or mask comes out different: old files are then not used
MAX_DETAIL_PX = 512                     # eyes and mouth are drawn at most so large: at 1024 they cost 90 ms a face


@dataclass(frozen=True, slots=True)
class CacheOpening:
    """All that a worker process needs to open the same cache. Picklable."""

    faceset: FaceSet
    side_px: int
    face_type: FaceType
    folder: Path
    limit_bytes: int

    def open(self) -> "FaceCache":
        """The cache, in this process."""
        return FaceCache(self.faceset, side_px=self.side_px, face_type=self.face_type, folder=self.folder,
                         limit_bytes=self.limit_bytes)


class FaceCache:
    """The faces of `faceset` as `side_px` squares of `face_type`. One for each process; not for two threads at once.

    limit_bytes bounds what this cache's files take on the disk. `notice` says why there is no file, or is empty.
    """

    def __init__(self, faceset: FaceSet, *, side_px: int, face_type: FaceType, folder: Path, limit_bytes: int) -> None:
        self._opening = CacheOpening(faceset, side_px, face_type, folder, limit_bytes)
        self.faceset = faceset
        self.key = _key(faceset, side_px, face_type)
        self.notice = ""
        pixels = side_px * side_px
        self._whole = _Shelf(self, "image and mask", 4 * pixels, limit_bytes, _whole_entry)
        left = max(0, limit_bytes - self._whole.room * 4 * pixels)
        self._detail = _Shelf(self, "eyes and mouth", 2 * pixels, left, _detail_entry)

    def __len__(self) -> int:
        return len(self.faceset.faces)

    def image(self, index: int) -> UInt8Array:
        """Face `index`, uint8 (R, R, 3), BGR, read-only. FaceFileError when its file cannot be decoded any more."""
        side = self._opening.side_px
        return self._whole.entry(index)[:3 * side * side].reshape(side, side, 3)

    def mask(self, index: int) -> UInt8Array:
        """Its face mask (baked, else hull), uint8 (R, R), 0..255, read-only. Errors as `image`."""
        side = self._opening.side_px
        return self._whole.entry(index)[3 * side * side:].reshape(side, side)

    def whole(self, index: int) -> UInt8Array:
        """The stored picture of face `index` in its own frame, shrunk linearly to (R, R, 3) as the original takes it
        for a colour transfer. Decoded at each use. Errors as `image`."""
        side = self._opening.side_px
        picture = read_image(self.faceset.faces[index])
        return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)

    def eyes(self, index: int) -> UInt8Array:
        """Its eyes with soft edges, uint8 (R, R), 0..255, read-only. Drawn from landmarks: no file is read."""
        side = self._opening.side_px
        return self._detail.entry(index)[:side * side].reshape(side, side)

    def mouth(self, index: int) -> UInt8Array:
        """The inside of its mouth with soft edges, as `eyes`."""
        side = self._opening.side_px
        return self._detail.entry(index)[side * side:].reshape(side, side)

    def opening(self) -> CacheOpening:
        """How another process opens the same cache."""
        return self._opening

    def close(self) -> None:
        """Let go of the files. Arrays that were handed out stay valid."""
        self._whole.close()
        self._detail.close()


class _Shelf:
    """The entries of one kind: in a file as far as there is room, otherwise made anew."""

    def __init__(self, cache: FaceCache, planes: str, entry_bytes: int, limit_bytes: int,
                 make: Callable[[Face, CacheOpening], UInt8Array]) -> None:
        self._cache = cache
        self._planes = planes
        self._entry_bytes = entry_bytes
        self._make = make
        self.room = min(len(cache), max(0, limit_bytes) // entry_bytes)
        self._file: EntryFile | None = None
        self._tried = False
        self._is_full = False
        self._latest: tuple[int, UInt8Array] | None = None      # image and mask of one face are asked for in turn

    def entry(self, index: int) -> UInt8Array:
        file = self._opened() if index < self.room else None
        kept = file.get(index) if file else None
        if kept is not None:
            return kept
        if self._latest is not None and self._latest[0] == index:
            return self._latest[1]
        made = self._make(self._cache.faceset.faces[index], self._cache.opening())
        made.flags.writeable = False
        self._latest = (index, made)
        if file and not self._is_full:
            self._keep(file, index, made)
        return made

    def _opened(self) -> EntryFile | None:
        if not self._tried:
            self._tried = True
            opening = self._cache.opening()
            name = f"{self._cache.key}-{self._planes.replace(' ', '-')}{SUFFIX}"
            description = Description(self._cache.key, len(self._cache), self._entry_bytes,
                                      str(opening.faceset.path), opening.side_px, opening.face_type.name, self._planes)
            try:
                self._file = EntryFile(opening.folder / name, description)
            except OSError as error:
                self._say(error)
        return self._file

    def _keep(self, file: EntryFile, index: int, made: UInt8Array) -> None:
        try:
            file.put(index, made)
        except OSError as error:
            self._is_full = True        # what is there stays and is read, nothing is added
            self._say(error)

    def _say(self, error: OSError) -> None:
        folder = self._cache.opening().folder
        self._cache.notice = (f"decoded faces cannot be kept in {folder} ({error.strerror or error}): "
                              "they are decoded at each use, which is slower")

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


def _key(faceset: FaceSet, side_px: int, face_type: FaceType) -> str:
    words = f"{faceset.key}/{side_px}/{face_type.name}/{CROP_VERSION}"
    return blake2b(words.encode(), digest_size=16).hexdigest()


def _whole_entry(face: Face, opening: CacheOpening) -> UInt8Array:
    """Crop and mask, one after the other, uint8 (4 R R)."""
    crop = crop_image(read_image(face), face, opening.face_type, opening.side_px)
    mask = _levels(crop_plane(face_mask(face), face, opening.face_type, opening.side_px))
    return np.concatenate([crop.reshape(-1), mask.reshape(-1)])


def _detail_entry(face: Face, opening: CacheOpening) -> UInt8Array:
    """Eyes and mouth, one after the other, uint8 (2 R R)."""
    share = min(1.0, MAX_DETAIL_PX / max(face.height, face.width))
    shape = (round(face.height * share), round(face.width * share))
    landmarks = face.landmarks * share
    planes = [_levels(crop_plane(draw(shape, landmarks), face, opening.face_type, opening.side_px)).reshape(-1)
              for draw in (eyes_mask, mouth_mask)]
    return np.concatenate(planes)


def _levels(plane: FloatArray) -> UInt8Array:
    return np.asarray(cv2.convertScaleAbs(np.clip(plane, 0, 1), alpha=255), np.uint8)
