"""Random colours without a partner: hue and light, a turn of the colour plane, and the fork's two augmentations.

Pictures are float32 (R, R, 3), BGR, 0..1; draws are uniforms in [0, 1). Knows no streams, faces or options.
Distributions are the originals' (facts/samples.md 7). What the fork ties together by mistake (CLAHE and darkening, one
number for three factors, 8 bits after each) is drawn by itself here; `is_dfl` ties it again.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.samples.transfer import Picture, from_lab, to_lab

Uniforms = NDArray[np.float64]

HSV_DRAWS, TINT_DRAWS, AUGMENT_DRAWS = 3, 1, 8

CLAHE_CHANCE, CLAHE_CLIP = 0.5, 2.0
LAB_AMOUNTS: dict[str, tuple[float, float, float]] = {"fs-aug": (0.3, 0.08, 0.08), "cc-aug": (0.45, 0.2, 0.2)}
BRIGHTNESS, CONTRAST, SATURATION = (0.7, 1.1), (0.7, 1.1), (0.6, 1.2)
_GREY = np.array([0.114, 0.587, 0.299], np.float32)     # of B, G, R (ITU-R BT.601)


def hsv_shifted(picture: Picture, draws: Uniforms, amount: float) -> Picture:
    """Hue turned by up to 180 * amount degrees each way, saturation and value moved by up to amount / 2."""
    most = max(1, int(180 * amount))
    hsv = np.asarray(cv2.cvtColor(np.clip(picture, 0, 1), cv2.COLOR_BGR2HSV), np.float32)
    hsv[..., 0] = (hsv[..., 0] + np.float32(int(draws[0] * (2 * most + 1)) - most)) % 360
    for channel in (1, 2):
        hsv[..., channel] = np.clip(hsv[..., channel] + np.float32((draws[channel] - 0.5) * amount), 0, 1)
    return np.clip(np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.float32), 0, 1)


def tinted(picture: Picture, draws: Uniforms, most_degrees: float) -> Picture:
    """The plane of a and b turned about grey by up to `most_degrees` each way; lightness stays."""
    angle = np.deg2rad(most_degrees * (2 * draws[0] - 1))
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    return from_lab(np.asarray(cv2.transform(to_lab(np.clip(picture, 0, 1)), turn), np.float32))


def augmented(picture: Picture, draws: Uniforms, kind: str, *, is_dfl: bool) -> Picture:
    """fs-aug or cc-aug: local contrast half of the time, light and colour in Lab; cc-aug also brightness, contrast and
    saturation. AUGMENT_DRAWS uniforms: CLAHE or not, its tiles, three of Lab, three factors."""
    lab_draws = draws[[0, 3, 4]] if is_dfl else draws[2:5]
    picture = np.clip(picture, 0, 1)
    if draws[0] < CLAHE_CHANCE:
        picture = _local_contrast(picture, 1 + int(2 * (draws[0] if is_dfl else draws[1])), is_dfl=is_dfl)
    amounts = np.array(LAB_AMOUNTS[kind]) * (2 * lab_draws - 1)
    picture = _stretched(picture, amounts)
    if kind == "cc-aug":
        picture = _factors(_bits(picture, is_dfl=is_dfl), draws[[5, 5, 5]] if is_dfl else draws[5:8], is_dfl=is_dfl)
    return _bits(picture, is_dfl=is_dfl)


def _local_contrast(picture: Picture, tiles: int, *, is_dfl: bool) -> Picture:
    """CLAHE of each channel: with 65,536 levels, or 256 as the fork."""
    levels, kind = (255, np.uint8) if is_dfl else (65535, np.uint16)
    clahe = cv2.createCLAHE(CLAHE_CLIP, (tiles, tiles))
    channels = [clahe.apply(np.ascontiguousarray(channel)) for channel in
                np.moveaxis(np.rint(picture * levels).astype(kind), -1, 0)]
    return np.stack(channels, axis=-1).astype(np.float32) / np.float32(levels)


def _stretched(picture: Picture, amounts: NDArray[np.float64]) -> Picture:
    """Each channel of Lab, scaled to 0..1, towards 1 by a share of what is missing, or towards 0 by a share."""
    scale, offset = np.array([100, 255, 255], np.float32), np.array([0, 128, 128], np.float32)
    share = (to_lab(picture) + offset) / scale
    for channel, amount in enumerate(amounts.astype(np.float32)):
        plane = share[..., channel]
        share[..., channel] = plane + (1 - plane) * amount if amount >= 0 else plane * (1 + amount)
    return from_lab(share * scale - offset)


def _factors(picture: Picture, draws: Uniforms, *, is_dfl: bool) -> Picture:
    """Brightness, contrast about each channel's mean, saturation about grey (brightness once more in the fork)."""
    bright, contrast, colour = (np.float32(low + (high - low) * draw) for (low, high), draw in
                                zip((BRIGHTNESS, CONTRAST, SATURATION), draws, strict=True))
    picture = _bits(picture * bright, is_dfl=is_dfl)
    mean = np.asarray(cv2.mean(picture)[:3], np.float32)
    picture = _bits((picture - mean) * contrast + mean, is_dfl=is_dfl)
    grey = np.zeros(1, np.float32) if is_dfl else (picture @ _GREY)[..., None]
    return np.asarray(np.clip(grey + (picture - grey) * colour, 0, 1), np.float32)


def _bits(picture: Picture, *, is_dfl: bool) -> Picture:
    """Cut to 0..1; the fork also cuts to 8 bits, rounding down."""
    picture = np.clip(picture, 0, 1)
    return np.asarray(np.floor(picture * 255) / 255 if is_dfl else picture, np.float32)
