"""Walks the segments of a JPEG, as strictly as DeepFaceLab does (facts/files.md 2.2), and gives size and metadata.

Knows the container only: no pixel is decoded and no pickle is read here. What the original would skip is skipped too,
so that a face set is the same set of faces in both programs.
"""

from dataclasses import dataclass

from core.faces.face import MAX_PIXELS, MIN_SIDE_PX, UnusableFaceError

MAX_JPEG_BYTES = 64 * 1024 * 1024       # 4096 x 4096 at the best quality stays below

SOI, EOI, SOS, DRI, APP0, APP15 = 0xD8, 0xD9, 0xDA, 0xDD, 0xE0, 0xEF
SOFS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})

FOREIGN, DAMAGED, CUT_OFF, TOO_LARGE, NO_DATA = (
    "not JPEG", "damaged", "cut off", "of impossible size", "without DeepFaceLab data")


@dataclass(frozen=True, slots=True)
class JpegFacts:
    """What a JPEG's segments say."""

    height: int
    width: int
    metadata: bytes | None              # payload of the last APP15
    segment: tuple[int, int]            # where that APP15 begins and ends, or twice where one has to be put in


def jpeg_facts(data: bytes) -> JpegFacts:
    """Size and metadata of one whole JPEG file. UnusableFaceError when the original would not read it."""
    if data[:2] != b"\xff\xd8":
        raise UnusableFaceError(FOREIGN, "is not a JPEG file" if data else "is an empty file")
    size: tuple[int, int] | None = None
    metadata: bytes | None = None
    segment = (2, 2)
    at = 2
    while True:
        start = at
        marker, payload, at = _segment(data, at)
        if marker in SOFS:
            size = _size(payload)
        elif marker == APP15:
            metadata, segment = payload, (start, at)
        elif marker == APP0 and payload[:4] != b"JFIF":
            raise UnusableFaceError(DAMAGED, "has an APP0 segment that is not JFIF: DeepFaceLab cannot read it either")
        elif marker == SOS:
            break
        if metadata is None and APP0 <= marker <= APP15:
            segment = (at, at)          # directly behind the last APPn, as the original writes it
    _check_end(data, at)
    if size is None:
        raise UnusableFaceError(DAMAGED, "has no picture size before its pixels")
    return JpegFacts(*size, metadata, segment)


def _segment(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Marker, payload and end of the segment at `at`."""
    if at + 4 > len(data):
        raise UnusableFaceError(CUT_OFF, "ends before its pixels begin")
    marker = data[at + 1]
    if data[at] != 0xFF or marker in (0x00, 0xFF):
        raise UnusableFaceError(DAMAGED, f"has garbage between its segments at byte {at:,}")
    if marker in STANDALONE or marker in (SOI, EOI):
        raise UnusableFaceError(DAMAGED, f"has a marker {marker:02X} before its pixels, where none may stand")
    if marker == DRI:
        raise UnusableFaceError(DAMAGED, "has restart intervals, which DeepFaceLab cannot read: save it without them")
    length = int.from_bytes(data[at + 2:at + 4], "big")
    end = at + 2 + length
    if length < 2 or end > len(data):
        raise UnusableFaceError(CUT_OFF, f"announces a segment of {length:,} bytes at byte {at:,} and does not hold it")
    return marker, data[at + 4:end], end


def _size(payload: bytes) -> tuple[int, int]:
    if len(payload) < 6:
        raise UnusableFaceError(DAMAGED, "has a frame header that is too short")
    height, width = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[3:5], "big")
    check_size(height, width)
    return height, width


def check_size(height: int, width: int) -> None:
    """UnusableFaceError for a picture too small or too large to be a face."""
    if min(height, width) < MIN_SIDE_PX:
        raise UnusableFaceError(TOO_LARGE, f"is {width} x {height} pixels, a face needs sides of {MIN_SIDE_PX} or more")
    if height * width > MAX_PIXELS:
        raise UnusableFaceError(TOO_LARGE, f"is {width:,} x {height:,} pixels, the limit is {MAX_PIXELS:,} in all")


def _check_end(data: bytes, pixels: int) -> None:
    end = data.find(b"\xff\xd9", pixels)
    if end < 0:
        raise UnusableFaceError(CUT_OFF, "is cut off in the middle of its pixels")
    rest = len(data) - end - 2
    if rest:
        raise UnusableFaceError(DAMAGED, f"has {rest:,} bytes after its end: DeepFaceLab cannot read it either")
