"""A face set: the usable faces of a folder or pak in the original's order, and why each other file is none."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from core.faces.archive import read_zip_entries, zip_entries
from core.faces.face import Face, FaceSet, InJpeg, Problem, UnusableFaceError, shown
from core.faces.loose import LoosePath, loose_paths, read_face
from core.faces.pak import pak_entries, read_entries
from core.faces.table import FaceTableBuilder
from core.settings.error import FaceFileError

Progress = Callable[[int, int], None]   # faces looked at, faces in all

PAK, ZIP = "faceset.pak", "faceset.zip"
PROGRESS_EVERY = 50
KEY_BYTES = 16
NAMED = 5                               # paks of other names, in a sentence


def open_faceset(path: Path, progress: Progress | None = None) -> FaceSet:
    """The face set in a folder, or in a .pak or .zip file. FaceFileError when there is no usable face in it.

    In a folder, faceset.pak hides faceset.zip, and either hides the loose pictures, as in the original (facts/files.md
    5.4). Without pictures of its own, its subfolders are taken as persons.
    """
    path = path.absolute()              # children and later lives of a run stand in other folders
    return _opened(path, *_candidates(path), progress)


def open_loose(folder: Path, progress: Progress | None = None, *, people: bool = False) -> FaceSet:
    """The face set of a folder's pictures, whatever paks lie beside them; with `people` those of its subfolders only.

    FaceFileError as `open_faceset`.
    """
    folder = folder.absolute()
    try:
        paths = loose_paths(folder, people=people)
    except OSError as error:
        raise FaceFileError(f"{folder} cannot be read: {error.strerror}", hint="name a folder of faces") from error
    return _opened(folder, len(paths), _loose(paths), progress)


_Found = Iterator[tuple[str, Face | UnusableFaceError, bytes]]


def _opened(path: Path, total: int, found: _Found, progress: Progress | None) -> FaceSet:
    faces = FaceTableBuilder(total)
    problems: list[Problem] = []
    key = blake2b(digest_size=KEY_BYTES)
    for done, (name, face, jpeg) in enumerate(found, start=1):
        if isinstance(face, Face):
            faces.add(face)
            key.update(_identity(face, jpeg))
        else:
            problems.append(Problem(name, f"{name} {face.message}", face.kind))
        if progress and (done % PROGRESS_EVERY == 0 or done == total):
            progress(done, total)
    if not faces.count:
        raise _nothing_usable(path, problems)
    return FaceSet(path, faces.table(), tuple(problems), key.hexdigest())


def _candidates(path: Path) -> tuple[int, _Found]:
    """How many files or entries there are, and each with its face or its trouble."""
    try:
        if path.is_dir():
            packed = next((path / name for name in (PAK, ZIP) if (path / name).exists()), None)
            if packed is None:
                paths = loose_paths(path)
                return len(paths), _loose(paths)
            path = packed
        elif not path.is_file():
            raise FaceFileError(f"{path} is neither a folder nor a file",
                                hint="name a folder of aligned faces, or a .pak or .zip file")
        if path.suffix.lower() == ".zip":
            listed = zip_entries(path)
            return len(listed), read_zip_entries(path, listed)
        entries = pak_entries(path)
    except OSError as error:
        raise FaceFileError(f"{path} cannot be read: {error.strerror}", hint="check its owner and its disk") from error
    return len(entries), ((entry.name, face, jpeg) for entry, face, jpeg in read_entries(path, entries))


def _loose(paths: list[LoosePath]) -> _Found:
    for path, person in paths:
        try:
            face, jpeg = read_face(path)
        except UnusableFaceError as error:
            yield shown(path.name), error, b""
        else:
            yield face.name, face if person is None else replace(face, person=person), jpeg


def _identity(face: Face, jpeg: bytes) -> bytes:
    """A digest of all that training sees of a face. A pak's table may differ from the JPEG inside, so both count."""
    digest = blake2b(jpeg, digest_size=KEY_BYTES)
    digest.update(f"{face.name}/{face.face_type}/{face.eyebrows_expand!r}/".encode("utf-8", "surrogatepass"))
    mask = face.xseg or b""
    digest.update(face.landmarks.tobytes())
    digest.update(jpeg[mask.offset:mask.offset + mask.length] if isinstance(mask, InJpeg) else mask)
    return digest.digest()


def _nothing_usable(path: Path, problems: list[Problem]) -> FaceFileError:
    if problems:
        counts = Counter(problem.kind for problem in problems).most_common()
        found = ", ".join(f"{count:,} {kind}" for kind, count in counts)
        return FaceFileError(f"{path} holds no usable face: of {len(problems):,} pictures {found} "
                             f"(the first: {problems[0].reason})",
                             hint="name a folder of faces that DeepFaceLab has extracted")
    return FaceFileError(f"{path} holds no usable face: {_census(path)}",
                         hint="name a folder of faces that DeepFaceLab has extracted")


def _census(path: Path) -> str:
    """What a folder without a single picture holds."""
    if path.is_file() or (path / PAK).exists() or (path / ZIP).exists():
        return "its table lists none"
    entries = list(path.iterdir())
    folders = sum(entry.is_dir() for entry in entries)
    if not entries:
        return "it is empty"
    if named := sorted(shown(entry.name) for entry in entries if entry.suffix.lower() in (".pak", ".zip")):
        return f"it holds {', '.join(named[:NAMED])}, which must be named to be used: {path / named[0]}"
    files = len(entries) - folders
    held = f"{folders:,} folder{'s' * (folders != 1)} and {files:,} other file{'s' * (files != 1)}"
    return f"it holds {held}, and no picture"
