"""Growth as two settings: the octaves around a network's core, and the side of the picture with them.

Everything that depends on a run's network can be known from its settings, without torch: a console and a resume agree
because there is nothing else to agree on. `resolution` is the whole side; every octave has doubled it once.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.settings.error import RefusedError
from core.settings.kind import Value

PATTERN = r"(\d{1,4}/\d{1,4}(/\d{1,4})?@\d{1,12}( (?=\d)|$))*"
EXAMPLE = "an octave as channels/mask channels[/stem channels]@iteration of its birth, such as 32/11@20000"
LARGEST = 2048      # pixels that a network can grow to: 16 times the work of 512 is beyond any single card


@dataclass(frozen=True, slots=True)
class Octave:
    """One doubling of the side. Channels of the picture's and the mask's branch and of the stem, 0 without one.

    born: completed iterations when it was added; 0 means that the run was born with it.
    """

    channels: int
    mask_channels: int
    stem: int = 0
    born: int = 0

    def __str__(self) -> str:
        stem = f"/{self.stem}" if self.stem else ""
        return f"{self.channels}/{self.mask_channels}{stem}@{self.born}"


def octaves_of(settings: Mapping[str, Value]) -> tuple[Octave, ...]:
    """The octaves of a run's network, from the core outwards."""
    return tuple(read_octave(word) for word in str(settings.get("growth", "")).split())


def read_octave(word: str) -> Octave:
    """An octave as `growth` writes it down."""
    dims, _, born = word.partition("@")
    channels, mask_channels, *stem = (int(number) for number in re.findall(r"\d+", dims))
    return Octave(channels, mask_channels, stem[0] if stem else 0, int(born))


def growth_text(octaves: Sequence[Octave]) -> str:
    """Octaves as `growth` writes them down."""
    return " ".join(str(octave) for octave in octaves)


def core_resolution(settings: Mapping[str, Value]) -> int:
    """Side of the picture that the network's core sees and draws."""
    return int(settings["resolution"]) >> len(octaves_of(settings))


def core_of(settings: Mapping[str, Value], octaves: int = 0) -> dict[str, Value]:
    """The settings of the same network with its first `octaves` octaves only."""
    kept = octaves_of(settings)[:octaves]
    return {**settings, "resolution": core_resolution(settings) << len(kept), "growth": growth_text(kept)}


def new_octaves(settings: Mapping[str, Value], count: int, born: int) -> tuple[Octave, ...]:
    """What `count` doublings at iteration `born` would add, as wide as the settings ask for."""
    channels = int(settings["growth_dims"]) or int(settings["d_dims"])
    mask_channels = int(settings["growth_mask_dims"]) or int(settings["d_mask_dims"])
    return (Octave(channels, mask_channels, int(settings["growth_stem"]), born),) * count


def doublings(present: int, wanted: int) -> int:
    """How often `present` is doubled to `wanted`. Raises RefusedError."""
    count = (wanted // present).bit_length() - 1 if wanted > present else 0
    if count < 1 or present << count != wanted:
        raise RefusedError(f"{present} px do not grow to {wanted} px",
                           hint=f"a growth doubles the side: {2 * present}, {4 * present}, ...")
    if wanted > LARGEST:
        raise RefusedError(f"{wanted:,} pixels are out of range", hint=f"a network grows to {LARGEST:,} at most")
    return count
