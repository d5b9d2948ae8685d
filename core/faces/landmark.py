"""The 68 landmarks of a face (iBUG order, image left first): mirror pairs and raised eyebrows."""

import numpy as np
from numpy.typing import NDArray

from core.faces.face import Points

_PAIRS = ([(i, 16 - i) for i in range(8)] + [(17 + i, 26 - i) for i in range(5)]
          + [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46), (31, 35), (32, 34)]
          + [(50, 52), (49, 53), (48, 54), (59, 55), (58, 56), (67, 65), (60, 64), (61, 63)])


def _mirror_order() -> NDArray[np.intp]:
    order = np.arange(68)
    for left, right in _PAIRS:
        order[left], order[right] = right, left
    return order


MIRROR_ORDER = _mirror_order()


def mirror_landmarks(landmarks: Points, width: int) -> Points:
    """Landmarks (68, 2) of the picture mirrored left to right; x becomes width - x - 1 (facts/files.md 7)."""
    mirrored = landmarks[MIRROR_ORDER].copy()
    mirrored[:, 0] = width - mirrored[:, 0] - 1
    return mirrored


def expand_eyebrows(landmarks: Points, factor: float = 1.0) -> NDArray[np.int64]:
    """Landmarks (68, 2) cut to whole pixels, the brows raised by `factor` x half their distance from the lid line.

    Integer arithmetic and its truncations are the original's (facts/files.md 6.1).
    """
    points = landmarks.astype(np.int64)
    outer_left, outer_right = (points[36] + points[0]) // 2, (points[16] + points[45]) // 2
    helper_left, helper_right = (points[36] + outer_left) // 2, (points[45] + outer_right) // 2
    lid_left = np.stack([helper_left, *points[36:40]])
    lid_right = np.stack([*points[42:46], helper_right])
    for brow, lid in ((slice(17, 22), lid_left), (slice(22, 27), lid_right)):
        points[brow] = (points[brow] + 0.5 * factor * (points[brow] - lid)).astype(np.int64)
    return points
