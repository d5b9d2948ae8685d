"""What a network is built from: the architecture's letters and the widths. Numbers only, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.settings.error import NetworkError
from core.settings.growth import core_resolution
from core.settings.kind import Value

LETTERS = "udtc"
AMP_LETTERS = "udt"     # AMP is always built with these (facts/networks.md 4)


@dataclass(frozen=True, slots=True)
class Archi:
    """Architecture of the DeepFakeArchi family (facts/networks.md 2) and of AMP, which is built of the same parts.

    is_unit: `u`, the encoder's vector is scaled to mean square 1. is_half: `d`, works at half the resolution inside.
    is_deep: `t`, five levels instead of four. is_cosine: `c`, x cos x in place of leaky ReLU.
    """

    kind: Literal["df", "liae", "amp"]
    is_unit: bool = False
    is_half: bool = False
    is_deep: bool = False
    is_cosine: bool = False


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """Everything that decides the tensors of a network. Dims are channel counts, `resolution` is in pixels.

    inter: channels of each of AMP's inters; nothing else has it.
    """

    archi: Archi
    resolution: int
    ae: int
    e: int
    d: int
    m: int
    inter: int = 0

    def __post_init__(self) -> None:
        smallest = 32 if self.archi.is_half or self.archi.is_deep else 16
        if self.resolution <= 0 or self.resolution % smallest:
            raise NetworkError(
                f"a network with these letters cannot be built for {self.resolution} pixels",
                hint=f"give a multiple of {smallest}",
            )
        for name in ("ae", "e", "d", "m", "inter") if self.is_amp else ("ae", "e", "d", "m"):
            if getattr(self, name) <= 0:
                raise NetworkError(f"{name}_dims = {getattr(self, name)} leaves no channel", hint="give 1 or more")

    @property
    def is_amp(self) -> bool:
        """Whether the first dense layer stands in the encoder and the second makes the code."""
        return self.archi.kind == "amp"

    @property
    def feature_side(self) -> int:
        """Side of the encoder's last map."""
        return self.resolution // (32 if self.archi.is_deep else 16)

    @property
    def features(self) -> int:
        """Numbers in the encoder's last map."""
        return 8 * self.e * self.feature_side**2

    @property
    def dense_side(self) -> int:
        """Side of the map that the second dense layer makes."""
        return self.resolution // (32 if self.archi.is_half else 16)

    @property
    def code_side(self) -> int:
        """Side of a code map: without `t` the inter doubles it."""
        return self.dense_side if self.archi.is_deep else self.dense_side * 2

    @property
    def inter_channels(self) -> int:
        """Channels that one inter gives."""
        return {"df": self.ae, "liae": self.ae * 2, "amp": self.inter}[self.archi.kind]

    @property
    def code_channels(self) -> int:
        """Channels that a decoder takes: liae joins two inters."""
        return self.inter_channels * (2 if self.archi.kind == "liae" else 1)


def read_archi(text: str) -> Archi:
    """`df`, `liae-ud`, ...: letters of u d t c in any order, each once; or `amp-udt`. Raises NetworkError."""
    kind, _, letters = text.partition("-")
    is_spelled = "-" not in text or letters
    if kind == "amp" and letters == AMP_LETTERS:
        return Archi("amp", is_unit=True, is_half=True, is_deep=True)
    if kind not in ("df", "liae") or not is_spelled or set(letters) - set(LETTERS) or len(set(letters)) < len(letters):
        raise NetworkError(f"{text!r} is no architecture", hint="give df or liae, and letters of u d t c: liae-ud")
    return Archi("df" if kind == "df" else "liae", *(letter in letters for letter in LETTERS))


def shape_of(settings: Mapping[str, Value]) -> NetworkShape:
    """The shape that a run's settings ask for: of its core, where it has grown. Raises NetworkError where no such
    network can be built."""
    archi = read_archi(str(settings["archi"]))
    ae, e, d, m = (int(settings[key]) for key in ("ae_dims", "e_dims", "d_dims", "d_mask_dims"))
    inter = int(settings["inter_dims"]) if archi.kind == "amp" else 0
    return NetworkShape(archi, core_resolution(settings), ae, e, d, m, inter=inter)
