"""Reads `faceset.pak` (facts/files.md 5.1). Every number of the file is checked against its size before it is used.

The table's last entry is written by the original as the end of the file instead of the end of the data; both are read.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.faces.face import Face, UnusableFaceError, shown
from core.faces.file_bytes import opened, read_at
from core.faces.jpeg import DAMAGED, MAX_JPEG_BYTES, jpeg_facts
from core.faces.metadata import read_metadata
from core.faces.placed import Place, placed
from core.faces.room import MAX_TABLE_BYTES, MAX_VALUES, Room
from core.faces.unpickle import PickleError, unpickle
from core.settings.error import FaceFileError

VERSION = 1
HEADER = struct.Struct("<QQ")           # version, bytes of the table of faces


@dataclass(frozen=True, slots=True)
class PakEntry:
    """One face of a pak before it is looked at."""

    name: str
    config: object
    offset: int                         # in the file
    end: int
    trouble: str                        # why the offsets cannot be used, or empty


def pak_entries(path: Path) -> list[PakEntry]:
    """The table of a pak. FaceFileError when the table itself is not one."""
    try:
        with opened(path) as (descriptor, size):
            return _entries(descriptor, size)
    except (UnusableFaceError, PickleError) as error:
        raise FaceFileError(f"{shown(path.name)} in {path.parent} {error}",
                            hint="pack the faces again, or move it away to use the loose files beside it") from error


def _entries(descriptor: int, size: int) -> list[PakEntry]:
    if size < HEADER.size + 8:
        raise UnusableFaceError(DAMAGED, f"has {size:,} bytes, which is too short for a pak")
    version, length = HEADER.unpack(read_at(descriptor, HEADER.size, 0))
    if version != VERSION:
        raise UnusableFaceError(DAMAGED, f"says version {version:,}, only version {VERSION} is known: is it a pak?")
    if length > min(MAX_TABLE_BYTES, size - HEADER.size):
        raise UnusableFaceError(DAMAGED, f"announces a table of {length:,} bytes in a file of {size:,}")
    configs = unpickle(read_at(descriptor, length, HEADER.size), max_values=MAX_VALUES)
    if not isinstance(configs, list):
        raise UnusableFaceError(DAMAGED, "holds something else than a list of faces")
    start, count = HEADER.size + length, len(configs)
    data = start + 8 * (count + 1)
    if data > size:
        raise UnusableFaceError(DAMAGED, f"lists {count:,} faces and has no room for their offsets")
    table = struct.unpack(f"<{count + 1}Q", read_at(descriptor, data - start, start))
    return _placed(configs, table, data, size)


def _placed(configs: list[object], table: tuple[int, ...], data: int, size: int) -> list[PakEntry]:
    """Each face with its place. Faces lie in order and do not overlap, so that no file makes us read itself N times."""
    room, reached = size - data, 0
    entries = []
    for number, (config, start, end) in enumerate(zip(configs, table, table[1:], strict=False)):
        if number == len(configs) - 1:
            end = min(end, room)        # the defect: an absolute position
        trouble = ""
        if not reached <= start < end <= room:
            trouble = f"has the offsets {start:,} to {end:,}, which do not lie behind {reached:,} and within {room:,}"
        elif end - start > MAX_JPEG_BYTES:
            trouble = f"has {end - start:,} bytes, the limit for a face is {MAX_JPEG_BYTES:,}"
        else:
            reached = end
        entries.append(PakEntry(_name(config, number), config, data + start, data + end, trouble))
    return entries


def _name(config: object, number: int) -> str:
    name = config.get("filename") if type(config) is dict else None
    return (shown(name) if isinstance(name, str) else "") or f"face {number}"


def read_entries(path: Path, entries: list[PakEntry]) -> Iterator[tuple[PakEntry, Face | UnusableFaceError, bytes]]:
    """Each entry with its face and JPEG bytes, or with what is wrong with it and no bytes."""
    with opened(path) as (descriptor, size):
        room = Room(size)
        for entry in entries:
            try:
                face, jpeg = _read_entry(path, descriptor, entry, room)
            except UnusableFaceError as error:
                yield entry, error, b""
            else:
                yield entry, face, jpeg


def _read_entry(path: Path, descriptor: int, entry: PakEntry, room: Room) -> tuple[Face, bytes]:
    if entry.trouble:
        raise UnusableFaceError(DAMAGED, entry.trouble)
    jpeg = read_at(descriptor, entry.end - entry.offset, entry.offset)
    facts = jpeg_facts(jpeg)            # the size in the table is not believed
    metadata = read_metadata(entry.config, facts.height, facts.width)
    face = placed(entry.name, Place(path, entry.offset, len(jpeg)), jpeg, facts, metadata)
    room.take(face)
    return face, jpeg
