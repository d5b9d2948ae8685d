"""Reads `faceset.zip` of the fork (facts/files.md 5.3): the same table as a pak's, deflated, and the JPEGs beside it.

The archive's list is read once; a face is then found by its place, where the fork opens and parses the archive for each
sample. No number of the archive is believed before it is compared with the file, and nothing is inflated beyond what it
announces, nor if it announces too much.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.faces.face import Face, UnusableFaceError, shown
from core.faces.file_bytes import inflated, opened, read_at
from core.faces.jpeg import DAMAGED, MAX_JPEG_BYTES, TOO_LARGE, jpeg_facts
from core.faces.metadata import read_metadata
from core.faces.placed import Place, placed
from core.faces.room import MAX_TABLE_BYTES, MAX_VALUES, Room
from core.faces.unpickle import PickleError, unpickle
from core.settings.error import FaceFileError

TABLE = "config.pak"
MAX_ENTRIES = 1_000_000
MOST_RATIO = 100            # how many times larger an entry may become; JPEGs do not shrink, tables to a third
LOCAL = struct.Struct("<4s5H3L2H")
LOCAL_MAGIC = b"PK\x03\x04"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What the module for archives raises on bytes that are none.
_WRONG = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError, zlib.error, KeyError, IndexError,
          OverflowError, MemoryError)


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One face of an archive before it is looked at: what the table says, and the entry of its JPEG if there is one."""

    name: str
    config: object
    info: zipfile.ZipInfo | None


def zip_entries(path: Path) -> list[ZipEntry]:
    """The table of an archive. FaceFileError when it is not one, or has no table."""
    try:
        with opened(path) as (descriptor, size):
            return _entries(path, descriptor, size)
    except (UnusableFaceError, PickleError) as error:
        raise FaceFileError(f"{shown(path.name)} in {path.parent} {error}",
                            hint="pack the faces again, or move it away to use the loose files beside it") from error


def _entries(path: Path, descriptor: int, size: int) -> list[ZipEntry]:
    infos = _listed(path)
    if TABLE not in infos:
        raise UnusableFaceError(DAMAGED, f"holds no {TABLE}: it is an archive, and no face set")
    table = _content(descriptor, size, infos[TABLE], MAX_TABLE_BYTES)
    configs = unpickle(table, max_values=MAX_VALUES)
    if not isinstance(configs, list):
        raise UnusableFaceError(DAMAGED, "holds something else than a list of faces")
    entries = []
    for number, config in enumerate(configs):
        name = config.get("filename") if type(config) is dict else None
        known = infos.pop(name, None) if isinstance(name, str) else None    # each JPEG is one face: see _placed in pak
        entries.append(ZipEntry((shown(name) if isinstance(name, str) else "") or f"face {number}", config, known))
    return entries


def _listed(path: Path) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except _WRONG as error:
        raise UnusableFaceError(DAMAGED, "is not a whole zip archive") from error
    except OSError as error:
        raise UnusableFaceError(DAMAGED, f"cannot be read: {error.strerror}") from error
    if len(infos) > MAX_ENTRIES:
        raise UnusableFaceError(TOO_LARGE, f"lists {len(infos):,} files, the limit is {MAX_ENTRIES:,}")
    return {info.filename: info for info in infos}


def read_zip_entries(path: Path, entries: list[ZipEntry]) -> Iterator[tuple[str, Face | UnusableFaceError, bytes]]:
    """The name of each entry, with its face and JPEG, or with what is wrong with it and no bytes."""
    with opened(path) as (descriptor, size):
        room = Room(size * MOST_RATIO)
        for entry in entries:
            try:
                face, jpeg = _read_entry(path, descriptor, size, entry)
                room.take(face)
            except UnusableFaceError as error:
                yield entry.name, error, b""
            else:
                yield entry.name, face, jpeg


def _read_entry(path: Path, descriptor: int, size: int, entry: ZipEntry) -> tuple[Face, bytes]:
    if entry.info is None:
        raise UnusableFaceError(DAMAGED, "is in the table of the archive, and its picture is not there")
    jpeg = _content(descriptor, size, entry.info, MAX_JPEG_BYTES)
    facts = jpeg_facts(jpeg)
    metadata = read_metadata(entry.config, facts.height, facts.width)
    deflated = len(jpeg) if entry.info.compress_type == zipfile.ZIP_DEFLATED else 0
    place = Place(path, _start(descriptor, size, entry.info), entry.info.compress_size, deflated)
    return placed(entry.name, place, jpeg, facts, metadata), jpeg


def _content(descriptor: int, size: int, info: zipfile.ZipInfo, most: int) -> bytes:
    """An entry's bytes. UnusableFaceError when its numbers do not fit the file or each other."""
    if info.flag_bits & 1 or info.compress_type not in METHODS:
        raise UnusableFaceError(DAMAGED, "is encrypted or packed in a way that face sets never are")
    if not 0 < info.file_size <= min(most, MOST_RATIO * info.compress_size):
        raise UnusableFaceError(TOO_LARGE, f"announces {info.file_size:,} bytes from {info.compress_size:,}")
    raw = read_at(descriptor, info.compress_size, _start(descriptor, size, info))
    if info.compress_type == zipfile.ZIP_DEFLATED:
        raw = inflated(raw, info.file_size)
    if len(raw) != info.file_size or zlib.crc32(raw) != info.CRC:
        raise UnusableFaceError(DAMAGED, "does not fit the checksum of its archive")
    return raw


def _start(descriptor: int, size: int, info: zipfile.ZipInfo) -> int:
    """Where an entry's bytes begin: behind its own header, whose lengths may differ from those of the list."""
    if not 0 <= info.header_offset <= size - LOCAL.size:
        raise UnusableFaceError(DAMAGED, "lies outside its archive")
    magic, *_, name_length, extra_length = LOCAL.unpack(read_at(descriptor, LOCAL.size, info.header_offset))
    start = info.header_offset + LOCAL.size + name_length + extra_length
    if magic != LOCAL_MAGIC or start + info.compress_size > size:
        raise UnusableFaceError(DAMAGED, "is not where its archive says")
    return int(start)
