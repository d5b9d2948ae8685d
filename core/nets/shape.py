"""What a network is built from: the architecture's letters and the widths. Numbers only, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.settings.error import NetworkError
from core.settings.kind import Value

LETTERS = "udtc"


@dataclass(frozen=True, slots=True)
class Archi:
    """Architecture of the DeepFakeArchi family (facts/networks.md 2).

    is_unit: `u`, the encoder's vector is scaled to mean square 1. is_half: `d`, works at half the resolution inside.
    is_deep: `t`, five levels instead of four. is_cosine: `c`, x cos x in place of leaky ReLU.
    """

    kind: Literal["df", "liae"]
    is_unit: bool = False
    is_half: bool = False
    is_deep: bool = False
    is_cosine: bool = False


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """Everything that decides the tensors of a network. Dims are channel counts, `resolution` is in pixels."""

    archi: Archi
    resolution: int
    ae: int
    e: int
    d: int
    m: int

    def __post_init__(self) -> None:
        smallest = 32 if self.archi.is_half or self.archi.is_deep else 16
        if self.resolution <= 0 or self.resolution % smallest:
            raise NetworkError(
                f"a network with these letters cannot be built for {self.resolution} pixels",
                hint=f"give a multiple of {smallest}",
            )
        for name in ("ae", "e", "d", "m"):
            if getattr(self, name) <= 0:
                raise NetworkError(f"{name}_dims = {getattr(self, name)} leaves no channel", hint="give 1 or more")

    @property
    def feature_side(self) -> int:
        """Side of the encoder's last map."""
        return self.resolution // (32 if self.archi.is_deep else 16)

    @property
    def dense_side(self) -> int:
        """Side of the map that the second dense layer makes."""
        return self.resolution // (32 if self.archi.is_half else 16)

    @property
    def inter_channels(self) -> int:
        """Channels that one inter gives."""
        return self.ae * 2 if self.archi.kind == "liae" else self.ae

    @property
    def code_channels(self) -> int:
        """Channels that a decoder takes: liae joins two inters."""
        return self.ae * 4 if self.archi.kind == "liae" else self.ae


def read_archi(text: str) -> Archi:
    """`df`, `liae-ud`, ...: letters of u d t c in any order, each once. Raises NetworkError."""
    kind, _, letters = text.partition("-")
    is_spelled = "-" not in text or letters
    if kind not in ("df", "liae") or not is_spelled or set(letters) - set(LETTERS) or len(set(letters)) < len(letters):
        raise NetworkError(f"{text!r} is no architecture", hint="give df or liae, and letters of u d t c: liae-ud")
    return Archi("df" if kind == "df" else "liae", *(letter in letters for letter in LETTERS))


def shape_of(settings: Mapping[str, Value]) -> NetworkShape:
    """The shape that a run's settings ask for. Raises NetworkError where no such network can be built."""
    return NetworkShape(
        read_archi(str(settings["archi"])),
        *(int(settings[key]) for key in ("resolution", "ae_dims", "e_dims", "d_dims", "d_mask_dims")),
    )
