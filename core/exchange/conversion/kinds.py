"""From df, liae or AMP to another of them, at the widths that the layers have.

What is kept is what draws src, and with it the swap: in every kind it is a code of one inter through the decoder that
draws src. What draws dst is kept where both kinds have it in one form.

    df     code = inter(x), the same for both people; decoder_src, decoder_dst
    liae   src [ab, ab], dst [b, ab]; one decoder
    amp    src inter_src(x), dst inter_dst(x), behind one dense1; one decoder
"""

from collections.abc import Callable

import numpy as np

from core.exchange.conversion.letters import halves_summed, read_from
from core.exchange.conversion.piece import Piece, Pieces, blocks_in, parts_in, together
from core.exchange.dictionary import Array

INTERS = {"df": ("inter", "inter"), "liae": ("inter_ab", "inter_b"), "amp": ("inter_src", "inter_dst")}
ENTRIES = ("upscale0", "mask.upscale0")     # the blocks of a decoder that read codes


def of_kind(pieces: Pieces, old: str, new: str) -> Pieces:
    """The pieces as layers of the new kind; letters are those of both."""
    if old == new:
        return pieces
    found = {key: piece for key, piece in pieces.items() if key[0].startswith("encoder")}
    if new == "amp":
        found |= amp_inters(pieces, old)
    else:
        found |= own_inters(pieces, old, new)
        found.pop(("encoder.dense1", "weight"), None)
        found.pop(("encoder.dense1", "bias"), None)
    main = parts_in(pieces, "decoder")[0]       # of df the one that draws src
    for part in ("decoder_src", "decoder_dst") if new == "df" else ("decoder",):
        found |= decoder(pieces, main, part, entry_of(old, new))
    return found


def decoder(pieces: Pieces, main: str, part: str, entry: Callable[[Piece], Piece]) -> Pieces:
    """The decoder that draws src under another name; `entry` is done to the kernels that read codes."""
    entries = {f"{main}.{block}" for block in ENTRIES}
    found: Pieces = {}
    for (block, name), piece in pieces.items():
        if block.startswith(f"{main}."):
            read = entry(piece) if block in entries and name == "conv.weight" else piece
            found[part + block.removeprefix(main), name] = read
    return found


def entry_of(old: str, new: str) -> Callable[[Piece], Piece]:
    """What is done to a kernel that reads codes."""
    if (old, new) == ("df", "liae"):
        # both halves of a src code and of a swap's are ab: each has an equal share, and dst begins as the swap
        return lambda piece: read_from(piece, (0, 0), 2, "half of the weight for each half of the code")
    if (old, new) == ("amp", "liae"):
        # [ab, ab] is to be heard as src and [b, ab] as dst: in the first half
        return lambda piece: piece.changed("reads the first half of the code, the second is unheard", first_half)
    if (old, new) == ("liae", "df"):
        return lambda piece: halves_summed(piece, 2)
    return lambda piece: piece


def first_half(array: Array) -> Array:
    """Inputs, and as many again that are not heard."""
    return np.concatenate([array, np.zeros_like(array)], 1)


def own_inters(pieces: Pieces, old: str, new: str) -> Pieces:
    """The inters of df or liae: what made src codes and what made dst codes."""
    found: Pieces = {}
    roles = list(zip(INTERS[old], INTERS[new], strict=True))
    # df has one: that of src
    for theirs, ours in roles[:1] if new == "df" else roles:
        for block in blocks_in(pieces, f"{theirs}."):
            for name in ("weight", "bias", "conv.weight", "conv.bias"):
                if (block, name) in pieces:
                    found[ours + block.removeprefix(theirs), name] = pieces[block, name]
        for name in ("weight", "bias") if old == "amp" else ():
            found[f"{ours}.dense1", name] = pieces["encoder.dense1", name]
    return found


def amp_inters(pieces: Pieces, old: str) -> Pieces:
    """AMP's inters, and the dense layer before both, which stands in its encoder."""
    found: Pieces = {}
    for name in ("weight", "bias"):
        if old == "df":
            found["encoder.dense1", name] = pieces["inter.dense1", name]
            for part in INTERS["amp"]:
                found[f"{part}.dense2", name] = pieces["inter.dense2", name]
            continue
        found["encoder.dense1", name] = together(
            [pieces["inter_ab.dense1", name], pieces["inter_b.dense1", name]],
            "those of inter_ab and inter_b beside each other", np.concatenate)
        ab, b = (pieces[f"{part}.dense2", name] for part in INTERS["liae"])
        heard = (lambda arrays: arrays[0]) if name == "bias" else apart
        aside = (lambda arrays: arrays[1]) if name == "bias" else apart_second
        found["inter_src.dense2", name] = together([ab, ab], "[ab, ab] as in liae", twice(heard))
        found["inter_dst.dense2", name] = together([ab, b], "[b, ab] as in liae", dst_first(heard, aside))
    return found


Put = Callable[[list[Array]], Array]


def apart(arrays: list[Array]) -> Array:
    """What reads the first of two vectors that lie beside each other."""
    return np.concatenate([arrays[0], np.zeros_like(arrays[-1])], 1)


def apart_second(arrays: list[Array]) -> Array:
    """What reads the second of them."""
    return np.concatenate([np.zeros_like(arrays[0]), arrays[-1]], 1)


def twice(put: Put) -> Put:
    """The channels of ab, and once more."""
    return lambda arrays: np.concatenate([put(arrays), put(arrays)])


def dst_first(ab: Put, b: Put) -> Put:
    """The channels of b, then those of ab."""
    return lambda arrays: np.concatenate([b(arrays), ab(arrays)])
