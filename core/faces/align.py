"""The similarity that puts a face into the frame of a face type (facts/files.md 4).

float32 where the original has float32: the corners of the frame go through OpenCV's 3-point solver in single precision,
and a matrix that differs by more than 1e-3 px is another frame than the one the faces were extracted with.
"""

import cv2
import numpy as np

from core.faces.face import FloatArray, Matrix, Points
from core.faces.face_type import KEEPS_ROTATION, PADDING, FaceType
from core.settings.error import FaceFileError

FITTED = [*range(17, 49), 54]           # the landmarks that are fitted to TEMPLATE

TEMPLATE = np.array([                   # in the unit square
    [0.000213256, 0.106454], [0.0752622, 0.038915], [0.18113, 0.0187482], [0.29077, 0.0344891], [0.393397, 0.0773906],
    [0.586856, 0.0773906], [0.689483, 0.0344891], [0.799124, 0.0187482], [0.904991, 0.038915], [0.98004, 0.106454],
    [0.490127, 0.203352], [0.490127, 0.307009], [0.490127, 0.409805], [0.490127, 0.515625], [0.36688, 0.587326],
    [0.426036, 0.609345], [0.490127, 0.628106], [0.554217, 0.609345], [0.613373, 0.587326], [0.121737, 0.216423],
    [0.187122, 0.178758], [0.265825, 0.179852], [0.334606, 0.231733], [0.260918, 0.245099], [0.182743, 0.244077],
    [0.645647, 0.231733], [0.714428, 0.179852], [0.793132, 0.178758], [0.858516, 0.216423], [0.79751, 0.244077],
    [0.719335, 0.245099], [0.254149, 0.780233], [0.726104, 0.780233]], np.float32)

CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]], np.float32)
WHOLE_FACE_RISE, HEAD_RISE = np.float32(0.07), np.float32(0.50)


def map_points(points: Points, matrix: Matrix) -> Points:
    """Points (n, 2) through an affine (2, 3)."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def invert(matrix: Matrix) -> Matrix:
    """The affine that undoes `matrix`."""
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def similarity(source: Points, target: Points) -> Matrix:
    """The least-squares similarity (2, 3) from `source` (n, 2) to `target` (n, 2): Umeyama 1991, with scale."""
    mean_source, mean_target = source.mean(axis=0), target.mean(axis=0)
    centred = source - mean_source
    covariance = (target - mean_target).T @ centred / len(source)
    u, s, v = np.linalg.svd(covariance)
    sign = np.array([1.0, -1.0 if np.linalg.det(covariance) < 0 else 1.0])
    rotation = (u * sign) @ v
    scale = (s @ sign) / centred.var(axis=0).sum()
    return np.hstack([scale * rotation, (mean_target - scale * rotation @ mean_source)[:, None]])


def alignment(landmarks: Points, side_px: int, face_type: FaceType, scale: float = 1.0) -> Matrix:
    """The affine float64 (2, 3) from picture pixels to a `side_px` square of `face_type`.

    landmarks: (68, 2) in picture pixels. FaceFileError for a face type that has no frame (marks only, MVE's custom).
    """
    padding = PADDING.get(face_type)
    if padding is None:
        raise FaceFileError(f"face type {face_type.name} has no frame to align to", hint="choose another face type")
    to_unit = similarity(landmarks[FITTED].astype(np.float64), TEMPLATE.astype(np.float64))
    corners = map_points(CORNERS.astype(np.float64), invert(to_unit)).astype(np.float32)
    p00, p10, p11, p01, centre = corners
    falling, rising = _direction(p11 - p00), _direction(p10 - p01)
    reach = np.float32((1.0 / scale) * np.linalg.norm(p00 - p11) * (padding * np.sqrt(2.0) + 0.5))
    if face_type is FaceType.whole_face:
        centre = centre + WHOLE_FACE_RISE * (p00 - p01)
    elif face_type is FaceType.head:
        centre = centre - (p00 - p10) * np.float32(_turn(map_points(landmarks, to_unit)) / 2)
        centre = centre + HEAD_RISE * (p00 - p01)
    if face_type in KEEPS_ROTATION:
        quad = np.stack([centre - falling * reach, centre + rising * reach,
                         centre + falling * reach, centre - rising * reach])
        half = np.float32(np.sqrt(cv2.contourArea(quad)) / 2)
        three = centre + half * np.array([[-1, -1], [1, -1], [1, 1]], np.float32)
    else:
        three = np.stack([centre - falling * reach, centre + rising * reach, centre + falling * reach])
    square = np.array([[0, 0], [side_px, 0], [side_px, side_px]], np.float32)
    return np.asarray(cv2.getAffineTransform(three.astype(np.float32), square), np.float64)


def _direction(vector: FloatArray) -> FloatArray:
    return vector / np.linalg.norm(vector)


def _turn(unit: Points) -> float:
    """How far the head is turned, from landmarks in the unit square: the head's frame follows it."""
    left = float(np.mean(unit[27:30, 0] - unit[0:3, 0]))
    right = float(np.mean(unit[[16, 15, 14], 0] - unit[27:30, 0]))
    yaw = right - left
    return yaw * abs(float(np.tanh(2 * yaw)))
