"""A disk that forgets: a durable image and an ordered list of effects that a crash may or may not leave behind.

The model of facts/training.md 5.1. Effects: an entry of a folder changes (create, rename, unlink), or a file's content
changes (write, truncate). `sync` makes the effects on one file's content durable, `sync_folder` those on one folder's
entries. A crash leaves the durable image plus any subset of the pending effects, each write whole, cut or half zeros.
"""

import errno
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_IMAGES = 400      # of one crash point; more are drawn at random
Mode = str            # of a content effect: "whole", "cut" (half of it) or "zeros" (half of it, then zeros)


@dataclass
class File:
    """One inode: what a reader sees now, and what the platter holds."""

    cached: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True)
class Content:
    """A pending write of `data` at `offset`, or (data None) a truncation to `offset`."""

    file: File
    offset: int
    data: bytes | None

    def apply(self, content: bytearray, mode: Mode = "whole") -> None:
        if self.data is None:
            del content[self.offset:]
            content.extend(bytes(self.offset - len(content)))
            return
        half = self.data[:len(self.data) // 2]
        data = {"whole": self.data, "cut": half, "zeros": half + bytes(len(self.data) - len(half))}[mode]
        content.extend(bytes(max(0, self.offset - len(content))))
        content[self.offset:self.offset + len(data)] = data


@dataclass(frozen=True)
class Entry:
    """A pending change of one folder: `gone` leaves, `come` appears as a name of `file`. Atomic."""

    folder: Path
    gone: str | None
    come: str | None
    file: File | None

    def apply(self, entries: dict[Path, File]) -> None:
        if self.gone is not None:
            entries.pop(self.folder / self.gone, None)
        if self.come is not None and self.file is not None:
            entries[self.folder / self.come] = self.file


class PowerCutError(Exception):
    """The machine stops here."""


class ModelDisk:
    """Implements core.store.disk.Disk in memory.

    after: called after every operation that changes something, with its name.
    fail: asked before every operation, with its number; an errno makes it fail (a failing write leaves half).
    skip: names of operations that do nothing, for sabotage.
    """

    def __init__(self, *, capacity: int = 1 << 40, skip: tuple[str, ...] = ()) -> None:
        self.entries: dict[Path, File] = {}
        self.durable: dict[Path, File] = {}
        self.pending: list[Content | Entry] = []
        self.capacity = capacity
        self.after: Callable[[str], None] = lambda _: None
        self.fail: Callable[[int], int] = lambda _: 0
        self.skip = skip
        self.operations: list[str] = []
        self._open: dict[int, tuple[Path, File]] = {}
        self._next_fd = 1000

    # --- Disk ---------------------------------------------------------------------------------------------------------
    def create(self, path: Path) -> int:
        self._begin("create", path)
        file = self.entries.get(path)
        if file is None:
            file = File()
            self._do(Entry(path.parent, None, path.name, file))
        elif file.cached:
            self._do(Content(file, 0, None))
        return self._opened("create", path, file)

    def open(self, path: Path) -> int:
        return self._opened("", path, self._file(path))

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        path, file = self._open[fd]
        try:
            self._begin("write", path)
        except OSError:
            self._do(Content(file, offset, bytes(data)[:len(data) // 2]))
            self.after("half a write")
            raise
        self._do(Content(file, offset, bytes(data)))
        self.after("write")

    def truncate(self, fd: int, size: int) -> None:
        path, file = self._open[fd]
        self._begin("truncate", path)
        self._do(Content(file, size, None))
        self.after("truncate")

    def sync(self, fd: int) -> None:
        path, file = self._open[fd]
        mine = [e for e in self.pending if isinstance(e, Content) and e.file is file]
        self._sync(f"sync {kind(path)}", path, mine)

    def close(self, fd: int) -> None:
        del self._open[fd]

    def rename(self, old: Path, new: Path) -> None:
        self._begin("rename", old)
        self._do(Entry(old.parent, old.name, new.name, self._file(old)))
        self.after("rename")

    def unlink(self, path: Path) -> None:
        self._begin("unlink", path)
        self._file(path)
        self._do(Entry(path.parent, path.name, None, None))
        self.after("unlink")

    def sync_folder(self, folder: Path) -> None:
        mine = [e for e in self.pending if isinstance(e, Entry) and e.folder == folder]
        self._sync(f"sync folder {kind(folder / '.tmp')}", folder, mine)

    def names(self, folder: Path) -> list[str]:
        return [p.name for p in self.entries if p.parent == folder]

    def size(self, path: Path) -> int | None:
        file = self.entries.get(path)
        return None if file is None else len(file.cached)

    def read(self, path: Path, offset: int, buffer: memoryview) -> int:
        data = self._file(path).cached[offset:offset + len(buffer)]
        buffer[:len(data)] = data
        return len(data)

    def free_bytes(self, folder: Path) -> int:  # noqa: ARG002  (one disk)
        return self.capacity - sum(len(f.cached) for f in self.entries.values())

    # --- crashing -----------------------------------------------------------------------------------------------------
    def images(self, draw: random.Random, limit: int = MAX_IMAGES) -> Iterator["ModelDisk"]:
        """What a crash now may leave: all of them where there are few, else the extremes and some at random."""
        choices = [("lost", "whole", "cut", "zeros") if isinstance(e, Content) and e.data is not None
                   else ("lost", "whole") for e in self.pending]
        total = 1
        for c in choices:
            total *= len(c)
        if total <= limit:
            yield from map(self.crashed, itertools.product(*choices))
            return
        yield self.crashed(["lost"] * len(choices))
        yield self.crashed(["whole"] * len(choices))
        # names without content, and content without names, are the classic losses
        yield self.crashed(["whole" if isinstance(e, Entry) else "lost" for e in self.pending])
        yield self.crashed(["lost" if isinstance(e, Entry) else "whole" for e in self.pending])
        for _ in range(limit - 4):
            yield self.crashed([draw.choice(c) for c in choices])

    def crashed(self, modes: "tuple[Mode, ...] | list[Mode]") -> "ModelDisk":
        """A new disk with the durable image and these pending effects."""
        entries = dict(self.durable)
        content = {id(f): bytearray(f.durable) for f in (*entries.values(), *self.entries.values())}
        for effect, mode in zip(self.pending, modes, strict=True):
            if mode == "lost":
                continue
            if isinstance(effect, Entry):
                effect.apply(entries)
            else:
                effect.apply(content.setdefault(id(effect.file), bytearray(effect.file.durable)), mode)
        disk = ModelDisk(capacity=self.capacity)
        for path, file in entries.items():
            data = content.get(id(file), bytearray(file.durable))
            disk.entries[path] = disk.durable[path] = File(bytearray(data), bytearray(data))
        return disk

    def state(self) -> frozenset[tuple[str, bytes]]:
        """Everything that a reader can see: to tell images apart."""
        return frozenset((str(path), bytes(file.cached)) for path, file in self.entries.items())

    # --- inside -------------------------------------------------------------------------------------------------------
    def _begin(self, name: str, path: Path) -> None:
        self.operations.append(f"{name} {kind(path)}")
        if code := self.fail(len(self.operations) - 1):
            raise OSError(code, errno.errorcode[code], str(path))

    def _opened(self, name: str, path: Path, file: File) -> int:
        self._next_fd += 1
        self._open[self._next_fd] = path, file
        if name:
            self.after(name)
        return self._next_fd

    def _file(self, path: Path) -> File:
        if path not in self.entries:
            raise FileNotFoundError(errno.ENOENT, "there is no such file", str(path))
        return self.entries[path]

    def _do(self, effect: Content | Entry) -> None:
        if isinstance(effect, Entry):
            effect.apply(self.entries)
        else:
            effect.apply(effect.file.cached)
        self.pending.append(effect)

    def _sync(self, name: str, path: Path, mine: "list[Content] | list[Entry]") -> None:
        try:
            self._begin(name, path)
        except OSError:
            self._drop(mine)  # the kernel calls them clean: no later sync writes them, the cache still shows them
            raise
        if name not in self.skip:
            for effect in mine:
                if isinstance(effect, Entry):
                    effect.apply(self.durable)
                else:
                    effect.apply(effect.file.durable)
            self._drop(mine)
        self.after(name)

    def _drop(self, effects: "list[Content] | list[Entry]") -> None:
        gone = {id(e) for e in effects}
        self.pending = [e for e in self.pending if id(e) not in gone]


def kind(path: Path) -> str:
    """Which sort of file that is: blobs, gens, root, metrics, journal."""
    return path.name if path.name.startswith("journal") else path.parent.name if path.parent.name in (
        "blobs", "gens", "metrics") else "root"
