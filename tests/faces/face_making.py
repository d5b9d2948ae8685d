"""Makes face files for the tests: right ones from the samples, and wrong ones by changing one thing."""

import pickle
import struct
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data" / "faces"
JPEGS = [DATA / f"0000{n}_0.jpg" for n in (1, 2, 3)]


def segments(jpeg: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The segments (marker, payload) before the pixels, and the rest of the file from SOS on."""
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        length = int.from_bytes(jpeg[at + 2:at + 4], "big")
        found.append((jpeg[at + 1], jpeg[at + 4:at + 2 + length]))
        at += 2 + length
    return found, jpeg[at:]


def joined(parts: list[tuple[int, bytes]], rest: bytes) -> bytes:
    """The file of these segments."""
    body = b"".join(bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload for marker, payload in parts)
    return b"\xff\xd8" + body + rest


def metadata_of(jpeg: bytes) -> dict[str, Any]:
    """The dictionary of a sample; these files are our own, so Python's unpickler may read them."""
    (payload,) = [payload for marker, payload in segments(jpeg)[0] if marker == 0xEF]
    data = pickle.loads(payload)
    assert isinstance(data, dict)
    return data


def with_payload(jpeg: bytes, *payloads: bytes) -> bytes:
    """The JPEG with these APP15 segments behind its APP0 in place of its own."""
    parts, rest = segments(jpeg)
    others = [part for part in parts if part[0] != 0xEF]
    return joined([others[0], *((0xEF, payload) for payload in payloads), *others[1:]], rest)


def with_metadata(jpeg: bytes, protocol: int = 3, **changes: Any) -> bytes:
    """The JPEG with some of its metadata changed; a value None leaves the key out."""
    data = metadata_of(jpeg) | changes
    return with_payload(jpeg, pickle.dumps({k: v for k, v in data.items() if v is not None}, protocol))


def with_size(jpeg: bytes, height: int, width: int) -> bytes:
    """The JPEG with another size in its frame header."""
    parts, rest = segments(jpeg)
    size = struct.pack(">HH", height, width)
    return joined([(marker, payload[:1] + size + payload[5:] if marker in (0xC0, 0xC2) else payload)
                   for marker, payload in parts], rest)


def pak_parts(pak: bytes) -> tuple[bytes, list[int], bytes]:
    """Table pickle, offsets, data of a pak."""
    (length,) = struct.unpack("<Q", pak[8:16])
    table = pak[16:16 + length]
    count = 4                           # three faces and the end
    offsets = list(struct.unpack(f"<{count}Q", pak[16 + length:16 + length + 8 * count]))
    return table, offsets, pak[16 + length + 8 * count:]


def packed(table: bytes, offsets: list[int], data: bytes, version: int = 1) -> bytes:
    """The pak of these parts."""
    return struct.pack("<QQ", version, len(table)) + table + struct.pack(f"<{len(offsets)}Q", *offsets) + data
