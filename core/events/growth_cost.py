"""What a growth costs, counted without torch: multiplications of a step before and after it, parameters, faces.

Convolutions and dense layers only; losses and elementwise work grow with the pixels whatever the network. A step is
three forward passes of what trains, one of what is locked before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.events.growth import octave_blocks
from core.settings.growth import core_of, core_resolution, growth_text, new_octaves, octaves_of
from core.settings.kind import Value

Settings = Mapping[str, Value]
BYTES_A_PIXEL = 4       # of a decoded face: three colours and its mask


@dataclass(frozen=True, slots=True)
class GrowthCost:
    """Of a growth. step, heads: work of a step over that of the step before, with everything open and with only the
    new blocks; of_flat: with everything open, over a network that was made at the new side. cache_bytes: of decoded
    faces."""

    resolution: int
    step: float
    heads: float
    of_flat: float
    parameters: int
    cache_bytes: int


def growth_cost(settings: Settings, resolution: int, faces: int) -> GrowthCost:
    """What growing to `resolution`, twice the side or more, costs a run of these settings with so many faces."""
    count = (resolution // int(settings["resolution"])).bit_length() - 1
    octaves = (*octaves_of(settings), *new_octaves(settings, count, 1))
    after = {**settings, "resolution": resolution, "growth": growth_text(octaves)}
    flat = core_work({**core_of(settings), "resolution": resolution})
    before, now = step_work(settings), step_work(after)
    new = now - before
    # Behind the first new layers lies what is locked: their inputs need no gradient.
    heads = before + 3 * new - first_work(after, len(octaves) - count + 1)
    numbers = range(len(octaves) - count + 1, len(octaves) + 1)
    parameters = sum(block.parameters for number in numbers for block in octave_blocks(after, number))
    return GrowthCost(resolution, now / before, heads / (3 * before), now / flat, parameters,
                      faces * resolution**2 * BYTES_A_PIXEL)


def step_work(settings: Settings) -> int:
    """Multiplications of a forward pass of one src and one dst face."""
    return core_work(core_of(settings)) + sum(octave_work(settings, n + 1) for n in range(len(octaves_of(settings))))


def core_work(settings: Settings) -> int:
    """Of the core alone."""
    kind, _, letters = str(settings["archi"]).partition("-")
    inter = inter_work(settings, kind, letters)
    inters = {"df": 2, "liae": 3, "amp": 3}[kind]       # passes of a pair of faces through one inter or another
    dense1 = encoder_features(settings, letters) * int(settings["ae_dims"])
    shared = 2 * dense1 if kind == "amp" else 0         # AMP's first dense layer stands in the encoder
    inter += 0 if kind == "amp" else dense1
    return 2 * encoder_work(settings, letters) + shared + inters * inter + 2 * decoder_work(settings, kind, letters)


def encoder_features(settings: Settings, letters: str) -> int:
    """Numbers in the encoder's last map."""
    return 8 * int(settings["e_dims"]) * (core_resolution(settings) // (32 if "t" in letters else 16)) ** 2


def encoder_work(settings: Settings, letters: str) -> int:
    """Of the encoder's convolutions."""
    e, side, work, inputs = int(settings["e_dims"]), core_resolution(settings), 0, 3
    for level, outputs in enumerate([e, 2 * e, 4 * e, 8 * e] + [8 * e] * ("t" in letters)):
        side //= 2
        work += 25 * inputs * outputs * side**2
        if "t" in letters and level in (0, 4):
            work += 18 * outputs**2 * side**2
        inputs = outputs
    return work


def inter_channels(settings: Settings, kind: str) -> int:
    """Channels that one inter gives."""
    return int(settings["inter_dims"]) if kind == "amp" else int(settings["ae_dims"]) * (2 if kind == "liae" else 1)


def inter_work(settings: Settings, kind: str, letters: str) -> int:
    """Of one inter behind its first dense layer."""
    side, channels = core_resolution(settings) // (32 if "d" in letters else 16), inter_channels(settings, kind)
    dense2 = int(settings["ae_dims"]) * channels * side**2
    return dense2 + (0 if "t" in letters else 36 * channels**2 * side**2)


def decoder_work(settings: Settings, kind: str, letters: str) -> int:
    """Of one decoder with its mask."""
    d, m, resolution = int(settings["d_dims"]), int(settings["d_mask_dims"]), core_resolution(settings)
    codes = inter_channels(settings, kind) * (2 if kind == "liae" else 1)
    start = resolution // (32 if "d" in letters else 16) * (1 if "t" in letters else 2)
    factors = [8, 8, 4, 2] if "t" in letters else [8, 4, 2]
    work = levels_work(codes, [f * d for f in factors], start, has_res=True)
    work += levels_work(codes, [f * m for f in factors] + [m] * ("d" in letters), start, has_res=False)
    out = 9 * 2 * d * 12 * (resolution // 2) ** 2 if "d" in letters else 2 * d * 3 * resolution**2
    return work + out + m * (1 if "d" in letters else 2) * resolution**2


def levels_work(inputs: int, widths: list[int], side: int, *, has_res: bool) -> int:
    """Of a row of upscales, each with two convolutions behind it where it has a res block."""
    work = 0
    for outputs in widths:
        work += 36 * inputs * outputs * side**2
        side *= 2
        work += 18 * outputs**2 * side**2 if has_res else 0
        inputs = outputs
    return work


def octave_work(settings: Settings, number: int) -> int:
    """Of octave `number`, for both faces."""
    is_half, octaves = "d" in str(settings["archi"]).partition("-")[2], octaves_of(settings)
    octave, side = octaves[number - 1], core_resolution(settings) << number
    c, m = octave.channels, octave.mask_channels
    work = 36 * c * c * (side // 2) ** 2 if number == 1 and is_half else 0
    work += (18 * c**2 + 27 * c + 9 * m) * side**2 + stem_work(settings, octave.stem, number)
    return 2 * work + first_work(settings, number)


def first_work(settings: Settings, number: int) -> int:
    """Of the layers of octave `number` that take what is below it, for both faces."""
    octaves, is_half = octaves_of(settings), "d" in str(settings["archi"]).partition("-")[2]
    octave, side = octaves[number - 1], (core_resolution(settings) << number) // 2
    if number > 1:
        inputs, masks = octaves[number - 2].channels, octaves[number - 2].mask_channels
    else:
        inputs, masks = 2 * int(settings["d_dims"]), int(settings["d_mask_dims"]) * (1 if is_half else 2)
    at = side // 2 if number == 1 and is_half else side
    return 2 * 36 * (inputs * octave.channels * at**2 + masks * octave.mask_channels * side**2)


def stem_work(settings: Settings, channels: int, number: int) -> int:
    """Of a stem, for one face."""
    if not channels:
        return 0
    side, inputs, work = core_resolution(settings) << number, 3, 0
    for _ in range(number):
        side //= 2
        work += 25 * inputs * channels * side**2
        inputs = channels
    return work + 25 * channels * int(settings["e_dims"]) * (side // 2) ** 2
