"""Widths and sides: the same layers with more or fewer channels, and dense layers over maps of another size.

Wider: what is new in a space is drawn like new weights where it is written, and unheard (0) where it is read, so that
every old number comes out as before; the first step then moves what reads it. Narrower: those channels stay that weigh
most, which is the size of what writes one times the size of what reads it; newcomers that nothing hears go first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.exchange.conversion.axes import FEATURES, Axes, Axis
from core.exchange.conversion.piece import Key, Piece, Pieces
from core.exchange.dictionary import Array
from core.nets.shape import Archi
from core.settings.error import ExchangeError

Positions = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Sides:
    """Cells along the edge of the encoder's last map and of the map that the second dense layer makes."""

    features: int
    dense: int


@dataclass(frozen=True, slots=True)
class Fit:
    """What becomes of a space: `size` channels, the old ones `kept` first, in their order. quiet: newcomers are 0 where
    they are written, and drawn where they are read: where all channels are measured together, by pixel norm."""

    old: int
    size: int
    kept: Positions
    quiet: bool = False

    @property
    def is_same(self) -> bool:
        """Whether nothing changes."""
        return self.old == self.size


def in_space(pieces: Pieces, axes: Mapping[Key, Axes], old: Sides) -> Pieces:
    """Dense layers for maps of another side: each cell as the mean of those that it covers.

    What writes a map writes the mean of the old cells; what reads one shares an old cell's weight out among the new
    ones, so that a map of even areas gives what it gave. Moments are means: gradients go to each cell by itself.
    """
    found = dict(pieces)
    for key, piece in pieces.items():
        out, inp = axes[key]
        if out.side and out.side != old.dense:
            to = covering(old.dense, out.side)
            how = f"written map {old.dense} -> {out.side} cells a side, means of areas"
            found[key] = piece.changed(how, partial(rows_mapped, to=to))
        elif inp is not None and inp.side and inp.side != old.features:
            share, mean = covering(inp.side, old.features).T, covering(old.features, inp.side)
            how = f"read map {old.features} -> {inp.side} cells a side, weights shared out by area"
            found[key] = piece.changed(how, partial(columns_mapped, to=share), partial(columns_mapped, to=mean))
    return found


def covering(old: int, new: int) -> Array:
    """(new, old): how much of each new cell lies over each old one, along an edge; rows add up to 1."""
    edges_old, edges_new = np.arange(old + 1) / old, np.arange(new + 1) / new
    low = np.maximum(edges_new[:-1, None], edges_old[None, :-1])
    high = np.minimum(edges_new[1:, None], edges_old[None, 1:])
    shares: Array = np.maximum(high - low, 0) * new
    return shares.astype(np.float32)


def rows_mapped(array: Array, to: Array) -> Array:
    """Rows that are (channels, old side, old side), as (channels, new side, new side)."""
    side = to.shape[1]
    maps = array.reshape(-1, side, side, *array.shape[1:])
    mapped: Array = np.einsum("yv,xw,cvw...->cyx...", to, to, maps, optimize=True)
    return mapped.reshape(-1, *array.shape[1:]).astype(array.dtype)


def columns_mapped(array: Array, to: Array) -> Array:
    """Columns that are (channels, old side, old side), as (channels, new side, new side)."""
    return np.ascontiguousarray(rows_mapped(array.T, to).T)


def resized(pieces: Pieces, axes: Mapping[Key, Axes], fresh: Mapping[Key, Array], archi: Archi) -> Pieces:
    """The pieces at the sizes of `fresh`, the first weights of the new network, whose letters are `archi`."""
    fits = fits_of(pieces, axes, fresh, is_unit=archi.is_unit)
    found: Pieces = {}
    for key, piece in pieces.items():
        out, inp = axes[key]
        changes = [(word, fits[axis.space]) for word, axis in (("written", out), ("read", inp)) if axis is not None
                   and not fits[axis.space].is_same]
        if not changes:
            found[key] = piece
            continue
        how = ", ".join(f"{told(fit)} {word}" for word, fit in changes)
        base = base_of(fresh[key], axes[key], fits)
        put = partial(placed, axes=axes[key], fits=fits)
        found[key] = piece.changed(how, partial(put, base=base), partial(put, base=np.zeros_like(base)))
        if archi.is_unit and not fits[FEATURES].is_same:
            found[key] = normed(found[key], axes[key], fits[FEATURES], is_cosine=archi.is_cosine)
    return found


def normed(piece: Piece, axes: Axes, fit: Fit, *, is_cosine: bool) -> Piece:
    """What writes features larger and what reads them smaller, so that pixel norm finds the mean square that it found,
    and gives what it gave: with n channels of which some are silent, both by the root of their numbers' ratio.

    Of x cos x no multiple goes through: there only the reading dense layer is made smaller, and the norm's floor of
    1e-6 under the mean square is felt.
    """
    is_written = axes.out.space == FEATURES and not is_cosine
    is_read = axes.inp is not None and axes.inp.space == FEATURES and (axes.inp.side > 0 or not is_cosine)
    if is_written == is_read:
        return piece
    wider, narrower = (fit.size, fit.old) if is_written else (fit.old, fit.size)
    return piece.scaled(f"times sqrt({wider} / {narrower}) for pixel norm", float(np.sqrt(wider / narrower)))


def told(fit: Fit) -> str:
    """64 -> 96 channels ..."""
    if fit.size < fit.old:
        what = "those that weigh most"
    else:
        what = "newcomers silent" if fit.quiet else "newcomers unheard"
    return f"{fit.old} -> {fit.size} channels ({what})"


def fits_of(pieces: Pieces, axes: Mapping[Key, Axes], fresh: Mapping[Key, Array], *,
            is_unit: bool) -> dict[str, Fit]:
    """What becomes of every space. Raises ExchangeError where layers do not agree on one."""
    old: dict[str, int] = {}
    new: dict[str, int] = {}
    for key, piece in pieces.items():
        for place, axis in enumerate(axis for axis in axes[key] if axis is not None):
            for sizes, array in ((old, piece.weight), (new, fresh[key])):
                size = array.shape[place] // (axis.copies * (axis.side**2 or 1))
                if sizes.setdefault(axis.space, size) != size:
                    raise ExchangeError(f"{key[1]} of block {key[0]} has {size} channels of {axis.space}, others "
                                        f"{sizes[axis.space]}", hint="the save is damaged: use another one")
    cut = {space for space in old if new[space] < old[space]}
    weights = weight_of_channels(pieces, axes, old, cut)
    # Sorted again, for the order of channels is what a conversion there and back must give back.
    return {space: Fit(count, new[space], np.sort(np.argsort(-weights[space], kind="stable")[: new[space]])
                       if space in cut else np.arange(count), quiet=is_unit and space == FEATURES)
            for space, count in old.items()}


def weight_of_channels(pieces: Pieces, axes: Mapping[Key, Axes], sizes: Mapping[str, int],
                       spaces: set[str]) -> dict[str, Array]:
    """How much each channel of these spaces weighs: sizes of what writes it times sizes of what reads it."""
    written = {space: np.zeros(sizes[space]) for space in spaces}
    read = {space: np.zeros(sizes[space]) for space in spaces}
    for key, piece in pieces.items():
        for place, (axis, sums) in enumerate(zip(axes[key], (written, read), strict=True)):
            if axis is None or axis.space not in spaces:
                continue
            others = tuple(n for n in range(piece.weight.ndim) if n != place)
            total = np.abs(piece.weight).sum(axis=others, dtype=np.float64)
            sums[axis.space] += total.reshape(axis.copies, sizes[axis.space], -1).sum(axis=(0, 2))
    return {space: written[space] * read[space] for space in spaces}


def base_of(fresh: Array, axes: Axes, fits: Mapping[str, Fit]) -> Array:
    """What newcomers of a tensor begin with."""
    # Never both: what writes 0 and is read by 0 has no gradient, and would stay 0 for good.
    base = np.array(fresh)
    out, inp = fits[axes.out.space], fits[axes.inp.space] if axes.inp is not None else None
    if inp is not None and axes.inp is not None and not inp.quiet:
        base[:, newcomers(axes.inp, inp)] = 0
    if out.quiet:
        base[newcomers(axes.out, out)] = 0
    return base


def placed(array: Array, base: Array, axes: Axes, fits: Mapping[str, Fit]) -> Array:
    """`base` with the old numbers in their places."""
    result = np.array(base)
    out_from, out_to = moves(axes.out, fits[axes.out.space])
    if axes.inp is None:
        result[out_to] = array[out_from]
        return result
    in_from, in_to = moves(axes.inp, fits[axes.inp.space])
    result[np.ix_(out_to, in_to)] = array[np.ix_(out_from, in_from)]
    return result


def moves(axis: Axis, fit: Fit) -> tuple[Positions, Positions]:
    """From which places of an axis to which: the kept channels in each of its copies, all cells of each."""
    return places(axis, fit.old, fit.kept), places(axis, fit.size, np.arange(len(fit.kept)))


def newcomers(axis: Axis, fit: Fit) -> Positions:
    """The places of an axis where nothing old stands."""
    return places(axis, fit.size, np.arange(len(fit.kept), fit.size))


def places(axis: Axis, size: int, channels: Positions) -> Positions:
    """The places of these channels of a space of that size along an axis."""
    cells = axis.side**2 or 1
    copies = np.arange(axis.copies)[:, None, None] * size
    found: Positions = ((copies + channels[None, :, None]) * cells + np.arange(cells)).reshape(-1)
    return found
