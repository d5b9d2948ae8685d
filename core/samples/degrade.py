"""Degradations of the network's input: blur, noise, JPEG, fewer pixels (facts/samples.md 9), in a random order.

Each falls on a share of the samples. Strengths are the fork's at 256 pixels and follow the picture's side; `is_dfl`
takes them in pixels at any side, cuts the blur short, lets grain add light, and shrinks without antialiasing, as the
fork does. Pictures are float32 (R, R, 3), BGR, 0..1 and may leave that range. Knows no streams, faces or settings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import cv2
import numpy as np
from numpy.typing import NDArray

from core.samples.transfer import Picture

Uniforms = NDArray[np.float64]
Words = NDArray[np.uint64]

SIDE_OF_STRENGTHS = 256
MOTION_PX, GAUSS_PX = (10.0, 20.0), (3.0, 8.0)          # length of the line; standard deviation
GRAIN_LEVELS = (20.0, 40.0)                             # of 255: scale of normal and Laplace noise
POISSON_MEAN = (15.0, 30.0)
JPEG_QUALITY = (50, 85)                                 # the upper end is not reached
SHRINK = (4.0, 8.0)
LEAST_QUALITY = 5

_KINDS = 4
DEGRADE_DRAWS = 2 * _KINDS + 2 + 2 + 1 + 1              # chances and order; blur; noise; jpeg; shrink
_LEVELS = 65536                                         # of a noise table: a word of the stream is four draws


@dataclass(frozen=True, slots=True)
class Degradation:
    """How much of it: shares of samples 0..1, and a factor on every strength."""

    blur: float = 0.0
    noise: float = 0.0
    jpeg: float = 0.0
    downsample: float = 0.0
    strength: float = 1.0

    @property
    def is_on(self) -> bool:
        """Whether any sample is changed."""
        return max(self.blur, self.noise, self.jpeg, self.downsample) > 0


def degraded(picture: Picture, wanted: Degradation, draws: Uniforms, grain: Callable[[int], Words],
             *, is_dfl: bool) -> Picture:
    """The picture with what its DEGRADE_DRAWS uniforms say. `grain(n)` gives n words for noise, if it is wanted."""
    shares = (wanted.blur, wanted.noise, wanted.jpeg, wanted.downsample)
    strength = wanted.strength * (1.0 if is_dfl else picture.shape[0] / SIDE_OF_STRENGTHS)
    steps: tuple[Callable[[Picture], Picture], ...] = (
        lambda x: _blurred(x, draws[8:10], strength, is_dfl=is_dfl),
        lambda x: _noisy(x, draws[10:12], wanted.strength, grain, is_dfl=is_dfl),
        lambda x: _as_jpeg(x, draws[12], wanted.strength, is_dfl=is_dfl),
        lambda x: _shrunk(x, draws[13], wanted.strength, is_dfl=is_dfl))
    for kind in np.argsort(draws[_KINDS:2 * _KINDS]):
        if draws[kind] < shares[kind]:
            picture = steps[kind](picture)
    return picture


def _between(limits: tuple[float, float], draw: float) -> float:
    return limits[0] + (limits[1] - limits[0]) * draw


# --- blur ----------------------------------------------------------------------------------------------------------
def _blurred(picture: Picture, draws: Uniforms, strength: float, *, is_dfl: bool) -> Picture:
    """Along a line or all around, half each. The first draw chooses and says how far, the second turns the line."""
    how_far = 2 * draws[0] % 1
    if draws[0] < 0.5:
        length = _between(MOTION_PX, how_far) * strength
        kernel = _line(float(int(length)) if is_dfl else length, 180 * draws[1])
        return np.asarray(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT_101), np.float32)
    sigma = _between(GAUSS_PX, how_far) * strength
    reach = (2.9 if sigma < 5 else 2.6) if is_dfl else 6.0      # the fork's kernel ends at 1.4 standard deviations
    side = max(1, int(reach * sigma)) | 1
    return np.asarray(cv2.GaussianBlur(picture, (side, side), sigma), np.float32)


def _line(length: float, angle: float) -> NDArray[np.float32]:
    """A kernel of sum 1: a line of that many pixels through the middle, at `angle` degrees, with soft ends."""
    half = max(0.0, (length - 1) / 2)
    radius = int(np.ceil(half)) + 1
    places = np.linspace(-half, half, 8 * radius + 1)
    x, y = np.cos(np.deg2rad(angle)) * places + radius, np.sin(np.deg2rad(angle)) * places + radius
    kernel = np.zeros((2 * radius + 2, 2 * radius + 2), np.float64)
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    for right in (0, 1):
        for down in (0, 1):
            weight = np.abs(1 - right - (x - column)) * np.abs(1 - down - (y - row))
            np.add.at(kernel, (row + down, column + right), weight)
    kernel = kernel[:-1, :-1]                           # the last row and column would only be there for places on it
    return np.asarray(kernel / kernel.sum(), np.float32)


# --- noise ---------------------------------------------------------------------------------------------------------
def _noisy(picture: Picture, draws: Uniforms, strength: float, grain: Callable[[int], Words],
           *, is_dfl: bool) -> Picture:
    """Normal, Laplace or Poisson noise on every channel and pixel, a third each."""
    kind = min(int(3 * draws[0]), 2)
    if kind == 2:
        table, scale = _poisson(_between(POISSON_MEAN, draws[1]), is_centred=not is_dfl), strength / 255
    else:
        table, scale = (_normal, _laplace)[kind](), _between(GRAIN_LEVELS, draws[1]) * strength / 255
    places = grain(-(-picture.size // 4)).astype("<u8", copy=False).view("<u2")[:picture.size]
    return np.asarray(picture + (table[places] * np.float32(scale)).reshape(picture.shape), np.float32)


def _middles() -> Uniforms:
    return (np.arange(_LEVELS) + 0.5) / _LEVELS


@cache
def _normal() -> NDArray[np.float32]:
    """Quantiles of the standard normal, by interpolation of its distribution function."""
    value = np.linspace(-5, 5, 4097)
    chance = np.array([NormalDist().cdf(x) for x in value])
    return np.interp(_middles(), chance, value).astype(np.float32)


@cache
def _laplace() -> NDArray[np.float32]:
    """Quantiles of the Laplace distribution of scale 1."""
    away = _middles() - 0.5
    return np.asarray(-np.sign(away) * np.log1p(-2 * np.abs(away)), np.float32)


def _poisson(mean: float, *, is_centred: bool) -> NDArray[np.float32]:
    """Quantiles of a Poisson distribution, without its mean if centred."""
    counts = np.arange(int(mean + 10 * np.sqrt(mean)) + 2)
    chance = np.exp(counts * np.log(mean) - mean - np.concatenate([[0], np.cumsum(np.log(counts[1:]))]))
    found = np.searchsorted(np.cumsum(chance), _middles())
    return (found - (mean if is_centred else 0.0)).astype(np.float32)


# --- JPEG and size -------------------------------------------------------------------------------------------------
def _as_jpeg(picture: Picture, draw: float, strength: float, *, is_dfl: bool) -> Picture:
    """Through a JPEG of quality 50 to 84; a strength of 2 doubles what is missing to 100."""
    quality = 100 - (100 - int(_between(JPEG_QUALITY, draw))) * strength
    levels = np.clip(picture, 0, 1) * 255
    levels = np.asarray(np.floor(levels) if is_dfl else np.rint(levels), np.uint8)
    quality = int(min(max(quality, LEAST_QUALITY), 100))
    _, encoded = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    return np.asarray(decoded, np.float32) / np.float32(255)


def _shrunk(picture: Picture, draw: float, strength: float, *, is_dfl: bool) -> Picture:
    """Down to an eighth to a quarter of the side, and up again."""
    side = picture.shape[0]
    small = int(_between((side // SHRINK[1], side // SHRINK[0]), draw)) or 1
    small = max(1, round(side / (1 + (side / small - 1) * strength)))
    if small >= side:
        return picture
    little = cv2.resize(picture, (small, small), interpolation=cv2.INTER_CUBIC if is_dfl else cv2.INTER_AREA)
    return np.asarray(cv2.resize(little, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
