"""Generations: saved states of a run that a crash at any moment leaves whole (facts/training.md 5.2).

The order of every step matters and is the reason for this module; tests/store/test_crash.py crashes after each of them.
One process saves and collects (the trainer, under its lock); any process may list, load and pin.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from core.settings.error import MissingError, RefusedError, StoreError
from core.store.blob import Blob, BlobStore, blob_of
from core.store.disk import Disk, DiskFullError, RealDisk, forget, put, read_whole, sync_folder, trouble
from core.store.folder import RunFolder
from core.store.line import Line
from core.store.manifest import (
    MAX_MANIFEST_BYTES,
    BlobRef,
    BlockBlobs,
    Generation,
    MetricPosition,
    decode,
    encode,
)
from core.store.pin import Pin, Pins
from core.store.retention import Keep, retained
from core.store.tensor_file import Array
from core.store.tensor_file import decode as decode_tensors
from core.store.tensor_file import encode as encode_tensors
from core.store.thin import stand_in

RESERVE_BYTES = 8 * 1024 * 1024  # left free by a save: journal, metrics and log must be able to go on after it
FILE_SLACK_BYTES = 4096          # a file takes whole blocks of the disk

SHA256 = re.compile(rb"[0-9a-f]{64}")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BlockContent:
    """A block's arrays as they are saved. `moments` holds the optimizer's counter as well."""

    weights: Mapping[str, Array]
    moments: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class NewGeneration:
    """What is to be saved. A block that has not changed since an earlier generation is given as its blobs there."""

    iteration: int
    life: int
    journal: int
    metrics: MetricPosition
    blocks: Mapping[str, BlockContent | BlockBlobs]
    at: float
    name: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """A generation that is durable, and the bytes that were written for it."""

    generation: Generation
    bytes_written: int


@dataclass(frozen=True, slots=True)
class Found:
    """The newest sound generation, None if there is none; and a sentence for each one that was passed over."""

    generation: Generation | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection removed. `over_budget_bytes`: by how much what must be kept exceeds the disk budget; `thinned`:
    the generations that gave up their moments for it."""

    removed: tuple[int, ...]
    freed_bytes: int
    over_budget_bytes: int
    thinned: tuple[int, ...] = ()


class Generations:
    """The generations of one run."""

    def __init__(self, folder: RunFolder, disk: Disk | None = None) -> None:
        self.folder = folder
        self._disk = disk or RealDisk()
        self._blobs = BlobStore(folder.blobs, self._disk)
        self._pins = Pins(folder.pins)
        self._acknowledged: int | None = None  # the generation that this process saved last

    # --- reading ------------------------------------------------------------------------------------------------------
    def list(self) -> list[Generation]:
        """Every generation whose manifest can be read, by number; damaged ones are left out (see `newest_sound`)."""
        return [g for g in map(self._readable, self._numbers()) if g is not None]

    def get(self, number: int) -> Generation:
        """The generation of that number. Raises StoreError if there is none or its manifest is damaged."""
        path = self.folder.gens / str(number)
        try:
            return decode(read_whole(self._disk, path, limit=MAX_MANIFEST_BYTES), number)
        except FileNotFoundError as error:
            raise MissingError(f"there is no generation {number}", hint="see dfl-tui generations") from error
        except OSError as error:
            raise trouble(error, "read", path) from error

    def newest_sound(self, line: Line | None = None) -> Found:
        """The generation to go on from: HEAD's, or the newest one that is whole. Reads and hashes all of its blobs.

        line: only generations that lead to the present state of the run (core/store/line.py); always give it to resume.
        """
        notes: list[str] = []
        head = self.head()
        numbers = sorted(self._numbers(), reverse=True)
        # HEAD first: a newer manifest without it was promised to nobody.
        if head is not None:
            numbers = [head, *(n for n in numbers if n != head)]
        elif self._has_head():
            notes.append("HEAD does not say which generation is the last: taking the newest that is whole")
        for number in numbers:
            try:
                generation = self.get(number)
                if line is not None and line.is_abandoned(generation):
                    continue
                why = line.why_too_new(generation) if line is not None else ""
                why = why or self._why_unsound(generation)
            except StoreError as error:
                why = error.message
            if not why:
                return Found(generation, tuple(notes))
            notes.append(f"generation {number} is passed over: {why}")
        return Found(None, tuple(notes))

    def load(self, number: int) -> dict[str, BlockContent]:
        """All blocks of a generation, verified, in memory of their own. Raises StoreError."""
        def tensors(block: str, ref: BlobRef) -> dict[str, Array]:
            return decode_tensors(self._blobs.read(ref), f"block {block} of generation {number}")

        return {block: BlockContent(tensors(block, refs.weights), tensors(block, refs.moments))
                for block, refs in self.get(number).blocks.items()}

    def head(self) -> int | None:
        """The number in HEAD; None if there is no HEAD or it does not hold one."""
        try:
            return int(read_whole(self._disk, self.folder.head, limit=32))
        except (OSError, ValueError, StoreError):
            return None

    # --- saving -------------------------------------------------------------------------------------------------------
    def need(self, new: NewGeneration) -> int:
        """Bytes that saving `new` would write. Hashes the blocks that changed."""
        return self._need(self._named(new)[1])

    def save(self, new: NewGeneration) -> Saved:
        """Write a generation; durable when this returns. Metric rows must have been synced before.

        Raises DiskFullError or StoreError with the older generations untouched; the same save may be tried again.
        """
        number = max((*self._numbers(), self.head() or 0)) + 1
        blocks, blobs = self._named(new)
        self._make_sure_of_room(self._need(blobs), number)
        written = self._add(blobs)
        generation = Generation(number, new.iteration, new.life, new.journal, new.metrics, new.at, new.name, blocks,
                                dict(new.extra))
        manifest = encode(generation)
        path = self.folder.gens / str(number)
        # Blobs, then the manifest that names them, then HEAD that names it: each is durable before the next is begun.
        put(self._disk, path, [manifest])
        try:
            sync_folder(self._disk, self.folder.gens)
            put(self._disk, self.folder.head, [b"%d\n" % number], temporary=".HEAD")
        except StoreError:
            forget(self._disk, path)  # nobody was told of it, and after a failed sync its name may never be durable
            raise
        sync_folder(self._disk, self.folder.path)
        self._acknowledged = number
        return Saved(generation, written + len(manifest))

    # --- removing -----------------------------------------------------------------------------------------------------
    def collect(self, keep: Keep, *, now_s: float, line: Line | None = None) -> Collected:
        """Remove the generations that the rules do not keep, thin those that they keep without moments, then remove the
        blobs that none names (in this order)."""
        with self._pins.guarded():
            self._pins.sweep()
            there = self.list()
            off_line = frozenset(g.number for g in there if line is not None and line.is_abandoned(g))
            always = frozenset(n for n in (*self._pins.alive(), self.head(), self._acknowledged) if n is not None)
            rules = retained(there, keep, now_s=now_s, always=always, off_line=off_line)
            removed = tuple(g.number for g in there if g.number not in rules.keep)
            self._unlink(removed)
            thinned = tuple(g.number for g in there if g.number in rules.thin and self._thin(g))
            freed = self._sweep()
        return Collected(removed, freed, rules.over_budget_bytes, thinned)

    def remove(self, number: int) -> int:
        """Remove one generation because a person says so, a named backup too. Returns the bytes freed.

        Raises RefusedError for the one that the run goes on from and for one in use.
        """
        with self._pins.guarded():
            if number not in self._numbers():
                self.get(number)  # says that there is none
            users = self._pins.alive().get(number)
            if users:
                raise RefusedError(f"generation {number} is in use by {users}", hint="wait until that is done")
            if number in (self.head(), self._acknowledged):
                raise RefusedError(f"generation {number} is the one that the run goes on from",
                                   hint="save a newer one first")
            self._unlink((number,))
            return self._sweep()

    def pin(self, number: int, user: str) -> Pin:
        """Keep a generation from being removed while `user` ("swap") reads it. Raises StoreError if it is gone."""
        with self._pins.guarded():
            self.get(number)
            return self._pins.add(number, user)

    def in_use(self) -> dict[int, str]:
        """number -> who uses that generation now."""
        return self._pins.alive()

    # --- steps --------------------------------------------------------------------------------------------------------
    def _numbers(self) -> Sequence[int]:
        try:
            return sorted(int(n) for n in self._disk.names(self.folder.gens) if n.isascii() and n.isdigit())
        except OSError as error:
            raise trouble(error, "list", self.folder.gens) from error

    def _has_head(self) -> bool:
        """Is there a HEAD, whatever it holds? There is none before the first save is done."""
        try:
            return self._disk.size(self.folder.head) is not None
        except OSError as error:
            raise trouble(error, "read", self.folder.head) from error

    def _readable(self, number: int) -> Generation | None:
        try:
            return self.get(number)
        except StoreError as error:
            log.warning("generation=%d left_out=%s", number, error)
            return None

    def _why_unsound(self, generation: Generation) -> str:
        """What is wrong with its blobs, "" if nothing. Each blob is read once, though blocks may share it."""
        refs = {ref.sha256: (name, ref) for name, block in generation.blocks.items()
                for ref in (block.weights, block.moments)}
        for name, ref in refs.values():
            if why := self._blobs.why_unsound(ref):
                return f"block {name}: {why}"
        return ""

    def _named(self, new: NewGeneration) -> tuple[dict[str, BlockBlobs], Sequence[Blob]]:
        """The blobs of every block, and the content of those that are not on the disk yet, each once."""
        blocks: dict[str, BlockBlobs] = {}
        blobs: dict[str, Blob] = {}
        for name, content in new.blocks.items():
            if isinstance(content, BlockContent):
                weights, moments = blob_of(encode_tensors(content.weights)), blob_of(encode_tensors(content.moments))
                blobs |= {blob.ref.sha256: blob for blob in (weights, moments) if not self._blobs.holds(blob.ref)}
                content = BlockBlobs(weights.ref, moments.ref)
            elif not (self._blobs.has(content.weights) and self._blobs.has(content.moments)):
                raise StoreError(f"block {name} was said to be unchanged, and its blobs are not there",
                                 hint="save the block itself")
            blocks[name] = content
        return blocks, list(blobs.values())

    def _need(self, blobs: Sequence[Blob]) -> int:
        """Bytes on the disk for these blobs, a manifest and HEAD."""
        return sum(blob.ref.size + FILE_SLACK_BYTES for blob in blobs) + 64 * 1024 + FILE_SLACK_BYTES

    def _make_sure_of_room(self, need: int, number: int) -> None:
        try:
            free = self._disk.free_bytes(self.folder.path)
        except OSError as error:
            raise trouble(error, "ask for the free space of", self.folder.path) from error
        missing = need + RESERVE_BYTES - free
        if missing > 0:
            raise DiskFullError(f"generation {number} needs {need:,} bytes, {free:,} are free in {self.folder.path}",
                                missing_bytes=missing, hint=f"free {missing:,} bytes, or lower keep_generations")

    def _add(self, blobs: Sequence[Blob]) -> int:
        """Write the blobs and make their names durable. Returns the bytes written."""
        written: list[Blob] = []
        for blob in blobs:
            if self._blobs.add(blob):
                written.append(blob)
        try:
            sync_folder(self._disk, self.folder.blobs)  # also where nothing was written: it may be left from a failure
        except StoreError:
            for blob in written:  # their names may never reach the disk, and no later sync would say so
                self._blobs.forget(blob.ref)
            raise
        return sum(blob.ref.size for blob in written)

    def _unlink(self, numbers: Sequence[int]) -> None:
        """Unlink manifests, and make that durable."""
        for number in numbers:
            path = self.folder.gens / str(number)
            try:
                self._disk.unlink(path)
            except OSError as error:
                raise trouble(error, "remove", path) from error
        sync_folder(self._disk, self.folder.gens)

    def _thin(self, generation: Generation) -> bool:
        """Write the manifest of a generation anew, with zeros for its moments; False where the disk or a damaged blob
        refused: it stays as it was then."""
        try:
            stand_ins = {name: stand_in(self._blobs, block.moments) for name, block in generation.blocks.items()}
            self._add(list({blob.ref.sha256: blob for blob in stand_ins.values()}.values()))
            blocks = {name: BlockBlobs(block.weights, stand_ins[name].ref) for name, block in generation.blocks.items()}
            put(self._disk, self.folder.gens / str(generation.number),
                [encode(replace(generation, blocks=blocks, weights_only=True))])
            sync_folder(self._disk, self.folder.gens)   # before its moments go: else the old manifest may come back
        except StoreError as error:
            log.warning("generation=%d stays whole error=%s", generation.number, error)
            return False
        return True

    def _sweep(self) -> int:
        """Unlink every blob that no manifest names. Returns bytes freed."""
        named = self._named_anywhere()
        return sum(self._blobs.remove(sha) for sha in self._blobs.names() if sha not in named)

    def _named_anywhere(self) -> set[str]:
        """Every hash that stands in any manifest, damaged ones and those of other versions included."""
        named: set[str] = set()
        for number in self._numbers():
            path = self.folder.gens / str(number)
            try:
                text = read_whole(self._disk, path, limit=MAX_MANIFEST_BYTES)
            except OSError as error:
                raise trouble(error, "read", path) from error
            named |= {sha.decode() for sha in SHA256.findall(text)}
        return named
