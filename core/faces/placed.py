"""From a JPEG and its dictionary to a face: what can stay in the file stays there."""

from pathlib import Path
from typing import NamedTuple

from core.faces.face import Face, InJpeg
from core.faces.jpeg import JpegFacts
from core.faces.metadata import Metadata


class Place(NamedTuple):
    """Where a JPEG lies: `length` bytes of `path` at `offset`; `inflated` is its size where it is deflated."""

    path: Path
    offset: int
    length: int
    inflated: int = 0


def placed(name: str, place: Place, jpeg: bytes, facts: JpegFacts, metadata: Metadata) -> Face:
    """The face called `name`. `metadata` need not be that of the JPEG: a pak has a table of its own."""
    mask: InJpeg | bytes | None = metadata.xseg
    if metadata.xseg is not None:
        at = jpeg.find(metadata.xseg, *facts.segment)
        mask = InJpeg(at, len(metadata.xseg)) if at >= 0 else metadata.xseg
    return Face(name, place.path, place.offset, place.length, place.inflated, metadata.face_type, facts.height,
                facts.width, metadata.landmarks, mask, metadata.polygons, metadata.eyebrows_expand,
                metadata.source_filename, metadata.person)
