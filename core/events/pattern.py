"""Which blocks a person means: a block, a group (method.md 2), or a pattern over block names."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from core.events.event import Block
from core.events.growth import is_of_network
from core.settings.error import RefusedError

# group -> patterns over block names. `features` is both sides of the dense pair.
GROUPS: dict[str, tuple[str, ...]] = {
    "all": ("*",),
    "encoder": ("encoder.*",),
    "inter": ("inter*",),
    "decoder": ("decoder*",),
    "decoder_src": ("decoder_src.*",),
    "decoder_dst": ("decoder_dst.*",),
    "mask": ("*.mask.*",),
    "features": ("encoder.down4", "encoder.down5", "encoder.res5", "*.upscale0", "*.res0"),
}


def resolve(pattern: str, blocks: Sequence[Block]) -> list[str]:
    """Names of the blocks that `pattern` means, in build order; parts joined by commas add up, `-x` takes away.

    Raises RefusedError when a piece names no block. `encoder` (a part) means `encoder.*`.
    """
    if not blocks:
        raise RefusedError("the blocks are not known yet", hint="they are listed when the trainer has started once")
    chosen: set[str] = set()
    for piece in (p.strip() for p in pattern.split(",")):
        names = matching(piece.removeprefix("-"), blocks)
        chosen = chosen - names if piece.startswith("-") else chosen | names
    return [b.name for b in blocks if b.name in chosen]


def matching(piece: str, blocks: Sequence[Block]) -> set[str]:
    """Names that one piece of a pattern means."""
    if piece in ("old", "new"):
        return of_last_growth(piece, blocks)
    patterns = GROUPS.get(piece, (piece, f"{piece}.*") if "*" not in piece else (piece,))
    # features: only the deepest encoder level counts
    names = {b.name for b in blocks if any(fnmatchcase(b.name, p) for p in patterns)}
    if piece == "features" and any(b.name == "encoder.down5" for b in blocks):
        names.discard("encoder.down4")
    if not names:
        parts = ", ".join(dict.fromkeys(b.part for b in blocks))
        raise RefusedError(f"{piece!r} names no block of this network", hint=f"its parts are {parts}")
    return names


def of_last_growth(piece: str, blocks: Sequence[Block]) -> set[str]:
    """`new`: the blocks that came by the last growth; `old`: those of the network that are older. Judges are neither:
    they look at pictures and hold nothing of the face."""
    last = max(block.born for block in blocks)
    if not last:
        raise RefusedError(f"{piece!r} names no block: this run has not grown", hint="use all, or a part's name")
    wanted = piece == "new"
    return {b.name for b in blocks if is_of_network(b) and (b.born == last) == wanted}
