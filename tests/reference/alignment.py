"""The crop of a face type from 68 landmarks, in float64. Source: facts/files.md 3.1 and 4.1 to 4.3; Umeyama,
"Least-squares estimation of transformation parameters between two point patterns", 1991.
"""

from __future__ import annotations

import numpy as np

PADDING = {
    "half_face": 0.0, "midfull_face": 0.0675, "full_face": 0.2109375, "full_face_no_align": 0.2109375,
    "whole_face": 0.40, "head": 0.70, "head_no_align": 0.70,
}
FITTED = [*range(17, 49), 54]
TEMPLATE = np.array([
    (0.000213256, 0.106454), (0.0752622, 0.038915), (0.18113, 0.0187482), (0.29077, 0.0344891), (0.393397, 0.0773906),
    (0.586856, 0.0773906), (0.689483, 0.0344891), (0.799124, 0.0187482), (0.904991, 0.038915), (0.98004, 0.106454),
    (0.490127, 0.203352), (0.490127, 0.307009), (0.490127, 0.409805), (0.490127, 0.515625), (0.36688, 0.587326),
    (0.426036, 0.609345), (0.490127, 0.628106), (0.554217, 0.609345), (0.613373, 0.587326), (0.121737, 0.216423),
    (0.187122, 0.178758), (0.265825, 0.179852), (0.334606, 0.231733), (0.260918, 0.245099), (0.182743, 0.244077),
    (0.645647, 0.231733), (0.714428, 0.179852), (0.793132, 0.178758), (0.858516, 0.216423), (0.79751, 0.244077),
    (0.719335, 0.245099), (0.254149, 0.780233), (0.726104, 0.780233),
])


def similarity(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear part (2, 2) and shift (2,) of the least-squares similarity."""
    mean_s, mean_t = source.mean(axis=0), target.mean(axis=0)
    s, t = source - mean_s, target - mean_t
    covariance = t.T @ s / len(source)
    u, values, vt = np.linalg.svd(covariance)
    signs = np.array([1.0, -1.0 if np.linalg.det(covariance) < 0 else 1.0])
    scale = (values @ signs) / s.var(axis=0).sum()
    linear = scale * u @ np.diag(signs) @ vt
    return linear, mean_t - linear @ mean_s


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def head_turn(landmarks: np.ndarray, linear: np.ndarray, shift: np.ndarray) -> float:
    """The sideways move of a head's crop, in unit widths."""
    a = landmarks @ linear.T + shift
    left = np.mean([a[27, 0] - a[0, 0], a[28, 0] - a[1, 0], a[29, 0] - a[2, 0]])
    right = np.mean([a[16, 0] - a[27, 0], a[15, 0] - a[28, 0], a[14, 0] - a[29, 0]])
    yaw = right - left
    return float(yaw * abs(np.tanh(2 * yaw)))


def alignment(landmarks: np.ndarray, side: int, face_type: str, scale: float = 1.0) -> np.ndarray:
    """(2, 3), picture to crop of `side` pixels."""
    linear, shift = similarity(landmarks[FITTED], TEMPLATE)
    back = np.linalg.inv(linear)
    p00, p10, p11, p01, centre = ((np.array(c) - shift) @ back.T for c in ((0, 0), (1, 0), (1, 1), (0, 1), (0.5, 0.5)))
    down, up = unit(p11 - p00), unit(p10 - p01)
    half = np.linalg.norm(p00 - p11) / scale * (PADDING[face_type] * np.sqrt(2) + 0.5)
    if face_type == "whole_face":
        centre = centre + 0.07 * (p00 - p01)
    if face_type == "head":
        centre = centre - (p00 - p10) * head_turn(landmarks, linear, shift) / 2 + 0.5 * (p00 - p01)
    if face_type.endswith("no_align"):
        corners = np.array([centre - down * half, centre + up * half, centre + down * half, centre - up * half])
        x, y = corners.T
        s = np.sqrt(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2) / 2
        three = centre + s * np.array([(-1, -1), (1, -1), (1, 1)])
    else:
        three = np.array([centre - down * half, centre + up * half, centre + down * half])
    wanted = np.array([(0, 0), (side, 0), (side, side)], np.float64)
    return np.linalg.solve(np.hstack([three, np.ones((3, 1))]), wanted).T
