"""Convert a network: (blocks, old settings, new settings) -> blocks and a report. Pure.

Letters first, then the kind, then space and widths. A tensor through which nothing of this passes is the old one to the
byte, with its moments and its counter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from core.events.event import Block
from core.exchange.conversion.axes import axes_of
from core.exchange.conversion.kinds import of_kind
from core.exchange.conversion.letters import with_letters
from core.exchange.conversion.piece import Key, Piece, Pieces, pieces_of
from core.exchange.conversion.resize import Sides, in_space, resized
from core.exchange.dictionary import Array
from core.exchange.tensors import SLOTS
from core.nets.block_state import weights_of
from core.nets.family import make_network, outline
from core.nets.initial import initialise
from core.nets.shape import NetworkShape, shape_of
from core.settings.error import ExchangeError
from core.settings.kind import Value
from core.store.generation import BlockContent

Settings = Mapping[str, Value]
What = Literal["carried", "adapted", "new", "left"]

DRAWN = "drawn like new weights"


@dataclass(frozen=True, slots=True)
class Line:
    """One tensor of the report. `source`: where its numbers are from, "" of new ones. carried: equal to the byte, with
    moments and counter unless `how` says other. left: a tensor of the old network that the new one has no place for."""

    block: str
    tensor: str
    what: What
    source: str
    how: str


@dataclass(frozen=True, slots=True)
class Converted:
    """The new network's blocks, its table, a line for each tensor, and what a person should know."""

    blocks: dict[str, BlockContent]
    table: list[Block]
    lines: list[Line]
    notes: list[str]


def convert(blocks: Mapping[str, BlockContent], before: Settings, after: Settings) -> Converted:
    """The face network of settings `after`, made of that of settings `before`. Raises ExchangeError, NetworkError.

    blocks: all of the old network's; others, such as judges, are not looked at.
    """
    if before.get("growth") or after.get("growth"):
        raise ExchangeError("a grown network cannot be converted: its octaves stand on the layers that would change",
                            hint="convert a save from before it grew, and grow the new run")
    old, new = shape_of(before), shape_of(after)
    pieces = pieces_of({name: blocks[name] for name in names_of(before, blocks)})
    sources = list(pieces)
    fresh, table = first_weights(after)
    # Letters before the kind: liae has two halves of a code that a new level must keep apart, and amp is always udt.
    # Widths last: in between, layers are as wide as what they are made of, which no settings could say.
    pieces = with_letters(pieces, old.archi, new.archi)
    pieces = of_kind(pieces, old.archi.kind, new.archi.kind)
    axes = axes_of(new)
    check_layers(pieces, fresh)
    pieces = in_space(pieces, axes, Sides(old.feature_side, old.dense_side))
    pieces = resized(pieces, axes, fresh, new.archi)
    if before["optimizer"] != after["optimizer"]:
        pieces = {key: piece.without_moments("moments begin at zero, for another optimizer")
                  if piece.moments else piece for key, piece in pieces.items()}
    content = contents(pieces, fresh, table, str(after["optimizer"]))
    lines = [line_of(key, pieces.get(key)) for key in fresh]
    used = {source for piece in pieces.values() for source in piece.sources}
    lines += [Line(block, name, "left", "", "has no place in the new network")
              for block, name in sources if (block, name) not in used]
    return Converted(content, table, lines, notes_of(old, new))


def names_of(settings: Settings, blocks: Mapping[str, BlockContent]) -> list[str]:
    """The blocks of a face network. Raises ExchangeError where one is missing."""
    with torch.device("meta"):
        names = [block.name for block in outline(settings).blocks]
    for name in names:
        if name not in blocks:
            raise ExchangeError(f"the save lacks block {name}", hint="choose another one")
    return names


def first_weights(settings: Settings) -> tuple[dict[Key, Array], list[Block]]:
    """Every tensor as a new run would begin with it, in build order; and the table of blocks."""
    network = make_network(settings)
    initialise(network, int(settings["seed"]))
    found = {(block.name, name): array for block in network.blocks
             for name, array in weights_of(network, block.name).items()}
    return found, network.blocks


def check_layers(pieces: Pieces, fresh: Mapping[Key, Array]) -> None:
    """Raise ExchangeError where the steps left a layer that the new network does not have: a mistake of ours."""
    extra = sorted(pieces.keys() - fresh.keys())
    if extra:
        raise ExchangeError(f"{extra[0][1]} of block {extra[0][0]} has no place in the new network",
                            hint="tell the makers of dfl-tui")


def contents(pieces: Pieces, fresh: Mapping[Key, Array], table: list[Block],
             optimizer: str) -> dict[str, BlockContent]:
    """Blocks as a generation holds them: pieces, and first weights with moments of zero where there is none."""
    found: dict[str, BlockContent] = {}
    for block in table:
        weights: dict[str, Array] = {}
        moments: dict[str, Array] = {}
        counter = 0
        for key, first in fresh.items():
            if key[0] != block.name:
                continue
            piece = pieces.get(key, Piece(first))
            weights[key[1]] = np.ascontiguousarray(piece.weight)
            counter = max(counter, piece.counter)
            for slot in SLOTS[optimizer]:
                moment = piece.moments.get(slot)
                moments[f"{key[1]}.{slot}"] = (np.zeros_like(weights[key[1]]) if moment is None
                                               else np.ascontiguousarray(moment))
        found[block.name] = BlockContent(weights, {**moments, "counter": np.array(counter, np.int64)})
    return found


def line_of(key: Key, piece: Piece | None) -> Line:
    """The report's line of a tensor."""
    block, name = key
    if piece is None:
        return Line(block, name, "new", "", "zero" if name.endswith("bias") else DRAWN)
    source = " + ".join(dict.fromkeys(f"{owner}.{inner}" for owner, inner in piece.sources))
    if not piece.sources:
        return Line(block, name, "new", "", "; ".join(piece.how))
    is_whole = not piece.how or (len(piece.how) == 1 and piece.how[0].startswith("moments"))
    return Line(block, name, "carried" if is_whole else "adapted", source, "; ".join(piece.how))


def notes_of(old: NetworkShape, new: NetworkShape) -> list[str]:
    """What a person should know about a conversion as a whole."""
    notes = []
    for letter, what, is_changed in (
            ("u", "the code's scale changes", old.archi.is_unit != new.archi.is_unit),
            ("c", "every activation is another", old.archi.is_cosine != new.archi.is_cosine)):
        if is_changed:
            notes.append(f"letter {letter}: {what}, so the same weights draw other pictures at first")
    if old.archi.is_deep != new.archi.is_deep:
        notes.append("letter t: the encoder sees another depth, so what the inters learnt fits in part")
    if old.resolution != new.resolution:
        notes.append(f"resolution {old.resolution} -> {new.resolution}: convolutions see faces at another scale, and "
                     "most of what was learnt is learnt again; the start is a little better than new weights")
    kinds = old.archi.kind, new.archi.kind
    if kinds in (("df", "liae"), ("df", "amp")):
        notes.append("decoder_src is the one decoder: swaps stay, and dst faces are drawn like src until it has learnt "
                     "them")
    if kinds[1] == "df" and kinds[0] != "df":
        notes.append("both decoders begin as the one decoder, and the inter as that of src")
    if kinds[1] == "amp" and kinds[0] != "amp":
        notes.append("the run is born with both inters locked, as every amp: they keep what they learnt")
    return [*notes, *narrow_of(old, new)]


def narrow_of(old: NetworkShape, new: NetworkShape) -> list[str]:
    """Where another kind has less room for the code than the old one: which widths would keep all of it."""
    a, i = old.ae, old.inter
    room = {("liae", "df"): {"ae": 2 * a}, ("liae", "amp"): {"ae": 2 * a, "inter": 4 * a}, ("df", "amp"): {
        "ae": a, "inter": a}, ("amp", "df"): {"ae": max(a, i)}, ("amp", "liae"): {"ae": max(a, (i + 1) // 2)}}
    wanted = room.get((old.archi.kind, new.archi.kind), {})
    if not any(getattr(new, key) < size for key, size in wanted.items()):
        return []
    return ["the code is cut to the channels that weigh most; "
            + " and ".join(f"{key}_dims = {size}" for key, size in wanted.items()) + " would keep all of it"]
