"""What is measured where the likeness network is missing: how far a face has left the destination. Not likeness.

A linear probe on gradient histograms, source against destination. It takes a stranger half for the source (52 of 59
points), so a drop may be read from it and no target (likeness/README.md 8). Ridge in float64, plain numpy.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.faces.face import UInt8Array
from core.watch.choice import FEWEST
from core.watch.scale import Faces, Scale

CELLS, ANGLES = 12, 8
NAME = "gradient histograms 12x12x8"
RIDGE = 1.0
LEAST_GAP = 0.5         # of the probe's two classes at 1 and -1: below it they are not told apart


class Gradients:
    """Describes chips by histograms of gradients: the stand-in of the embedder."""

    def embed(self, chips: UInt8Array) -> NDArray[np.float32]:
        """chips: uint8 (n, 150, 150, 3). Features float32 (n, 1152), each of length 1."""
        return np.stack([described(one) for one in chips]) if len(chips) else np.empty((0, CELLS * CELLS * ANGLES),
                                                                                       np.float32)


def described(chip: UInt8Array) -> NDArray[np.float32]:
    """The histograms of one chip: which way edges run in each of 12 x 12 cells, by strength."""
    gray = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gx, gy = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    strength = np.hypot(gx, gy)
    angle = (np.arctan2(gy, gx) % np.pi) * (ANGLES / np.pi)
    side = chip.shape[0]
    row = np.arange(side) * CELLS // side
    cell = (row[:, None] * CELLS + row[None, :]) * ANGLES + np.minimum(angle.astype(np.int64), ANGLES - 1)
    sums = np.bincount(cell.ravel(), strength.ravel(), CELLS * CELLS * ANGLES)
    roots = np.sqrt(sums)       # few strong edges (brows) must not be all there is
    return np.asarray(roots / max(float(np.linalg.norm(roots)), 1e-9), np.float32)


def make_departure(references: Faces, probes: Faces, why: str) -> Scale:
    """The scale of a departure: 0 the destination, 100 the source's mean. why: what is wrong with the network."""
    yaw, count = np.degrees(probes.pose[:, 1]), len(probes.names)
    nearest = np.zeros((count, 0), np.int64)
    if min(len(references.names), count) < FEWEST:
        few = f"not enough faces to measure the departure from the destination: {FEWEST} of each are needed"
        return Scale("departure", NAME, references.names, probes.names, np.zeros((2, 1), np.float32), nearest,
                     np.zeros(count), 0.0, yaw, few)
    x = np.concatenate([references.features, probes.features]).astype(np.float64)
    y = np.concatenate([np.ones(len(references.names)), -np.ones(count)])
    centre = x.mean(axis=0)
    rest = x - centre
    dual = np.linalg.solve(rest @ rest.T + RIDGE * np.eye(len(x)), y - y.mean())
    direction = rest.T @ dual
    offset = float((references.features.astype(np.float64) @ direction).mean())
    floor = offset - probes.features.astype(np.float64) @ direction
    kept = np.stack([direction, np.full(len(direction), offset)]).astype(np.float32)
    trouble = "" if floor.mean() >= LEAST_GAP else f"the two people cannot be told apart without the network: {why}"
    return Scale("departure", NAME, references.names, probes.names, kept, nearest, floor, 0.0, yaw, trouble)
