"""What lies in the folder of decoded faces, and how it is removed: for `dfl-tui config` and `doctor`."""

from dataclasses import dataclass
from pathlib import Path

from core.faces.entry_file import SUFFIX, Description, read_description
from core.settings.error import FaceFileError


@dataclass(frozen=True, slots=True)
class CacheFile:
    """One file of decoded faces. `description` is None when the file is damaged or of another version."""

    path: Path
    description: Description | None
    size_bytes: int                     # on the disk; the file is written as it is needed
    written_s: float                    # when a face was last added, seconds since 1970


def caches(folder: Path) -> list[CacheFile]:
    """The files of decoded faces in `folder`, largest first; none when the folder does not exist."""
    found = []                          # with those that a crash left half made, which end in .new
    for path in sorted(folder.glob(f"*{SUFFIX}*")):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue                    # removed by another process in between
        found.append(CacheFile(path, read_description(path), status.st_blocks * 512, status.st_mtime))
    return sorted(found, key=lambda one: -one.size_bytes)


def remove_cache(file: CacheFile) -> None:
    """Remove one file. A training that uses it keeps its copy until it ends; the faces are decoded again after that."""
    try:
        file.path.unlink(missing_ok=True)
    except OSError as error:
        raise FaceFileError(f"{file.path} cannot be removed: {error.strerror}", hint="check its owner") from error
