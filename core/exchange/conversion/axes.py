"""Which channels the two first axes of every tensor count: what must be cut and padded alike in a whole network.

A space is a set of channels that is written by some layers and read by others, e.g. the map after `encoder.down2`. All
that is done to a space is done wherever it is written and wherever it is read.
"""

from typing import NamedTuple

from core.exchange.conversion.piece import Key
from core.nets.shape import NetworkShape

RGB, MASK, CODE, FEATURES = "rgb", "mask", "code", "features"     # pictures and masks never change


class Axis(NamedTuple):
    """An axis counts the channels of a space `copies` times over (the copies are outermost), and where `side` is not 0
    each channel is a map of side x side cells (the cells are innermost)."""

    space: str
    copies: int = 1
    side: int = 0


class Axes(NamedTuple):
    """What a kernel writes and reads; a bias reads nothing."""

    out: Axis
    inp: Axis | None


def axes_of(shape: NetworkShape) -> dict[Key, Axes]:
    """The axes of every tensor of a network of this shape, as it is stored."""
    layers: dict[tuple[str, str], tuple[Axis, Axis]] = {}
    encoder(layers, shape)
    inters = {"df": ["inter"], "liae": ["inter_ab", "inter_b"], "amp": ["inter_src", "inter_dst"]}[shape.archi.kind]
    for part in inters:
        inter(layers, shape, part)
    for part in ["decoder_src", "decoder_dst"] if shape.archi.kind == "df" else ["decoder"]:
        decoder(layers, shape, part)
    found: dict[Key, Axes] = {}
    for (block, layer), (out, inp) in layers.items():
        start = f"{layer}." if layer else ""
        found[block, f"{start}weight"] = Axes(out, inp)
        found[block, f"{start}bias"] = Axes(out, None)
    return found


Layers = dict[tuple[str, str], tuple[Axis, Axis]]


def encoder(layers: Layers, shape: NetworkShape) -> None:
    """Downs, and with `t` the residual blocks; AMP's first dense layer."""
    depth = 5 if shape.archi.is_deep else 4
    spaces = [RGB, *(f"encoder.{level}" for level in range(1, depth)), FEATURES]
    for level in range(1, depth + 1):
        layers[f"encoder.down{level}", "conv"] = Axis(spaces[level]), Axis(spaces[level - 1])
    for level in (1, 5) if shape.archi.is_deep else ():
        res(layers, f"encoder.res{level}", spaces[level])
    if shape.is_amp:
        layers["encoder.dense1", ""] = Axis("vector"), Axis(FEATURES, side=shape.feature_side)


def inter(layers: Layers, shape: NetworkShape, part: str) -> None:
    """The dense pair and the widening. All inters write one space of codes: decoders read them in one place."""
    vector = "vector" if shape.is_amp else f"{part}.vector"
    if not shape.is_amp:
        layers[f"{part}.dense1", ""] = Axis(vector), Axis(FEATURES, side=shape.feature_side)
    map_space = CODE if shape.archi.is_deep else f"{part}.map"
    layers[f"{part}.dense2", ""] = Axis(map_space, side=shape.dense_side), Axis(vector)
    if not shape.archi.is_deep:
        layers[f"{part}.upscale1", "conv"] = Axis(CODE, 4), Axis(map_space)


def decoder(layers: Layers, shape: NetworkShape, part: str) -> None:
    """Levels of the picture and of the mask, and what draws them. liae's reads two codes side by side."""
    depth = 4 if shape.archi.is_deep else 3
    read = Axis(CODE, 2 if shape.archi.kind == "liae" else 1)
    last = read
    for level in range(depth):
        space = f"{part}.{level}"
        layers[f"{part}.upscale{level}", "conv"] = Axis(space, 4), last
        res(layers, f"{part}.res{level}", space)
        last = Axis(space)
    for conv in ("conv", "conv1", "conv2", "conv3") if shape.archi.is_half else ("conv",):
        layers[f"{part}.out", conv] = Axis(RGB), last
    last = read
    for level in range(depth + shape.archi.is_half):
        space = f"{part}.mask.{level}"
        layers[f"{part}.mask.upscale{level}", "conv"] = Axis(space, 4), last
        last = Axis(space)
    layers[f"{part}.mask.out", "conv"] = Axis(MASK), last


def res(layers: Layers, block: str, space: str) -> None:
    """A residual block: what it adds is of the space that it reads."""
    layers[block, "conv1"] = Axis(f"{block}.inside"), Axis(space)
    layers[block, "conv2"] = Axis(space), Axis(f"{block}.inside")
