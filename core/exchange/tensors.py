"""Every tensor of a model: from the original's files into blocks, and back to the byte.

A tensor is taken, or the file is refused with file and key: the original would set it to random values and go on
(facts/files.md 8.3). Only ones at the front of a shape may differ; any other shape is another layout.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.exchange.dictionary import Array
from core.exchange.layout import Entry
from core.nets.dfl_keys import OriginalTensor, from_original, to_original
from core.settings.error import ExchangeError
from core.store.generation import BlockContent

SLOTS: Mapping[str, Mapping[str, str]] = {"adabelief": {"m": "ms_", "s": "vs_"}, "rmsprop": {"a": "acc_"}}
COUNTER = "iters:0"
WITHOUT = "without that file the moments begin at zero"

Arrays = Mapping[str, Array]
Files = Mapping[str, Arrays]        # bare file name (encoder) -> key -> array


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the report. A moment that is missing begins at zero; a missing weight is a refusal."""

    file: str
    key: str
    what: Literal["taken", "reshaped", "missing"]
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Source:
    """What the files of a model hold. `title` is how they begin (alpha_SAEHD); moments is None where it has none."""

    title: str
    files: Files
    moments: Arrays | None = None
    moments_file: str = "src_dst_opt"

    def name(self, file: str) -> str:
        """A file's whole name, for sentences."""
        return f"{self.title}_{file}.npy"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The blocks of a network as a generation holds them, and a note for each tensor."""

    blocks: dict[str, BlockContent]
    notes: list[Note]


def load_tensors(tensors: list[OriginalTensor], source: Source, optimizer: str) -> Loaded:
    """Weights and moments of these tensors. Raises ExchangeError."""
    weights: dict[str, dict[str, Array]] = defaultdict(dict)
    kept: dict[str, dict[str, Array]] = defaultdict(dict)
    check_keys(tensors, source)
    notes: list[Note] = []
    for tensor in tensors:
        array, note = fitted(source.files[tensor.file][tensor.key], tensor, source.name(tensor.file), tensor.key)
        weights[tensor.block][tensor.name] = array
        notes.append(note)
    counter = counter_of(source)
    known = moments_of(source, tensors, optimizer)
    for slot, start in SLOTS[optimizer].items():
        for tensor in tensors:
            key = start + slot_key(tensor)
            if key in known:
                array, note = fitted(known[key], tensor, source.name(source.moments_file), key)
            else:
                array = np.zeros_like(weights[tensor.block][tensor.name])
                note = Note(source.name(source.moments_file), key, "missing", tensor.shape, "float32")
            kept[tensor.block][f"{tensor.name}.{slot}"] = array
            notes.append(note)
    return Loaded({block: BlockContent(weights[block], {**kept[block], "counter": np.array(counter, np.int64)})
                   for block in weights}, notes)


def check_keys(tensors: list[OriginalTensor], source: Source) -> None:
    """Raises ExchangeError for the first tensor that is missing, or that no network of these options has."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for tensor in tensors:
        wanted[tensor.file].add(tensor.key)
        if tensor.key not in source.files[tensor.file]:
            raise ExchangeError(f"{source.name(tensor.file)} lacks {tensor.key}",
                                hint="it is damaged, or the options are of another model")
    for file, keys in wanted.items():
        extra = [key for key in source.files[file] if key not in keys]
        if extra:
            raise ExchangeError(f"{source.name(file)} holds {extra[0]}, which a network of these options does not have",
                                hint="it is of another model, or the options are")


def slot_key(tensor: OriginalTensor) -> str:
    """The tensor's name in an optimizer file, after ms_, vs_ or acc_."""
    return tensor.variable.removesuffix(":0") + "_0:0"


def counter_of(source: Source) -> int:
    """How many updates the optimizer has made; 0 where there is none of it. Raises ExchangeError."""
    if source.moments is None:
        return 0
    count = source.moments.get(COUNTER)
    if count is None or count.shape != () or count.dtype.kind != "i" or int(count) < 0:
        raise ExchangeError(f"{source.name(source.moments_file)} has at {COUNTER} no count of updates",
                            hint=WITHOUT)
    return int(count)


def moments_of(source: Source, tensors: list[OriginalTensor], optimizer: str) -> Arrays:
    """The moments that this optimizer uses: all of a network's, or none of them. Raises ExchangeError.

    Files lack whole networks (AMP does not train its inters) and, after the optimizer was changed, all of its moments:
    those begin at zero, as they do in the original. A file that lacks some tensors of a network is damaged.
    """
    moments = source.moments if source.moments is not None else {}
    starts = tuple(SLOTS[optimizer].values())
    wanted = {start + slot_key(tensor): tensor for start in starts for tensor in tensors}
    others = {start for slots in SLOTS.values() for start in slots.values()} - set(starts)
    foreign = {start + slot_key(tensor) for start in others for tensor in tensors}
    for key in moments:
        if key != COUNTER and key not in wanted and key not in foreign:
            raise ExchangeError(f"{source.name(source.moments_file)} holds {key}, which no network of these options "
                                "has", hint=f"it is of another model; {WITHOUT}")
    there = {tensor.prefix for key, tensor in wanted.items() if key in moments}
    for key, tensor in wanted.items():
        if tensor.prefix in there and key not in moments:
            raise ExchangeError(f"{source.name(source.moments_file)} lacks {key}", hint=WITHOUT)
    return {key: moments[key] for key in wanted if key in moments}


def fitted(array: Array, tensor: OriginalTensor, file: str, key: str) -> tuple[Array, Note]:
    """An array of a file as ours. Raises ExchangeError where its shape is another layout or size."""
    if without_ones(array.shape) != without_ones(tensor.shape):
        raise ExchangeError(f"{file} has {key} as {array.shape}, a network of these options has it as {tensor.shape}",
                            hint="it is of another model, or in the layout of another program")
    what: Literal["taken", "reshaped"] = "taken" if array.shape == tensor.shape else "reshaped"
    ours = from_original(array.reshape(tensor.shape), tensor)
    return ours, Note(file, key, what, array.shape, str(array.dtype))


def without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without the ones at its front: how biases were written at times. Ones elsewhere tell layouts apart."""
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def weights_for(tensors: Iterable[OriginalTensor], blocks: Mapping[str, BlockContent]) -> dict[str, dict[str, Array]]:
    """Blocks as the original's weight files: bare file name -> key -> float32 array, in its order."""
    files: dict[str, dict[str, Array]] = defaultdict(dict)
    for tensor in tensors:
        files[tensor.file][tensor.key] = to_original(blocks[tensor.block].weights[tensor.name], tensor)
    return dict(files)


def moments_for(tensors: list[OriginalTensor], blocks: Mapping[str, BlockContent],
                optimizer: str) -> dict[str, Array]:
    """Blocks as an optimizer file: the count of the block that was trained most, then slot by slot."""
    counts = [int(blocks[tensor.block].moments["counter"]) for tensor in tensors]
    found: dict[str, Array] = {COUNTER: np.array(max(counts, default=0), np.int64)}
    for slot, start in SLOTS[optimizer].items():
        for tensor in tensors:
            found[start + slot_key(tensor)] = to_original(blocks[tensor.block].moments[f"{tensor.name}.{slot}"], tensor)
    return found


def as_before(arrays: Mapping[str, Array], entries: Mapping[str, Entry] | None) -> dict[str, Array]:
    """The arrays in the order, types and shapes in which a file had them; as they are where there was no such file.

    Half precision comes back to the byte as long as it was not trained; after training it is rounded once.
    """
    if entries is None or not set(entries) <= set(arrays):
        return dict(arrays)
    rest = [] if any(key == COUNTER for key in entries) else [key for key in arrays if key not in entries]
    found = {key: cast(arrays[key], entry) for key, entry in entries.items()}
    return found | {key: arrays[key] for key in rest}


def cast(array: Array, entry: Entry) -> Array:
    """One array as it was stored."""
    return array.reshape(entry.shape).astype(np.dtype(entry.dtype), copy=False)
