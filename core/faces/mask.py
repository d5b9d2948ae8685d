"""Masks from landmarks and polygons, as the original draws them (facts/files.md 6). All are float32 (h, w), 0..1."""

import cv2
import numpy as np

from core.faces.face import FloatArray, Points, Polygon
from core.faces.landmark import expand_eyebrows

Shape = tuple[int, int]                 # height, width

CHIN = 8
NOSE_WINGS = [31, 32, 33, 34, 35]
HULLS: tuple[list[int], ...] = (
    [*range(9), 17],                            # right jaw
    [*range(8, 17), 26],                        # left jaw
    [17, 18, 19, CHIN],                         # right cheek
    [24, 25, 26, CHIN],                         # left cheek
    [*range(19, 25), CHIN],                     # nose ridge
    [*range(17, 22), 27, *NOSE_WINGS, CHIN],    # right eye
    [*range(22, 27), 27, *NOSE_WINGS, CHIN],    # left eye
    [27, 28, 29, 30, *NOSE_WINGS],              # nose
)
EYES: tuple[list[int], ...] = ([*range(36, 42)], [*range(42, 48)])
MOUTH: tuple[list[int], ...] = ([*range(60, 68)],)      # the inner lips, as the original


def hull_mask(shape: Shape, landmarks: Points, eyebrows_expand: float = 1.0) -> FloatArray:
    """The whole face, 0 or 1: the union of eight convex hulls over landmarks with raised brows."""
    return _filled(shape, expand_eyebrows(landmarks, eyebrows_expand).astype(np.int32), HULLS)


def eyes_mask(shape: Shape, landmarks: Points) -> FloatArray:
    """Both eyes with soft edges."""
    return _softened(_filled(shape, landmarks.astype(np.int32), EYES))


def mouth_mask(shape: Shape, landmarks: Points) -> FloatArray:
    """The mouth inside the lips with soft edges."""
    return _softened(_filled(shape, landmarks.astype(np.int32), MOUTH))


def polygon_mask(shape: Shape, polygons: tuple[Polygon, ...]) -> FloatArray:
    """All include polygons, then all exclude polygons cut out of them; 0 or 1."""
    mask = np.zeros(shape, np.float32)
    for polygon in sorted(polygons, key=lambda one: not one.include):
        cv2.fillPoly(mask, [polygon.points.astype(np.int32)], 1.0 if polygon.include else 0.0)
    return mask


def _filled(shape: Shape, points: np.ndarray, groups: tuple[list[int], ...]) -> FloatArray:
    mask = np.zeros(shape, np.float32)
    for group in groups:
        cv2.fillConvexPoly(mask, cv2.convexHull(points[group]), 1.0)
    return mask


def _softened(mask: FloatArray) -> FloatArray:
    """Widened and blurred by a share of the picture's height."""
    height = mask.shape[0]
    width = max(1, height // 32)
    kernel = max(1, height // 16) | 1           # odd
    x, y, w, h = cv2.boundingRect((mask != 0).astype(np.uint8))
    soft = np.zeros_like(mask)
    if w == 0:
        return soft
    # Only the surroundings of the shape: on the whole of a 512 px picture this took half of a cold sample.
    reach = width // 2 + kernel // 2 + 1
    box = np.s_[max(0, y - reach):y + h + reach, max(0, x - reach):x + w + reach]
    wider = cv2.dilate(mask[box], cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)), iterations=1)
    soft[box] = cv2.GaussianBlur(wider, (kernel, kernel), 0)
    return soft
