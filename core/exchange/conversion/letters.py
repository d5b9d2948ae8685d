"""The letters of an architecture that change its layers: `t`, a level more, and `d`, half the size inside.

`u` and `c` change no tensor. Everything here keeps the widths that the layers have; `resize.py` makes them fit.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from core.exchange.conversion.piece import Piece, Pieces, made, parts_in, renamed, together, without
from core.exchange.dictionary import Array
from core.nets.shape import Archi

KERNEL = "conv.weight"
SILENT = "adds nothing at first"


class Wiring(NamedTuple):
    """What a step must know of the old network. halves: how many codes a decoder reads side by side. slope: of an
    activation, on average over both signs."""

    halves: int
    slope: float


def wiring_of(archi: Archi) -> Wiring:
    """The wiring of a network of these letters."""
    return Wiring(2 if archi.kind == "liae" else 1, 1.0 if archi.is_cosine else (1 + 0.1) / 2)


def with_letters(pieces: Pieces, old: Archi, new: Archi) -> Pieces:
    """The pieces as layers of the new letters; kind and widths stay."""
    wiring = wiring_of(old)
    if old.is_half and not new.is_half:
        pieces = full_out(pieces, wiring)
    if new.is_deep and not old.is_deep:
        pieces = deepened(pieces, wiring)
    elif old.is_deep and not new.is_deep:
        pieces = levelled(pieces, wiring)
    if new.is_half and not old.is_half:
        pieces = half_out(pieces, wiring_of(new))
    return pieces


# --- d ----------------------------------------------------------------------------------------------------------------
def half_out(pieces: Pieces, wiring: Wiring) -> Pieces:
    """One pixel of the last map becomes 2x2 of the picture, at first four equal ones.

    The mask gets a level more, whose two channels are its old logit and the negative of it: of leaky ReLU the
    difference of the two is the logit again, for both signs.
    """
    found = dict(pieces)
    for part in parts_in(pieces, "decoder"):
        kernel, bias = (pieces[f"{part}.out", f"conv.{name}"] for name in ("weight", "bias"))
        for conv in ("conv1", "conv2", "conv3"):
            found[f"{part}.out", f"{conv}.weight"] = kernel.changed("the 1x1 kernel in the middle", in_the_middle)
            found[f"{part}.out", f"{conv}.bias"] = bias.changed("that of the 1x1 kernel", np.array)
        kernel, bias = (found.pop((f"{part}.mask.out", f"conv.{name}")) for name in ("weight", "bias"))
        level = f"{part}.mask.upscale{levels_of(pieces, part)}"
        found[level, "conv.weight"] = kernel.changed("the logit and its negative, in each of 4 pixels", signed_cells)
        found[level, "conv.bias"] = bias.changed("that of the logit and its negative", signed_cells)
        reach = np.float32(1 / (2 * wiring.slope))
        how = "the difference of the level's two channels"
        found[f"{part}.mask.out", "conv.weight"] = made(np.array([reach, -reach]).reshape(1, 2, 1, 1), how)
        found[f"{part}.mask.out", "conv.bias"] = made(np.zeros(1), how)
    return found


def full_out(pieces: Pieces, wiring: Wiring) -> Pieces:
    """One pixel of the last map becomes one of the picture: the mean of the four, over an even area.

    The mask loses its last level: what it draws is read from the level before, as if the activation were a line.
    """
    found = dict(pieces)
    for part in parts_in(pieces, "decoder"):
        convs = ("conv", "conv1", "conv2", "conv3")
        kernels, biases = ([pieces[f"{part}.out", f"{conv}.{name}"] for conv in convs] for name in ("weight", "bias"))
        mean = mean_of([summed(kernel.weight) for kernel in kernels])
        found[f"{part}.out", "conv.weight"] = kernels[0].replaced("mean of the four kernels, each summed up", mean,
                                                                  np.array)
        bias = mean_of([piece.weight for piece in biases])
        found[f"{part}.out", "conv.bias"] = biases[0].replaced("mean of the four", bias, np.array)
        for conv in convs[1:]:
            del found[f"{part}.out", f"{conv}.weight"], found[f"{part}.out", f"{conv}.bias"]
        level = f"{part}.mask.upscale{levels_of(pieces, part)}"
        up, up_bias = found.pop((level, "conv.weight")), found.pop((level, "conv.bias"))
        out, out_bias = (found[f"{part}.mask.out", f"conv.{name}"] for name in ("weight", "bias"))
        heard = np.tile(out.weight.reshape(-1), 4) * np.float32(wiring.slope / 4)
        how = f"through {level.removeprefix(f'{part}.')}, its activation as a line"
        weight = np.tensordot(heard, summed(up.weight)[:, :, 0, 0], 1).reshape(1, -1, 1, 1)
        found[f"{part}.mask.out", "conv.weight"] = replace(out, weight=weight, moments={},
                                                           how=(*out.how, how, "moments begin at zero"))
        found[f"{part}.mask.out", "conv.bias"] = out_bias.replaced(how, out_bias.weight + heard @ up_bias.weight,
                                                                   np.array)
    return found


def levels_of(pieces: Pieces, part: str) -> int:
    """Levels of a decoder's picture."""
    return sum((f"{part}.upscale{level}", KERNEL) in pieces for level in range(9))


def in_the_middle(array: Array) -> Array:
    """A 1x1 kernel as a 3x3 one."""
    return np.pad(array, ((0, 0), (0, 0), (1, 1), (1, 1)))


def signed_cells(array: Array) -> Array:
    """(1, ...) as the eight outputs of an upscale to two channels: the logit and its negative in each of 4 cells."""
    if array.ndim == 4:
        array = in_the_middle(array)
    return np.concatenate([array, -array] * 4)


def summed(kernel: Array) -> Array:
    """A kernel as a 1x1 one that does the same to an even area."""
    total: Array = kernel.sum(axis=(2, 3), keepdims=True)
    return total


def mean_of(arrays: list[Array]) -> Array:
    """The mean, in the arrays' own type."""
    return np.asarray(np.stack(arrays).mean(axis=0), arrays[0].dtype)


# --- t ----------------------------------------------------------------------------------------------------------------
def deepened(pieces: Pieces, wiring: Wiring) -> Pieces:
    """A level more in encoder and decoders, and no upscale in the inters.

    The encoder's new last level is the mean of 2x2 cells. The inter's upscale becomes the decoders' first level, once
    for each code that they read, and their levels move up by one: what they draw stays, but for negative numbers, which
    the residual block between shrinks to a fifth.
    """
    first = next(part for part in parts_in(pieces, "inter") if part in ("inter", "inter_ab", "inter_src"))
    widening, bias = (pieces[f"{first}.upscale1", f"conv.{name}"] for name in ("weight", "bias"))
    found = renamed(pieces, {old: new for part in parts_in(pieces, "decoder")
                             for old, new in moved_up(part, levels_of(pieces, part))})
    found = without(found, *(f"{part}.upscale1" for part in parts_in(pieces, "inter")))
    for part in parts_in(pieces, "decoder"):
        for block in (f"{part}.upscale0", f"{part}.mask.upscale0"):
            how = f"upscale1 of {first}" + (", once for each half of the code" if wiring.halves > 1 else "")
            found[block, "conv.weight"] = widening.changed(how, lambda array: once_for_each(array, wiring.halves))
            found[block, "conv.bias"] = bias.changed(how, lambda array: repeated_cells(array, wiring.halves))
        found |= silent_res(f"{part}.res0", len(bias.weight) // 4 * wiring.halves)
    narrow, wide = (len(pieces[f"encoder.down{level}", KERNEL].weight) for level in (1, 4))
    found["encoder.down5", "conv.weight"] = made(mean_of_four(wide), "the mean of 2x2 cells")
    found["encoder.down5", "conv.bias"] = made(np.zeros(wide), "the mean of 2x2 cells")
    return found | silent_res("encoder.res1", narrow) | silent_res("encoder.res5", wide)


def levelled(pieces: Pieces, wiring: Wiring) -> Pieces:
    """A level less in encoder and decoders, and an upscale in the inters: it is the first level of the decoder that
    draws src, of its picture and of its mask, so that both find there what they read."""
    decoders = parts_in(pieces, "decoder")
    main = decoders[0]
    found = without(pieces, "encoder.res1", "encoder.down5", "encoder.res5",
                    *(f"{part}.res0" for part in decoders))
    picture, mask = (pieces[f"{main}.{block}", KERNEL] for block in ("upscale0", "mask.upscale0"))
    biases = [pieces[f"{main}.{block}", "conv.bias"] for block in ("upscale0", "mask.upscale0")]
    sizes = len(picture.weight) // 4, len(mask.weight) // 4
    how = f"first level of {main}, of its picture and of its mask"
    for part in parts_in(pieces, "inter"):
        kernels = [halves_summed(piece, wiring.halves) for piece in (picture, mask)]
        found[f"{part}.upscale1", "conv.weight"] = together(kernels, how, side_by_side)
        found[f"{part}.upscale1", "conv.bias"] = together(biases, how, side_by_side)
    found = without(found, *(f"{part}.{block}" for part in decoders for block in ("upscale0", "mask.upscale0")))
    for part in decoders:
        for block, before, after in (("upscale1", 0, sizes[1]), ("mask.upscale1", sizes[0], 0)):
            place = f"{part}.{block}", KERNEL
            what = "picture" if after else "mask"
            found[place] = read_from(found[place], (before, after), wiring.halves,
                                     f"reads the {what}'s part of the code")
    return renamed(found, {new: old for part in decoders for old, new in moved_up(part, levels_of(pieces, part) - 1)})


def moved_up(part: str, levels: int) -> list[tuple[str, str]]:
    """(block, the block one level up) of a decoder's levels below `levels`; of the mask there may be one more."""
    return [(f"{part}.{block}{level}", f"{part}.{block}{level + 1}") for level in range(levels + 1)
            for block in ("upscale", "res", "mask.upscale") if level < levels or block == "mask.upscale"]


def silent_res(block: str, channels: int) -> Pieces:
    """A residual block whose second convolution is 0; the first is left to be drawn."""
    return {(block, "conv2.weight"): made(np.zeros((channels, channels, 3, 3)), SILENT),
            (block, "conv2.bias"): made(np.zeros(channels), SILENT),
            (block, "conv1.bias"): made(np.zeros(channels), SILENT)}


def mean_of_four(channels: int) -> Array:
    """A 5x5 kernel of stride 2 that takes the mean of each 2x2 cells: with two cells around, they are taps 2 and 3."""
    kernel = np.zeros((channels, channels, 5, 5), np.float32)
    kernel[np.arange(channels), np.arange(channels), 2:4, 2:4] = 1 / 4
    return kernel


def once_for_each(kernel: Array, halves: int) -> Array:
    """The kernel (4c, c, ...) of an upscale, for `halves` codes side by side: none hears another."""
    cells, inputs = kernel.shape[0] // 4, kernel.shape[1]
    wide = np.zeros((4, halves, cells, halves, inputs, *kernel.shape[2:]), kernel.dtype)
    for half in range(halves):
        wide[:, half, :, half] = kernel.reshape(4, cells, *kernel.shape[1:])
    return wide.reshape(4 * halves * cells, halves * inputs, *kernel.shape[2:])


def repeated_cells(bias: Array, halves: int) -> Array:
    """A bias (4c,) of an upscale, for `halves` codes side by side."""
    return np.tile(bias.reshape(4, 1, -1), (1, halves, 1)).reshape(-1)


def halves_summed(piece: Piece, halves: int) -> Piece:
    """What reads the same code `halves` times over, as what reads it once; moments are means."""
    if halves == 1:
        return piece

    def split(array: Array) -> Array:
        return array.reshape(array.shape[0], halves, -1, *array.shape[2:])

    return piece.changed("both halves of the code in one", lambda array: split(array).sum(axis=1),
                         lambda array: split(array).mean(axis=1))


def side_by_side(arrays: list[Array]) -> Array:
    """Outputs of upscales beside each other, cell by cell."""
    cells = [array.reshape(4, -1, *array.shape[1:]) for array in arrays]
    return np.concatenate(cells, 1).reshape(-1, *arrays[0].shape[1:])


def read_from(piece: Piece, around: tuple[int, int], halves: int, how: str) -> Piece:
    """Inputs with `around` unheard channels before and after them, the same in each half of the code: an equal share of
    the weight in each."""
    def spread(array: Array, share: float) -> Array:
        padded = np.pad(array, ((0, 0), around, (0, 0), (0, 0))) * np.float32(share)
        return np.concatenate([padded] * halves, 1)

    return piece.changed(how, lambda array: spread(array, 1 / halves), lambda array: spread(array, 1.0))
