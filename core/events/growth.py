"""What a growth adds to a run: its blocks, known without torch, and the names of the backups around it.

The table of new blocks is counted here as core/nets/octave.py builds them; a test holds the two together. So the event
can list its blocks before any trainer has built them, and what is asked for at the same boundary finds them.
"""

from collections.abc import Iterable, Mapping, Sequence

from core.events.event import Block
from core.settings.growth import Octave, octaves_of
from core.settings.kind import Value

NETWORK_PARTS = ("encoder", "inter", "decoder", "octave")   # how the parts of a face network begin; judges begin else


def is_of_network(block: Block) -> bool:
    """Whether a block is the face network's and not a judge's."""
    return block.part.startswith(NETWORK_PARTS)


def with_octaves(blocks: Sequence[Block], new: Iterable[Block]) -> list[Block]:
    """The blocks of a run with those of a growth: in build order, before the judges'."""
    network = [block for block in blocks if is_of_network(block)]
    return [*network, *new, *(block for block in blocks if not is_of_network(block))]


def octave_blocks(settings: Mapping[str, Value], number: int) -> list[Block]:
    """The blocks of octave `number` (from 1) of a network with these settings, in build order."""
    octaves = octaves_of(settings)
    octave, part = octaves[number - 1], f"octave{number}"
    sizes = stem_sizes(settings, octave, number) | head_sizes(settings, octaves, number)
    return [Block(f"{part}.{name}", part, parameters, tensors, octave.born)
            for name, (parameters, tensors) in sizes.items()]


def stem_sizes(settings: Mapping[str, Value], octave: Octave, number: int) -> dict[str, tuple[int, int]]:
    """Parameters and tensors of a stem's blocks; none where the octave has no stem."""
    if not octave.stem:
        return {}
    downs = {f"stem.down{n}": conv(3 if n == 1 else octave.stem, octave.stem, 5) for n in range(1, number + 1)}
    return downs | {"stem.out": conv(octave.stem, int(settings["e_dims"]), 5)}


def head_sizes(settings: Mapping[str, Value], octaves: Sequence[Octave], number: int) -> dict[str, tuple[int, int]]:
    """Parameters and tensors of the blocks of an octave's heads: one for each decoder."""
    kind, _, letters = str(settings["archi"]).partition("-")
    is_half, octave = "d" in letters, octaves[number - 1]
    inputs, mask_inputs = 2 * int(settings["d_dims"]), int(settings["d_mask_dims"]) * (1 if is_half else 2)
    if number > 1:
        inputs, mask_inputs = octaves[number - 2].channels, octaves[number - 2].mask_channels
    c, m = octave.channels, octave.mask_channels
    head: dict[str, tuple[int, int]] = {}
    if number == 1 and is_half:
        head["up0"] = conv(inputs, 4 * c, 3)
        inputs = c
    parameters, tensors = conv(c, c, 3)
    head |= {"up": conv(inputs, 4 * c, 3), "res": (2 * parameters, 2 * tensors), "out": conv(c, 3, 3),
             "mask.up": conv(mask_inputs, 4 * m, 3), "mask.out": conv(m, 1, 3)}
    people = ("head.src", "head.dst") if kind == "df" else ("head",)
    return {f"{person}.{name}": size for person in people for name, size in head.items()}


def conv(inputs: int, outputs: int, side: int) -> tuple[int, int]:
    """Parameters and tensors of a convolution with bias."""
    return side * side * inputs * outputs + outputs, 2


def before_name(resolution: int, iteration: int) -> str:
    """The backup before a growth to `resolution` at `iteration`: what undoing it goes back to."""
    return f"before-grow-{resolution}-at-{iteration}"


def after_name(resolution: int, iteration: int) -> str:
    """The backup after a growth, before its first step."""
    return f"after-grow-{resolution}-at-{iteration}"

