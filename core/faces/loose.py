"""Reads the loose pictures of a folder: which files count as pictures, and one face from one file."""

import os
from pathlib import Path

from core.faces.face import Face, UnusableFaceError, shown
from core.faces.file_bytes import opened, read_at
from core.faces.jpeg import DAMAGED, FOREIGN, MAX_JPEG_BYTES, NO_DATA, TOO_LARGE, jpeg_facts
from core.faces.metadata import read_metadata
from core.faces.placed import Place, placed
from core.faces.unpickle import PickleError, unpickle

PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")      # listed by the original, in any case of letters
LoosePath = tuple[Path, str | None]     # a picture, and the person that its folder is named after
MAX_VALUES = 65_533                     # an APP15 has so many bytes at most, and a value takes one or more


def picture_paths(folder: Path) -> list[Path]:
    """The pictures of a folder in the original's order (by full path, code point by code point). Not recursive."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.lower().endswith(PICTURES))
    return [folder / name for name in names]


def loose_paths(folder: Path, *, people: bool = False) -> list[LoosePath]:
    """The pictures that make up the face set of a folder: its own, or where it has none those of its subfolders.

    Each subfolder is a person (facts/files.md 5.2). One level, so that no link leads in a circle. `people`: only those.
    """
    own: list[LoosePath] = [(path, None) for path in picture_paths(folder)]
    if own and not people:
        return own
    with os.scandir(folder) as entries:
        persons = sorted(entry.name for entry in entries if entry.is_dir())
    return [(path, shown(name)) for name in persons for path in picture_paths(folder / name)]


def read_face(path: Path) -> tuple[Face, bytes]:
    """The face in a file, and the file's bytes. UnusableFaceError when there is none."""
    if path.suffix != ".jpg" and path.suffix.lower() in (".jpg", ".jpeg"):
        raise UnusableFaceError(FOREIGN, f"ends in {path.suffix}: DeepFaceLab looks for faces in files ending in .jpg")
    if not path.suffix:
        raise UnusableFaceError(FOREIGN, "is an ending without a name: DeepFaceLab does not take it for a picture")
    if path.suffix != ".jpg":
        raise UnusableFaceError(FOREIGN, f"is a {path.suffix[1:].upper()} picture; aligned faces are JPEG files")
    with opened(path) as (descriptor, size):
        if size > MAX_JPEG_BYTES:
            raise UnusableFaceError(TOO_LARGE, f"has {size:,} bytes, the limit for a face is {MAX_JPEG_BYTES:,}")
        jpeg = read_at(descriptor, size, 0) if size else b""
    facts = jpeg_facts(jpeg)
    if facts.metadata is None:
        raise UnusableFaceError(NO_DATA, "is a picture without DeepFaceLab data: extract the faces first")
    try:
        data = unpickle(facts.metadata, max_values=MAX_VALUES)
    except PickleError as error:
        raise UnusableFaceError(DAMAGED, f"has metadata that {error}") from error
    metadata = read_metadata(data, facts.height, facts.width)
    return placed(shown(path.name), Place(path, 0, len(jpeg)), jpeg, facts, metadata), jpeg
