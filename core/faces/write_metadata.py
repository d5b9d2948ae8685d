"""Changes what an aligned JPEG says about its face, and not one byte of the rest (facts/files.md 2).

The new file is built in memory and read back by our own reader, then written beside the old one, synced and given its
name: whatever happens, one of the two is there. The original truncates the file first and can lose it.
"""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from core.faces.face import FloatArray, UnusableFaceError
from core.faces.file_bytes import opened, read_at, sync_folder
from core.faces.jpeg import MAX_JPEG_BYTES, TOO_LARGE, JpegFacts, jpeg_facts
from core.faces.loose import MAX_VALUES
from core.faces.metadata import read_metadata
from core.faces.pickle_writer import pickled
from core.faces.unpickle import PickleError, unpickle
from core.settings.error import FaceFileError

MAX_METADATA_BYTES = 65_533             # what a segment has room for
MAX_BAKED_BYTES = 50_000                # of a mask, as the original: the rest of the dictionary needs room too
BAKED_PX = 256                          # the original bakes masks of this side
JPEG_STEP = 5


def replace_metadata(path: Path, changes: Mapping[str, object]) -> None:
    """Set these keys of an aligned JPEG's metadata (facts/files.md 2.3); None takes a key out, other keys stay.

    FaceFileError when the file is no aligned face, when the result would be none, or when it cannot be written; the
    file is then as it was.
    """
    target = path.resolve()             # a link stays a link
    try:
        jpeg = _read(target)
        facts = jpeg_facts(jpeg)
        changed = _changed(jpeg, facts, changes)
        _check(changed)
    except (UnusableFaceError, PickleError, TypeError) as error:
        raise FaceFileError(f"the metadata of {path} cannot be changed: it {error}",
                            hint="extract this face again") from error
    if changed != jpeg:
        _write(target, changed)


def bake_mask(path: Path, mask: FloatArray) -> None:
    """Give an aligned JPEG a baked mask, float32 (h, w), 0..1, in place of its own. Errors as `replace_metadata`."""
    replace_metadata(path, {"xseg_mask": encoded(mask)})


def encoded(mask: FloatArray) -> np.ndarray:
    """A mask as it stands in the metadata: uint8 (n, 1), a PNG, or a JPEG where that has more than 50,000 bytes."""
    levels = np.rint(np.clip(np.nan_to_num(mask), 0, 1) * 255).astype(np.uint8)
    _, content = cv2.imencode(".png", levels)
    for quality in range(100, -1, -JPEG_STEP):
        if len(content) <= MAX_BAKED_BYTES:
            break
        _, content = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if len(content) > MAX_BAKED_BYTES:
        raise FaceFileError(f"a mask of {mask.shape[1]:,} x {mask.shape[0]:,} pixels has no room in a face file",
                            hint=f"shrink it to {BAKED_PX} x {BAKED_PX}")
    return np.asarray(content, np.uint8).reshape(-1, 1)


def _read(path: Path) -> bytes:
    with opened(path) as (descriptor, size):
        if size > MAX_JPEG_BYTES:
            raise UnusableFaceError(TOO_LARGE, f"has {size:,} bytes, the limit for a face is {MAX_JPEG_BYTES:,}")
        return read_at(descriptor, size, 0) if size else b""


def _changed(jpeg: bytes, facts: JpegFacts, changes: Mapping[str, object]) -> bytes:
    """The file with another APP15."""
    data = unpickle(facts.metadata, max_values=MAX_VALUES) if facts.metadata is not None else {}
    if not isinstance(data, dict):
        raise PickleError("holds metadata that is not a dictionary")
    payload = pickled({key: value for key, value in {**data, **changes}.items() if value is not None}, 3)
    if len(payload) > MAX_METADATA_BYTES:
        raise PickleError(f"would hold {len(payload):,} bytes of metadata, and has room for {MAX_METADATA_BYTES:,}")
    begin, end = facts.segment
    return jpeg[:begin] + b"\xff\xef" + (len(payload) + 2).to_bytes(2, "big") + payload + jpeg[end:]


def _check(jpeg: bytes) -> None:
    """Raises what the reader of face files would say."""
    facts = jpeg_facts(jpeg)
    if facts.metadata is not None:
        read_metadata(unpickle(facts.metadata, max_values=MAX_VALUES), facts.height, facts.width)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, with the mode of the file that it replaces."""
    made: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.stem[:100]}-", suffix=".new", dir=path.parent)
        made = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            os.fsync(file.fileno())
        made.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        if made is not None:
            with contextlib.suppress(OSError):
                made.unlink(missing_ok=True)
        raise FaceFileError(f"{path} cannot be written: {error.strerror}; it is as it was",
                            hint="check the owner of its folder and the room on its disk") from error
