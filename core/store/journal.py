"""The journal: one line an event, each with a checksum; durable before `append` returns.

    {"check":"9f31c204","event":{"number":17,...}}

`check` is the CRC-32 of the event's bytes as they stand in the line. Only the last line can be torn by a crash, because
each line is durable before the next one is begun; anything wrong before it is an error and never guessed at.
"""

import logging
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.events.event import Event
from core.events.fold import fold
from core.events.state import RunState
from core.settings.error import JournalError, StoreError
from core.store.disk import Disk, DiskFullError, RealDisk, forget, read_whole, room, trouble

LINE = re.compile(rb'\{"check":"([0-9a-f]{8})","event":(\{.*\})\}', re.DOTALL)
RESTORE = "restore it from a backup of the run folder"
MAX_JOURNAL_BYTES = 1 << 30  # a year of one event a minute is 0.2 GB

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())   # else Python prints warnings beside the one sentence of a command
decoder = msgspec.json.Decoder(Event)


@dataclass(frozen=True, slots=True)
class JournalScan:
    """What a journal says. `end_bytes`: where its sound part ends; `torn`: a sentence about what follows, or ""."""

    events: list[Event]
    end_bytes: int
    torn: str


def read_journal(path: Path) -> list[Event]:
    """All events of the journal; a torn last line is dropped and logged. Raises JournalError."""
    return scan_journal(path).events


def folded(events: Sequence[Event], path: Path) -> RunState:
    """The state after `events` of the journal at `path`. Raises JournalError that names the file: what is wrong with
    one event alone is found by the scan, what is wrong with their order by the fold, which knows no file."""
    if not events:  # garbage without a line end looks like a first append that was cut short
        raise JournalError(f"line 1 of {path} is not the birth of a run", hint=RESTORE)
    try:
        return fold(events)
    except JournalError as error:
        raise JournalError(f"{path}: {error.message}", hint=error.hint) from error


def scan_journal(path: Path, disk: Disk | None = None) -> JournalScan:
    """Read and check the whole journal. Raises JournalError naming the line, StoreError if there is none."""
    disk = disk or RealDisk()
    try:
        text = read_whole(disk, path, limit=MAX_JOURNAL_BYTES)
    except OSError as error:
        raise trouble(error, "read", path) from error
    scan = scan_text(text, path)
    if scan.torn:
        log.warning("journal=%s torn=%s", path, scan.torn)
    return scan


def scan_text(text: bytes, path: Path) -> JournalScan:
    """Read the bytes of a journal; `path` is for messages."""
    lines = text.split(b"\n")
    rest = lines.pop()  # what follows the last line end: "" unless the last append was cut short
    events: list[Event] = []
    end = 0
    for number, line in enumerate(lines, start=1):
        body = checked(line)
        if body is None:
            # A torn line can have its end and lack its middle: a file system writes pages in any order.
            if number == len(lines) and not rest:
                rest = line
                break
            raise JournalError(f"line {number} of {path} is not what was written", hint=RESTORE)
        events.append(understood(body, number, path))
        end += len(line) + 1
    torn = ""
    if rest:
        torn = (f"the last line of the journal ({len(rest):,} bytes after event {len(events)}) was cut short by a "
                "crash and is dropped")
    return JournalScan(events, end, torn)


def checked(line: bytes) -> bytes | None:
    """The event's bytes, None if the line is not whole."""
    match = LINE.fullmatch(line)
    if match is None or int(match[1], 16) != zlib.crc32(match[2]):
        return None
    return match[2]


def understood(body: bytes, line: int, path: Path) -> Event:
    """The event of a whole line. A journal must never be half understood: unknown kinds and fields raise."""
    try:
        event = decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise JournalError(f"line {line} of {path} says something that this version does not know ({error})",
                           hint="use the version that wrote the journal, or a newer one") from error
    if event.number != line:
        raise JournalError(f"line {line} of {path} holds event {event.number}: events are missing or double",
                           hint=RESTORE)
    return event


def line_of(event: Event) -> bytes:
    """The event's line. Raises JournalError for text that cannot be written (a path with broken characters)."""
    try:
        body = msgspec.json.encode(event)
    except (UnicodeEncodeError, msgspec.MsgspecError) as error:
        raise JournalError(f"event {event.number} cannot be written down ({error})",
                           hint="use names and paths without broken characters") from error
    # The checksum is of the bytes as they stand in the line, so that a reader need not encode the event again.
    line = b'{"check":"%08x","event":%s}' % (zlib.crc32(body), body)
    understood(body, event.number, Path("the journal"))  # what cannot be read back must not be written
    return line + b"\n"


class JournalWriter:
    """The one writer of a journal (the supervisor, under the run's lock). Opens it, or creates it empty."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self.path = path
        self._disk = disk or RealDisk()
        is_new = self._exists() is False
        scan = JournalScan([], 0, "") if is_new else scan_journal(path, self._disk)
        self.events: list[Event] = scan.events
        self.torn = scan.torn
        self._end = scan.end_bytes
        self._has_tail = bool(scan.torn)  # bytes after _end that must go before the next line
        try:
            self._fd = self._disk.create(path) if is_new else self._disk.open(path)
        except OSError as error:
            raise trouble(error, "open", path) from error
        if is_new:
            self._make_name_durable()

    @property
    def last(self) -> int:
        """Number of the last event, 0 for an empty journal."""
        return len(self.events)

    def append(self, event: Event) -> None:
        """Write `event`; durable when this returns. Its number must be `last` + 1.

        Raises StoreError (DiskFullError) with the journal as it was: the same number may be tried again.
        """
        if event.number != self.last + 1:
            raise JournalError(f"event {event.number} cannot follow event {self.last}", hint="this is a mistake of the "
                               "program: keep the run's log")
        line = line_of(event)
        try:
            if self._has_tail:
                self._cut()
            # Set before the write: however that ends, bytes may lie behind the last whole line from here on.
            self._has_tail = True
            self._disk.write(self._fd, line, self._end)
            self._disk.sync(self._fd)
        except OSError as error:
            raise self._failed(error, len(line)) from error
        self._has_tail = False
        self._end += len(line)
        self.events.append(event)

    def close(self) -> None:
        """Close the file; everything that was appended is durable already."""
        if self._fd >= 0:
            self._disk.close(self._fd)
            self._fd = -1

    def _exists(self) -> bool:
        try:
            return self._disk.size(self.path) is not None
        except OSError as error:
            raise trouble(error, "open", self.path) from error

    def _make_name_durable(self) -> None:
        try:
            self._disk.sync(self._fd)
            self._disk.sync_folder(self.path.parent)
        except OSError as error:
            self.close()
            forget(self._disk, self.path)
            raise trouble(error, "create", self.path) from error

    def _cut(self) -> None:
        """Remove what follows the last whole line, durably: a shorter line must not leave its end behind."""
        self._disk.truncate(self._fd, self._end)
        self._disk.sync(self._fd)
        self._has_tail = False

    def _failed(self, error: OSError, length: int) -> StoreError:
        """Take a half-written line back. If that fails too, the next append tries it first."""
        try:
            self._cut()
        except OSError as second:
            log.warning("journal=%s cut_failed=%s", self.path, second)
        missing = length - room(self._disk, self.path.parent)
        found = trouble(error, "write", self.path, missing_bytes=missing)
        if isinstance(found, DiskFullError):
            return found
        return StoreError(found.message, hint="the change was not made; " + found.hint)
