"""The inter of another run: the dense pair that makes codes, taken whole where every tensor has the same shape."""

from collections.abc import Mapping

import numpy as np
import torch

from core.exchange.conversion.convert import names_of
from core.exchange.conversion.kinds import of_kind
from core.exchange.conversion.piece import Piece, Pieces, pieces_of
from core.exchange.tensors import SLOTS
from core.nets.family import outline
from core.nets.shape import shape_of
from core.settings.error import RefusedError
from core.settings.kind import Value
from core.store.generation import BlockContent

Settings = Mapping[str, Value]

WHEN = ("inters fit between runs of one resolution, with the same e_dims, ae_dims, inter_dims and letters d and t; "
        "dfl-tui convert makes such a run")


def inter_from(donor: Mapping[str, BlockContent], theirs: Settings, ours: Settings) -> dict[str, BlockContent]:
    """The inter blocks of a run of settings `ours`, with the content of another run's network. Between kinds they are
    matched by whom they are for, as in a conversion; an amp takes the dense layer of its encoder along then.

    Raises RefusedError where a shape differs.
    """
    old, new = shape_of(theirs), shape_of(ours)
    pieces = pieces_of({name: donor[name] for name in names_of(theirs, donor)})
    pieces = of_kind(pieces, old.archi.kind, new.archi.kind)
    with torch.device("meta"):
        network = outline(ours)
    found: dict[str, BlockContent] = {}
    for block in (b.name for b in network.blocks):
        is_dense = block == "encoder.dense1" and old.archi.kind != new.archi.kind
        if block.startswith("inter") or is_dense:
            shapes = {name: tuple(p.shape) for name, p in network.parameters_of(block).items()}
            found[block] = content_of(block, shapes, pieces, str(ours["optimizer"]))
    has_widening = any(block.startswith("inter") and block.endswith("upscale1") for block, _ in pieces)
    if has_widening and new.archi.is_deep:
        raise RefusedError("the other run's inter has a layer upscale1, and this run's has none", hint=WHEN)
    return found


def content_of(block: str, shapes: Mapping[str, tuple[int, ...]], pieces: Pieces, optimizer: str) -> BlockContent:
    """One block. Moments that the optimizer does not know begin at zero."""
    weights = {}
    moments = {}
    counter = 0
    for name, shape in shapes.items():
        piece = pieces.get((block, name), Piece(np.zeros(0)))
        if piece.weight.shape != shape:
            there = str(piece.weight.shape) if piece.weight.size else "missing"
            raise RefusedError(f"{name} of block {block} is {there} in the other run and {shape} in this one",
                               hint=WHEN)
        weights[name] = piece.weight
        for slot in SLOTS[optimizer]:
            moments[f"{name}.{slot}"] = piece.moments.get(slot, np.zeros(shape, np.float32))
        counter = max(counter, piece.counter)
    return BlockContent(weights, {**moments, "counter": np.array(counter, np.int64)})
