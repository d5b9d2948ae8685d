"""The size that an encoded mask announces, read from its header, so that nothing absurd is ever decoded."""

from core.faces.face import MAX_PIXELS
from core.faces.jpeg import SOFS

PNG = b"\x89PNG\r\n\x1a\n"
MAX_SEGMENTS = 64


def encoded_size(encoded: bytes) -> tuple[int, int] | None:
    """(height, width) of a PNG or JPEG mask; None if it is neither or larger than a face may be."""
    size = _png_size(encoded) if encoded[:8] == PNG else _jpeg_size(encoded)
    if size is None or min(size) < 1 or size[0] * size[1] > MAX_PIXELS:
        return None
    return size


def _png_size(encoded: bytes) -> tuple[int, int] | None:
    if encoded[12:16] != b"IHDR" or len(encoded) < 24:
        return None
    return int.from_bytes(encoded[20:24], "big"), int.from_bytes(encoded[16:20], "big")


def _jpeg_size(encoded: bytes) -> tuple[int, int] | None:
    """Laxer than the walk of a face's own JPEG: any encoder may have written the mask."""
    at = 2
    if encoded[:2] != b"\xff\xd8":
        return None
    for _ in range(MAX_SEGMENTS):
        if at + 9 > len(encoded) or encoded[at] != 0xFF:
            return None
        if encoded[at + 1] in SOFS:
            return int.from_bytes(encoded[at + 5:at + 7], "big"), int.from_bytes(encoded[at + 7:at + 9], "big")
        at += 2 + int.from_bytes(encoded[at + 2:at + 4], "big")
    return None
