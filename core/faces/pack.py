"""Packs loose faces into one file that DeepFaceLab reads, and takes them out again (facts/files.md 5).

The new file is written beside its place, opened by our own reader and compared with the faces it was made from before
it gets its name. Loose files are removed only then, and only if that was asked for, so no face is ever in no file.
"""

import contextlib
import hashlib
import os
import struct
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.faces.archive import TABLE
from core.faces.face import Face, FaceSet, Problem
from core.faces.face_type import SampleType
from core.faces.faceset import Progress, open_faceset, open_loose
from core.faces.file_bytes import sync_folder
from core.faces.pak import HEADER, VERSION
from core.faces.pickle_writer import pickled
from core.faces.picture import encoded_mask, read_jpeg
from core.settings.error import FaceFileError

PAK_SUFFIX, ZIP_SUFFIX = ".pak", ".zip"
PROGRESS_EVERY = 50
APPENDED = 1000         # faces appended to the table at once, as Python's own pickler does
NO_NAMES = ("", ".", "..")


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed or taken out: into or from `path`, so many faces, and the pictures that are no faces."""

    path: Path
    faces: int
    problems: tuple[Problem, ...]


def pack(folder: Path, name: str, *, people: bool = False, removes: bool = False,
         progress: Progress | None = None) -> Packed:
    """Write the loose faces of `folder` into its file `name`, which ends in .pak or .zip; `removes` the loose ones.

    people: take only subfolders, each a person; without pictures of its own a folder is taken so in any case.
    FaceFileError when the file exists, cannot be written, or would not hold the same faces.
    """
    target = folder.absolute() / name
    if target.exists():
        raise FaceFileError(f"{target} exists already", hint="unpack or remove it first, or choose another --name")
    faceset = open_loose(folder, people=people)
    write = {PAK_SUFFIX: _write_pak, ZIP_SUFFIX: _write_zip}[target.suffix]
    with _whole_file(target) as (file, made):
        write(file, faceset, progress or _silent)
        file.flush()
        _compare(made, target, faceset)
    if removes:
        _remove([face.path for face in faceset.faces])
    return Packed(target, len(faceset.faces), faceset.problems)


def unpack(packed: Path, *, removes: bool = False, progress: Progress | None = None) -> Packed:
    """Write the faces of a .pak or .zip as loose files beside it, persons into folders of their names.

    Nothing that exists is overwritten: a file of the same name must hold the same bytes. `removes` the packed file when
    every face is out. FaceFileError otherwise.
    """
    faceset = open_faceset(packed)
    folder, total = packed.absolute().parent, len(faceset.faces)
    targets = [_loose_place(folder, face) for face in faceset.faces]
    if twice := _twice(targets):
        raise FaceFileError(f"{packed} holds two faces that would both be {twice}", hint="unpack it with DeepFaceLab")
    for done, (face, target) in enumerate(zip(faceset.faces, targets, strict=True), start=1):
        _write_loose(target, read_jpeg(face))
        _say(progress or _silent, done, total)
    sync_folder(folder)
    if removes:
        if faceset.problems:
            raise FaceFileError(f"{packed} is kept: {len(faceset.problems):,} of its faces could not be taken out "
                                f"(the first: {faceset.problems[0].reason})", hint="remove it by hand")
        _remove([packed])
    return Packed(packed, total, faceset.problems)


# --- writing ---------------------------------------------------------------------------------------------------------
def _write_pak(file: BinaryIO, faceset: FaceSet, progress: Progress) -> None:
    """Header, table, offsets, JPEGs. The last offset is the end of the file, as the original writes it (5.1)."""
    file.write(HEADER.pack(VERSION, 0))
    for part in _table(faceset):
        file.write(part)
    start = file.tell()
    data = start + 8 * (len(faceset.faces) + 1)
    ends = np.cumsum([face.length for face in faceset.faces])
    file.write(struct.pack(f"<{len(ends) + 1}Q", 0, *ends[:-1].tolist(), data + int(ends[-1])))
    for done, face in enumerate(faceset.faces, start=1):
        file.write(read_jpeg(face))
        _say(progress, done, len(faceset.faces))
    file.seek(0)
    file.write(HEADER.pack(VERSION, start - HEADER.size))


def _write_zip(file: BinaryIO, faceset: FaceSet, progress: Progress) -> None:
    """The table first; the comment is the digest of the list of names that the fork checks (5.3)."""
    names = [TABLE, *(face.name for face in faceset.faces)]
    if twice := _twice(names):
        raise FaceFileError(f"a zip has room for one {twice}, and there are more", hint="pack them as a .pak")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(TABLE, b"".join(_table(faceset)))
        for done, face in enumerate(faceset.faces, start=1):
            archive.writestr(face.name, read_jpeg(face))
            _say(progress, done, len(faceset.faces))
        archive.comment = hashlib.md5(str(names).encode(), usedforsecurity=False).digest()


def _table(faceset: FaceSet) -> Iterator[bytes]:
    """The pickled list of what the original keeps of each face, piece by piece: a large one never is in memory."""
    yield b"\x80\x03]("
    for number, face in enumerate(faceset.faces):
        if number and number % APPENDED == 0:
            yield b"e("
        yield pickled(_config(face), 3)[2:-1]
    yield b"e."


def _config(face: Face) -> dict[str, object]:
    mask = encoded_mask(face)
    return {
        "sample_type": SampleType.face, "filename": face.name, "face_type": face.face_type,
        "shape": (face.height, face.width, 3), "landmarks": face.landmarks.tolist(),
        "seg_ie_polys": {"polys": [{"type": int(polygon.include), "pts": polygon.points}
                                   for polygon in sorted(face.polygons, key=lambda one: not one.include)]},
        "xseg_mask": None,
        "xseg_mask_compressed": None if mask is None else np.frombuffer(mask, np.uint8).reshape(-1, 1),
        "eyebrows_expand_mod": face.eyebrows_expand, "source_filename": face.source_filename,
        "person_name": face.person,
    }


@contextlib.contextmanager
def _whole_file(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file to write, which is given its name at the end; nothing stays of it otherwise."""
    made: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=".packing-", suffix=target.suffix, dir=target.parent)
        made = Path(name)
        with os.fdopen(descriptor, "w+b") as file:
            yield file, made
            file.flush()
            os.fsync(file.fileno())
        made.chmod(0o644)
        made.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise FaceFileError(f"{target} cannot be written: {error.strerror}",
                            hint="check the owner of its folder and the room on its disk") from error
    finally:
        if made is not None:
            made.unlink(missing_ok=True)


def _compare(made: Path, target: Path, faceset: FaceSet) -> None:
    """The packed faces are those that were to be packed, or FaceFileError."""
    packed = open_faceset(made)
    if packed.key != faceset.key:
        raise FaceFileError(f"{target} would not hold the same faces", hint="did a picture change meanwhile? Try again")


def _loose_place(folder: Path, face: Face) -> Path:
    """Where a face of a packed file goes. Its names come from the file: none may lead out of the folder."""
    names = [face.name] if face.person is None else [face.person, face.name]
    if any(name in NO_NAMES or "/" in name for name in names):
        raise FaceFileError(f"a face called {'/'.join(names)!r} cannot become a file",
                            hint="unpack it with DeepFaceLab")
    return folder.joinpath(*names)


def _write_loose(target: Path, jpeg: bytes) -> None:
    """A loose file, whole; one of the same bytes is left alone."""
    try:
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            if target.read_bytes() != jpeg:
                raise FaceFileError(f"{target} exists and is another picture", hint="move it away first")
            return
        with _whole_file(target) as (file, _):
            file.write(jpeg)
    except OSError as error:
        raise FaceFileError(f"{target} cannot be written: {error.strerror}", hint="check the disk") from error


def _remove(paths: list[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise FaceFileError(f"{path} cannot be removed: {error.strerror}", hint="remove it by hand") from error


def _twice(things: Sequence[str] | Sequence[Path]) -> str:
    """The first that is there more than once, or ""."""
    return next((str(thing) for thing, count in Counter(things).items() if count > 1), "")


def _say(progress: Progress, done: int, total: int) -> None:
    if done % PROGRESS_EVERY == 0 or done == total:
        progress(done, total)


def _silent(_done: int, _total: int) -> None:
    """Nobody wants to know."""
