"""Masks baked into aligned JPEGs, so that it can be taken back: who baked one, and what was there before.

Both are keys of their own in a face's metadata, which the original leaves alone (facts/files.md 2.3).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.faces.face import Face, FloatArray, UnusableFaceError
from core.faces.jpeg import jpeg_facts
from core.faces.loose import MAX_VALUES
from core.faces.picture import read_jpeg
from core.faces.unpickle import PickleError, unpickle
from core.faces.write_metadata import encoded, replace_metadata
from core.settings.error import FaceFileError, RefusedError

MASK, BY, BEFORE = "xseg_mask", "xseg_mask_by", "xseg_mask_before"
US = "dfl-tui"


def bake(face: Face, mask: FloatArray, *, replaces: bool) -> bool:
    """Give a face this mask, float32 (h, w), 0..1. A mask that somebody else made is kept, unless it `replaces` such;
    then it is put aside in the file. Whether the mask was taken. Raises FaceFileError."""
    data = metadata_of(face)
    theirs = data.get(MASK) if data.get(BY) != US else None
    if theirs is not None and not replaces:
        return False
    changes: dict[str, object] = {MASK: encoded(mask), BY: US}
    replace_metadata(face.path, changes if theirs is None else {**changes, BEFORE: np.asarray(theirs)})
    return True


def unbake(face: Face) -> bool:
    """Take our mask away and put back what was there before. Whether there was one of ours. Raises FaceFileError."""
    data = metadata_of(face)
    if data.get(BY) != US:
        return False
    replace_metadata(face.path, {MASK: data.get(BEFORE), BY: None, BEFORE: None})
    return True


def metadata_of(face: Face) -> dict[str, object]:
    """What a face's file says, with the keys that we do not know. Raises FaceFileError."""
    try:
        facts = jpeg_facts(read_jpeg(face))
        data = unpickle(facts.metadata, max_values=MAX_VALUES) if facts.metadata is not None else {}
    except (PickleError, UnusableFaceError) as error:
        raise FaceFileError(f"{face.name} {error}", hint="extract this face again") from error
    return data if isinstance(data, dict) else {}


def refuse_pak(faceset: Path, faces: Sequence[Face]) -> None:
    """Raise RefusedError where the faces lie in a pak, whose table and pictures would have to be written anew."""
    if any(face.path.suffix == ".pak" for face in faces[:1]):
        raise RefusedError(f"the faces of {faceset} are packed in {faces[0].path.name}",
                           hint="masks are baked into loose JPEGs: unpack it first")
