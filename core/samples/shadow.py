"""A band of shadow across a picture and light beside it (facts/samples.md 9), the same in input and target.

Inside the band light is multiplied by `low`, outside by `bright`, with soft edges; the brightness of a colour never
passes 1 and its hue stays. The fork multiplies the inside by both and cuts to 8 bits: `is_dfl`.
Pictures are float32 (R, R, 3), BGR, 0..1. Knows no streams, faces or options of a run.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.samples.transfer import Picture

CHANCE = 0.5
SHADOW_DRAWS = 10            # whether; light; shade; four of the band; its turn; two of the edge
_MARGIN_PX = 20              # the band begins so far left of the picture
_EDGE_PX = (3, 10)           # standard deviation of the soft edges, whole pixels, the upper end not reached
_SIDE_OF_EDGES = 256

# Heights on the left and right edge as shares of the side, in the order of the draws: left band, left top, right band,
# right top.
_BAND = ((0.2, 0.6), (0.0, 0.2), (0.3, 0.6), (0.0, 0.2))


@dataclass(frozen=True, slots=True)
class Shade:
    """Factors on light: inside the band U(low, high), outside U(bright_low, bright_high)."""

    low: float = 0.2
    high: float = 0.6
    bright_low: float = 1.0
    bright_high: float = 2.5


@dataclass(frozen=True, slots=True)
class Gain:
    """What light is multiplied by at each pixel, (R, R)."""

    factors: NDArray[np.float32]
    is_dfl: bool

    def on(self, picture: Picture) -> Picture:
        """The picture in this light."""
        picture = np.clip(picture, 0, 1)
        most = np.maximum(picture.max(axis=-1), np.float32(1e-6))
        lit = picture * np.minimum(self.factors, 1 / most)[..., None]
        return np.asarray(np.floor(lit * 255) / 255 if self.is_dfl else lit, np.float32)


def random_gain(draws: NDArray[np.float64], side_px: int, shade: Shade, *, is_dfl: bool) -> Gain | None:
    """The light of a sample from SHADOW_DRAWS uniforms; None for the half that has no band."""
    if draws[0] >= CHANCE:
        return None
    bright = np.float32(shade.bright_low + (shade.bright_high - shade.bright_low) * draws[1])
    low = np.float32(shade.low + (shade.high - shade.low) * draws[2])
    band = _band(draws[3:8], side_px)
    scale = 1.0 if is_dfl else side_px / _SIDE_OF_EDGES
    inside, outside = (cv2.GaussianBlur(mask, (0, 0), scale * (int(_EDGE_PX[0] + draw * (_EDGE_PX[1] - _EDGE_PX[0]))))
                       for mask, draw in ((band, draws[8]), (1 - band, draws[9] if is_dfl else draws[8])))
    shaded = bright * low if is_dfl else low
    return Gain(np.asarray(inside * shaded + outside * bright, np.float32), is_dfl)


def _band(draws: NDArray[np.float64], side_px: int) -> NDArray[np.float32]:
    """1 inside a band from left to right, turned about its middle by any angle, else 0."""
    left, left_top, right, right_top = (low + (high - low) * draw
                                        for (low, high), draw in zip(_BAND, draws, strict=False))
    margin = -_MARGIN_PX / side_px
    shares = [[margin, left_top], [1, right_top], [1, right_top + right], [margin, left_top + left]]
    corners = side_px * np.array(shares)
    angle = 2 * np.pi * draws[4]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = corners.mean(axis=0)
    mask = np.zeros((side_px, side_px), np.float32)
    cv2.fillPoly(mask, [np.rint((corners - middle) @ turn.T + middle).astype(np.int32)], 1.0)
    return mask
