"""Pitch, yaw and roll of a face from its landmarks, as the original estimates them (facts/files.md 7)."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from core.faces.face import FaceSet, FloatArray, Points

POSED = [*range(27), *range(30, 36)]    # the landmarks with a place on the model head

MODEL_HEAD = np.array([
    [-73.393523, -29.801432, 47.667532], [-72.775014, -10.949766, 45.909403], [-70.533638, 7.929818, 44.842580],
    [-66.850058, 26.074280, 43.141114], [-59.790187, 42.564390, 38.635298], [-48.368973, 56.481080, 30.750622],
    [-34.121101, 67.246992, 18.456453], [-17.875411, 75.056892, 3.609035], [0.098749, 77.061286, -0.881698],
    [17.477031, 74.758448, 5.181201], [32.648966, 66.929021, 19.176563], [46.372358, 56.311389, 30.770570],
    [57.343480, 42.419126, 37.628629], [64.388482, 25.455880, 40.886309], [68.212038, 6.990805, 42.281449],
    [70.486405, -11.666193, 44.142567], [71.375822, -30.365191, 47.140426], [-61.119406, -49.361602, 14.254422],
    [-51.287588, -58.769795, 7.268147], [-37.804800, -61.996155, 0.442051], [-24.022754, -61.033399, -6.606501],
    [-11.635713, -56.686759, -11.967398], [12.056636, -57.391033, -12.051204], [25.106256, -61.902186, -7.315098],
    [38.338588, -62.777713, -1.022953], [51.191007, -59.302347, 5.349435], [60.053851, -50.190255, 11.615746],
    [1.226783, -8.414541, -36.948060], [-14.772472, 2.598255, -20.132003], [-7.180239, 4.751589, -23.536684],
    [0.555920, 6.562900, -25.944448], [8.272499, 4.661005, -23.695741], [15.214351, 2.643046, -20.858157]])


def pitch_yaw_roll(landmarks: Points, width: int) -> tuple[float, float, float]:
    """Radians, each within +-pi/2. pitch > 0 looks up; yaw > 0 turns to the image left.

    landmarks: (68, 2) in a picture `width` pixels wide. A face that cannot be posed is taken as looking straight ahead.
    """
    camera = np.array([[width, 0, width / 2], [0, width, width / 2], [0, 0, 1]], np.float64)
    try:
        _, rotation, _ = cv2.solvePnP(MODEL_HEAD, landmarks[POSED].astype(np.float64), camera, np.zeros((4, 1)))
        matrix = np.asarray(cv2.Rodrigues(rotation)[0], np.float64)
    except cv2.error:                   # the solver gave up: landmarks that no head can have
        return 0.0, 0.0, 0.0
    x, y, z = _euler(matrix)
    if not math.isfinite(x + y + z):
        return 0.0, 0.0, 0.0
    return -x, y, z


def _euler(r: NDArray[np.float64]) -> tuple[float, float, float]:
    """Angles about x, y, z of a rotation matrix, each cut to +-pi/2."""
    sy = math.hypot(r[0, 0], r[1, 0])
    y = math.atan2(-r[2, 0], sy)
    if sy >= 1e-6:
        x, z = math.atan2(r[2, 1], r[2, 2]), math.atan2(r[1, 0], r[0, 0])
    else:
        x, z = math.atan2(-r[1, 2], r[1, 1]), 0.0
    half = math.pi / 2
    return min(max(x, -half), half), min(max(y, -half), half), min(max(z, -half), half)


def yaw_of(faceset: FaceSet) -> FloatArray:
    """The yaw of every face, float32 (N,), radians, sign as in `pitch_yaw_roll`; about 0.3 ms a face."""
    return np.array([pitch_yaw_roll(face.landmarks, face.width)[1] for face in faceset.faces], np.float32)
