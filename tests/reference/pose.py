"""Pitch, yaw and roll from landmarks. Source: facts/files.md 7 (3-D points, camera, angles); facts/samples.md 8 (yaw
bins).

The original asks OpenCV's iterative solvePnP: a direct linear transform (Hartley and Zisserman, "Multiple view
geometry", 7.1), then least squares of the reprojection error. Here the same by Gauss-Newton with damping (Levenberg
1944, Marquardt 1963). The start decides: the linear one often lands *behind the camera* (negative depth, all
perspective reversed), and the error has a minimum there too. The original's angles are those, so `solve` starts there
as well; `frontal_start` leads to the pose in front of the camera.
"""

from __future__ import annotations

import numpy as np

INDEXES = (*range(27), *range(30, 36))
POINTS = np.array([
    (-73.393523, -29.801432, 47.667532), (-72.775014, -10.949766, 45.909403), (-70.533638, 7.929818, 44.842580),
    (-66.850058, 26.074280, 43.141114), (-59.790187, 42.564390, 38.635298), (-48.368973, 56.481080, 30.750622),
    (-34.121101, 67.246992, 18.456453), (-17.875411, 75.056892, 3.609035), (0.098749, 77.061286, -0.881698),
    (17.477031, 74.758448, 5.181201), (32.648966, 66.929021, 19.176563), (46.372358, 56.311389, 30.770570),
    (57.343480, 42.419126, 37.628629), (64.388482, 25.455880, 40.886309), (68.212038, 6.990805, 42.281449),
    (70.486405, -11.666193, 44.142567), (71.375822, -30.365191, 47.140426), (-61.119406, -49.361602, 14.254422),
    (-51.287588, -58.769795, 7.268147), (-37.804800, -61.996155, 0.442051), (-24.022754, -61.033399, -6.606501),
    (-11.635713, -56.686759, -11.967398), (12.056636, -57.391033, -12.051204), (25.106256, -61.902186, -7.315098),
    (38.338588, -62.777713, -1.022953), (51.191007, -59.302347, 5.349435), (60.053851, -50.190255, 11.615746),
    (1.226783, -8.414541, -36.948060), (-14.772472, 2.598255, -20.132003), (-7.180239, 4.751589, -23.536684),
    (0.555920, 6.562900, -25.944448), (8.272499, 4.661005, -23.695741), (15.214351, 2.643046, -20.858157),
])
BINS = 128
WIDEST = 1.2


def rotation(vector: np.ndarray) -> np.ndarray:
    """Rodrigues: (3,) axis times angle to (3, 3)."""
    angle = np.linalg.norm(vector)
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def project(pose: np.ndarray, width: float) -> np.ndarray:
    """The points (33, 2) in pixels. pose: rotation vector and translation (6,). Focal length = width, centre =
    middle.
    """
    seen = POINTS @ rotation(pose[:3]).T + pose[3:]
    return width * seen[:, :2] / seen[:, 2:] + width / 2.0


def wanted_points(landmarks: np.ndarray) -> np.ndarray:
    return np.asarray(landmarks, np.float64)[list(INDEXES)]


def axis_angle(matrix: np.ndarray) -> np.ndarray:
    """The inverse of `rotation`; not for half turns."""
    sine = np.array([matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]]) / 2
    angle = np.arctan2(np.linalg.norm(sine), (np.trace(matrix) - 1) / 2)
    return sine if angle < 1e-9 else sine * angle / np.linalg.norm(sine)


def linear_start(landmarks: np.ndarray, width: float) -> np.ndarray:
    """The pose (6,) of the direct linear transform: smallest singular vector, nearest rotation, sign by its
    determinant.
    """
    x, y = ((wanted_points(landmarks) - width / 2.0) / width).T
    spread, zero = np.hstack([POINTS, np.ones((len(POINTS), 1))]), np.zeros((len(POINTS), 4))
    rows = np.vstack([
        np.hstack([spread, zero, -x[:, None] * spread]),
        np.hstack([zero, spread, -y[:, None] * spread]),
    ])
    camera = np.linalg.svd(rows)[2][-1].reshape(3, 4)
    camera = camera if np.linalg.det(camera[:, :3]) > 0 else -camera
    u, _, vt = np.linalg.svd(camera[:, :3])
    scale = np.sqrt(3.0) / np.linalg.norm(camera[:, :3])
    return np.concatenate([axis_angle(u @ vt), camera[:, 3] * scale])


def frontal_start(landmarks: np.ndarray, width: float) -> np.ndarray:
    return np.array([0.0, 0.0, 0.0, 0.0, 0.0, 140.0 * width / np.ptp(wanted_points(landmarks)[:, 0])])


def solve(landmarks: np.ndarray, width: float, start: np.ndarray | None = None, rounds: int = 200) -> np.ndarray:
    """The pose (6,) of least squared reprojection error next to `start` (the linear one if None)."""
    wanted = wanted_points(landmarks)
    pose = linear_start(landmarks, width) if start is None else start
    damping, error = 1e-3, project(pose, width) - wanted
    step = np.diag([1e-6] * 3 + [1e-4] * 3)
    for _ in range(rounds):
        slopes = np.stack(
            [(project(pose + d, width) - project(pose - d, width)).ravel() / (2 * d.sum()) for d in step], axis=1)
        normal = slopes.T @ slopes
        move = -np.linalg.solve(normal + damping * np.diag(np.diag(normal)), slopes.T @ error.ravel())
        tried = project(pose + move, width) - wanted
        if np.sum(tried**2) <= np.sum(error**2):
            pose, error, damping = pose + move, tried, damping / 10
        else:
            damping *= 10
        if np.abs(move).max() < 1e-12 or damping > 1e12:
            break
    return pose


def angles(matrix: np.ndarray) -> tuple[float, float, float]:
    """(pitch, yaw, roll) of a rotation matrix, radians, each limited to a quarter turn, pitch negated."""
    s = np.hypot(matrix[0, 0], matrix[1, 0])
    if s >= 1e-6:
        x, z = np.arctan2(matrix[2, 1], matrix[2, 2]), np.arctan2(matrix[1, 0], matrix[0, 0])
    else:
        x, z = np.arctan2(-matrix[1, 2], matrix[1, 1]), 0.0
    y = np.arctan2(-matrix[2, 0], s)
    quarter = np.pi / 2
    pitch, yaw, roll = (float(np.clip(v, -quarter, quarter)) for v in (x, y, z))
    return -pitch, yaw, roll


def pitch_yaw_roll(landmarks: np.ndarray, width: float) -> tuple[float, float, float]:
    """Radians. yaw > 0: the face turns to the image left."""
    return angles(rotation(solve(landmarks, width)[:3]))


def yaw_bin(yaw: float) -> int:
    """Bin 0..127 of s = -yaw: edges linspace(-1.2, 1.2, 128); below the second edge bin 0, from 1.2 on bin 127."""
    edges = np.linspace(-WIDEST, WIDEST, BINS)
    return int(np.clip(np.searchsorted(edges, -yaw, side="right") - 1, 0, BINS - 1))
