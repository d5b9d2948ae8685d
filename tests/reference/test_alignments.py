"""Crops of every face type: the restatement against what the original recorded, and the product against both."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.faces import align
from core.faces.face_type import face_type_of

from . import alignment

FACES = json.loads((Path(__file__).parents[1] / "data" / "reference" / "alignments.json").read_text())


def cases(face: str):
    for name, matrix in FACES[face]["mats"].items():
        kind, side, scale = name.rsplit("_", 2)
        yield kind, int(side), float(scale[1:]), np.array(matrix)


def corners_apart(a: np.ndarray, b: np.ndarray, side: int) -> float:
    """How far, in crop pixels, two crops are apart at the places of b's corners."""
    square = np.array([(0, 0), (side, 0), (side, side), (0, side)]) - b[:, 2]
    places = square @ np.linalg.inv(b[:, :2]).T
    return float(np.abs(places @ (a - b)[:, :2].T + (a - b)[:, 2]).max())


@pytest.mark.parametrize("face", FACES)
def test_crops_are_those_of_the_original_and_of_the_product(face):
    landmarks = np.array(FACES[face]["landmarks"])
    for kind, side, scale, recorded in cases(face):
        found = alignment.alignment(landmarks, side, kind, scale)
        # the original's corners are float32: 2.5e-4 px (facts/files.md 4.3)
        assert corners_apart(found, recorded, side) < 5e-4, kind
        product = align.alignment(landmarks, side, face_type_of(kind), scale)
        assert corners_apart(product, found, side) < 5e-4, kind


def test_the_similarity_is_the_same_for_mirrored_points_too():
    state = np.random.RandomState(3)
    for _ in range(4):
        source, target = state.rand(2, 20, 2)
        linear, shift = alignment.similarity(source, target * [1, -1])
        found = align.similarity(source, target * [1, -1])
        assert found == pytest.approx(np.hstack([linear, shift[:, None]]), abs=1e-9)
