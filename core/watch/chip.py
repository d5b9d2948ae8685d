"""The 150 px cut of an aligned face that the likeness network looks at, black outside the mask.

A fixed cut of the frame: no landmarks are found anew, for DeepFaceLab's template and the one that the network was
trained on are the same mean face (five landmarks instead: no better, likeness/README.md 4).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.faces.align import alignment, invert
from core.faces.face import Matrix, Points, UInt8Array
from core.faces.face_type import FaceType

CHIP_PX = 150
FULL_FACE_UNITS = 1.596621      # template squares across a full_face frame
SHRINKS = 0.75                  # below this scale the picture is blurred first
ERODED = np.ones((3, 3), np.uint8)
PARTIAL = frozenset({FaceType.half_face, FaceType.midfull_face})    # frames that do not hold the whole chip


def whole_face_matrix(side_px: int) -> Matrix:
    """From a whole_face frame of that side to the chip, (2, 3)."""
    scale = 213.137085 / side_px
    return np.array([[scale, 0.0, -31.568542], [0.0, scale, -38.568542]], np.float64)


def full_face_matrix(side_px: int) -> Matrix:
    """From a full_face frame of that side to the chip, (2, 3): both share the centre of the template."""
    scale = 100 * FULL_FACE_UNITS / side_px
    shift = CHIP_PX / 2 - scale * side_px / 2
    return np.array([[scale, 0.0, shift], [0.0, scale, shift]], np.float64)


def chip_matrix(face_type: FaceType, side_px: int, landmarks: Points) -> Matrix:
    """From a face's frame of that type and side to the chip, (2, 3).

    landmarks: (68, 2) in any picture of the face. Only a frame that turns with the head, or that is smaller than the
    chip, asks for them: it is led through the face's whole_face frame.
    """
    match face_type:
        case FaceType.whole_face:
            return whole_face_matrix(side_px)
        case FaceType.full_face:
            return full_face_matrix(side_px)
        case _:
            back = invert(alignment(landmarks, side_px, face_type))
            return composed(whole_face_matrix(side_px), composed(alignment(landmarks, side_px, FaceType.whole_face),
                                                                 back))


def composed(second: Matrix, first: Matrix) -> Matrix:
    """The affine that does `first`, then `second`."""
    return np.hstack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2:] + second[:, 2:]])


def soft_mask(mask: UInt8Array) -> NDArray[np.float32]:
    """The mask by which a frame is multiplied: one pixel smaller, with soft edges. uint8 (S, S) to 0..1."""
    smaller = cv2.erode(mask, ERODED)
    return np.asarray(cv2.GaussianBlur(smaller.astype(np.float32) / 255.0, (0, 0), mask.shape[0] / 128), np.float32)


def chip(picture: UInt8Array, matrix: Matrix) -> UInt8Array:
    """The chip of a frame (S, S, 3), uint8 (150, 150, 3), in the frame's colour order."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < SHRINKS:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5 * (1 / scale - 1)), np.uint8)
    warped = cv2.warpAffine(picture, matrix, (CHIP_PX, CHIP_PX), flags=cv2.INTER_LINEAR,
                            borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def masked_chip(picture: UInt8Array, soft: NDArray[np.float32], matrix: Matrix) -> UInt8Array:
    """The chip of what the mask leaves. soft: as `soft_mask` makes it, (S, S). Masked at the frame's own size, then
    cut: a mask that is warped with the chip counts other pixels."""
    left = np.round(picture * soft[:, :, None]).astype(np.uint8)
    return chip(left, matrix)
