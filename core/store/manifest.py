"""A generation as it is written down: a manifest that names its blobs, with a hash of its own. Pure."""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any

from msgspec import Meta, MsgspecError, Struct, json

from core.settings.error import StoreError

Count = Annotated[int, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]

MAX_MANIFEST_BYTES = 16 * 1024 * 1024  # 100 blocks make 30 kB; `extra` is small


class BlobRef(Struct, frozen=True, forbid_unknown_fields=True):
    """Content by its hash. `size` in bytes."""

    sha256: Sha256
    size: Count


class BlockBlobs(Struct, frozen=True, forbid_unknown_fields=True):
    """The two files of a block: its weights; its moments and counter."""

    weights: BlobRef
    moments: BlobRef


class MetricPosition(Struct, frozen=True, forbid_unknown_fields=True):
    """How far the metric rows were durable: all segments before `segment`, and `rows` rows of it."""

    segment: Count
    rows: Count


class Generation(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A saved state of a run.

    number: 1, 2, 3, ... in order of saving. journal: number of the last event that the weights know of. at: Unix
    seconds. name: of a backup that is kept until a person removes it, or "". extra: small things of the trainer.
    weights_only: its moments were given up for the disk budget and are zero.
    """

    number: Count
    iteration: Count
    life: Count
    journal: Count
    metrics: MetricPosition
    at: float
    name: str
    blocks: dict[str, BlockBlobs]
    extra: dict[str, Any]
    weights_only: bool = False

    def blobs(self) -> dict[str, int]:
        """sha256 -> size of every blob; each once, though blocks may share it."""
        return {ref.sha256: ref.size for block in self.blocks.values() for ref in (block.weights, block.moments)}

    def weights(self) -> dict[str, int]:
        """sha256 -> size of the blobs of its weights."""
        return {block.weights.sha256: block.weights.size for block in self.blocks.values()}


decoder = json.Decoder(Generation)


def encode(generation: Generation) -> bytes:
    """The manifest: the sha256 of the rest in hex on its first line, then JSON."""
    text = json.encode(generation) + b"\n"
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def decode(data: bytes, number: int) -> Generation:
    """The generation of that number. Raises StoreError where the manifest is not what was written."""
    own, _, text = data.partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != own:
        raise StoreError(f"the manifest of generation {number} is damaged", hint="use another generation")
    try:
        generation = decoder.decode(text)
    except MsgspecError as error:
        raise StoreError(f"the manifest of generation {number} is not understood by this version ({error})",
                         hint="use the version that wrote it, or a newer one") from error
    if generation.number != number:
        raise StoreError(f"the manifest of generation {number} is that of generation {generation.number}",
                         hint="do not rename the files in gens")
    return generation


def own_bytes(generations: Iterable[Generation]) -> dict[int, int]:
    """Bytes of each generation that no newer one holds, so that they add up to what all of them take."""
    seen: set[str] = set()
    own: dict[int, int] = {}
    for generation in sorted(generations, key=lambda g: -g.number):
        blobs = generation.blobs()
        own[generation.number] = sum(size for sha, size in blobs.items() if sha not in seen)
        seen |= blobs.keys()
    return own
