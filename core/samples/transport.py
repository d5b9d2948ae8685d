"""Colour transfers that move whole distributions: idt and sot (facts/samples.md 7.1).

Both turn the colours at random and fit one axis at a time. The originals do that for every pixel and take 0.3 to 1 s a
sample; here the move is fitted on a few pixels, known at the corners of a cube of colours, and read off between them.
It is one map of colours, so equal colours stay equal, and input and target of a sample can share it.
The originals' own way is here too, for parity. Knows no streams: rotations and directions are given.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.samples.transfer import Mask, Picture, inside, pixels_of

IDT_ROUNDS = 20             # each moves by a twentieth: 64 % of the way in all
SOT_STEPS, SOT_DIRECTIONS = 10, 5
IDT_NORMALS, SOT_NORMALS = 4 * IDT_ROUNDS, 3 * SOT_STEPS * SOT_DIRECTIONS

MOST_FITTED = 1024          # pixels of each picture that the move is fitted on
CUBE = 13                   # corners of the cube along an axis
_BINS = 256
_SMOOTH_COLOUR, _SMOOTH_SPACE = 5.0, 16.0

Floats = NDArray[np.float32]


def rotations(normals: NDArray[np.float64]) -> Floats:
    """Turns of space, every one equally likely, (20, 3, 3), from IDT_NORMALS normals: unit quaternions."""
    w, x, y, z = (normals.reshape(-1, 4) / np.linalg.norm(normals.reshape(-1, 4), axis=1, keepdims=True)).T
    return np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
                     2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                     2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
                    axis=1).reshape(-1, 3, 3).astype(np.float32)


def directions(normals: NDArray[np.float64]) -> Floats:
    """Unit vectors, (10, 5, 3), from SOT_NORMALS normals."""
    vectors = normals.reshape(SOT_STEPS, SOT_DIRECTIONS, 3)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def idt(picture: Picture, partner: Picture, turns: Floats, mask: Mask = None, partner_mask: Mask = None) -> Picture:
    """Moves the picture's colours 64 % of the way towards the partner's distribution."""
    own, theirs = _few(picture, mask), _few(partner, partner_mask)
    moved: Floats = np.concatenate([own, _corners()])
    for turn in turns:
        here, there = moved @ turn.T, theirs @ turn.T
        fitted = np.stack([_quantiles(here[:, axis], len(own), there[:, axis]) for axis in range(3)], axis=1)
        moved += (fitted - here) @ turn / np.float32(len(turns))
    return _through(picture, moved[len(own):])


def sot(picture: Picture, partner: Picture, ways: Floats, mask: Mask = None, partner_mask: Mask = None) -> Picture:
    """Moves the picture's colours onto the partner's distribution, seen from many sides."""
    own, theirs = _few(picture, mask), _few(partner, partner_mask)
    moved: Floats = np.concatenate([own, _corners()])
    for step in ways:
        here, there = moved @ step.T, theirs @ step.T
        steps = [_quantiles(here[:, k], len(own), there[:, k]) - here[:, k] for k in range(len(step))]
        moved += np.stack(steps, axis=1) @ step / np.float32(len(step))
    return _through(picture, moved[len(own):])


def _few(picture: Picture, mask: Mask) -> Floats:
    """At most MOST_FITTED pixels inside the mask, evenly taken."""
    pixels = pixels_of(picture, inside(mask))
    return np.asarray(pixels[np.linspace(0, len(pixels) - 1, min(len(pixels), MOST_FITTED)).astype(int)])


def _corners() -> Floats:
    """The colours at the cube's corners, (CUBE^3, 3), blue slowest."""
    line = np.linspace(0, 1, CUBE, dtype=np.float32)
    return np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)


def _quantiles(values: Floats, fitted: int, targets: Floats) -> Floats:
    """Where each value goes when the first `fitted` ones are to be spread as `targets` are: equal ranks meet.

    Equal values go to the mean of their goals. Beyond the fitted range a value keeps its distance from the range's end.
    """
    own = np.sort(values[:fitted])
    goals = np.interp(np.linspace(0, 1, len(own)), np.linspace(0, 1, len(targets)), np.sort(targets))
    first = np.flatnonzero(np.concatenate([[True], own[1:] != own[:-1]]))
    goals = np.add.reduceat(goals, first) / np.diff(first, append=len(own))
    own = own[first]
    near = np.clip(values, own[0], own[-1])
    return np.asarray(np.interp(near, own, goals) + (values - near), np.float32)


def _through(picture: Picture, corners: Floats) -> Picture:
    """Every pixel moved as the cube says at its colour, linear between the corners.

    The cube lies in a picture, one square for each blue, so that cv2.remap reads two axes and a mix the third.
    """
    squares = (corners - _corners()).reshape(CUBE * CUBE, CUBE, 3)
    place = np.clip(picture, 0, 1) * np.float32(CUBE - 1)
    below = np.minimum(np.floor(place[..., 0]), CUBE - 2)
    share = (place[..., 0] - below)[..., None]
    rows = place[..., 1] + below * CUBE
    lower, upper = (np.asarray(cv2.remap(squares, place[..., 2], rows + shift, cv2.INTER_LINEAR,
                                         borderMode=cv2.BORDER_REPLICATE), np.float32) for shift in (0, CUBE))
    return np.asarray(np.clip(picture + lower + share * (upper - lower), 0, 1), np.float32)


# --- the originals' way --------------------------------------------------------------------------------------------
def idt_dfl(picture: Picture, partner: Picture, turns: Floats) -> Picture:
    """As the original: whole pictures, histograms of 256 bins, and 0 for what falls into the lowest of them."""
    moved, theirs = picture.reshape(-1, 3).T, partner.reshape(-1, 3).T
    for turn in turns:
        here, there = turn @ moved, turn @ theirs
        fitted = np.stack([_histogram_matched(a, b) for a, b in zip(here, there, strict=True)])
        moved = (turn.T @ (fitted - here)) / np.float32(len(turns)) + moved
    return np.clip(moved.T.reshape(picture.shape), 0, 1).astype(np.float32)


def _histogram_matched(values: Floats, targets: Floats) -> Floats:
    bounds = (min(values.min(), targets.min()), max(values.max(), targets.max()))
    own, edges = np.histogram(values, _BINS, bounds)
    theirs, _ = np.histogram(targets, _BINS, bounds)
    here, there = (np.cumsum(one).astype(np.float32) / np.float32(one.sum()) for one in (own, theirs))
    goals = np.interp(here, there, edges[1:])
    return np.asarray(np.interp(values, edges[1:], goals, left=0, right=_BINS), np.float32)


def sot_dfl(picture: Picture, partner: Picture, ways: Floats) -> Picture:
    """As the original: all pixels by rank, then the change is smoothed by a bilateral filter of radius 24."""
    moved, theirs = picture.reshape(-1, 3).copy(), partner.reshape(-1, 3)
    for step in ways:
        change = np.zeros_like(moved)
        for way in step:
            here, there = (moved * way).sum(axis=-1), (theirs * way).sum(axis=-1)
            order = np.argsort(here)
            change[order] += (np.sort(there) - here[order])[:, None] * way
        moved += change / np.float32(len(step))
    difference = moved.reshape(picture.shape) - picture
    smooth = cv2.bilateralFilter(difference, 0, _SMOOTH_COLOUR, _SMOOTH_SPACE)
    return np.clip(picture + np.asarray(smooth, np.float32), 0, 1)
