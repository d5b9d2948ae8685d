"""A line of JSON inside a PNG, so that a picture and the names of what it shows are one file and replaced at once.

It is a `tEXt` chunk after the header (PNG specification, 11.3.4); every viewer skips it.
"""

import json
import struct
import zlib
from typing import Any

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_END = len(SIGNATURE) + 4 + 4 + 13 + 4  # after IHDR: length, type, 13 bytes, check
KEYWORD = b"dfl-tui\0"
MAX_CHUNKS = 16                               # the text is the second chunk; no need to walk far


def with_text(png: bytes, text: dict[str, Any]) -> bytes:
    """`png` with `text` in it."""
    body = KEYWORD + json.dumps(text).encode("ascii")  # JSON escapes what is not ASCII
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    return png[:HEADER_END] + chunk + png[HEADER_END:]


def text_of(png: bytes) -> dict[str, Any]:
    """The text in `png`. Raises ValueError where there is none or the file is no PNG."""
    if not png.startswith(SIGNATURE):
        raise ValueError("it is not a PNG file")
    place = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if place + 8 > len(png):
            break
        length, kind = struct.unpack_from(">I4s", png, place)
        body = png[place + 8:place + 8 + length]
        if kind == b"tEXt" and body.startswith(KEYWORD):
            (check,) = struct.unpack_from(">I", png, place + 8 + length) if place + 12 + length <= len(png) else (None,)
            if check != zlib.crc32(kind + body):
                break
            found = json.loads(body[len(KEYWORD):])
            if isinstance(found, dict):
                return found
        place += 12 + length
    raise ValueError("it does not say what it shows")
