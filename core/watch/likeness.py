"""From two face sets to a run's scale of likeness, and from swapped pictures to a reading of it.

It reads faces and cuts chips; what describes a chip (the network, or its stand-in) is handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.faces.align import alignment
from core.faces.cache import FaceCache
from core.faces.face import Face, FaceSet, Matrix, UInt8Array
from core.faces.face_type import FaceType
from core.faces.picture import face_mask, read_image
from core.faces.pose import pitch_yaw_roll
from core.settings.error import FaceFileError
from core.watch import blur
from core.watch.bootstrap import Interval, level
from core.watch.chip import chip_matrix, composed, masked_chip, soft_mask, whole_face_matrix
from core.watch.choice import PROBES, REFERENCES, cells_of, considered, spread_choice
from core.watch.scale import Faces, Scale, block_of, distances, scores

Floats = NDArray[np.float64]

LEAST_SIDE_PX = 48      # a smaller picture of a source face says nothing that the network could see
LEAST_MASK = 0.02       # of the picture: below it there is no mask worth the name
SPARE = 64              # references more than are kept, for those that are blurred
FIXED = (FaceType.whole_face, FaceType.full_face)


class Describer(Protocol):
    """Makes features of chips."""

    def embed(self, chips: UInt8Array) -> NDArray[np.float32]:
        """chips: uint8 (n, 150, 150, 3), RGB; features float32 (n, d)."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One reading: likeness and its interval, mean distance to the source, and of each probe distance and points."""

    likeness: Interval
    distance: float
    distances: Floats
    points: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """The probe faces as the model is given them: places in the set, pictures uint8 (n, R, R, 3) BGR, and how the swap
    of each becomes a chip: the same mask at every reading, so that the curve does not move with the mask head."""

    places: NDArray[np.int64]
    pictures: UInt8Array
    soft: NDArray[np.float32]
    matrices: tuple[Matrix, ...]


def reading_of(scale: Scale, features: NDArray[np.float32], picks: NDArray[np.int64]) -> Reading:
    """A reading from the features of the probes' swaps. picks: as core.watch.bootstrap.picks_of makes them."""
    far = distances(scale, features)
    points = scores(scale, far)
    return Reading(level(points, picks), float(far.mean()), far, points)


def poses(faces: Sequence[Face]) -> Floats:
    """Pitch and yaw of each, (n, 2), radians."""
    return np.array([pitch_yaw_roll(face.landmarks, face.width)[:2] for face in faces], np.float64).reshape(-1, 2)


def choose(faceset: FaceSet, wanted: int, draws: Floats, *, by_pitch: bool) -> NDArray[np.int64]:
    """Places of at most `wanted` faces, spread over yaw (and pitch) and over the footage. draws: `wanted` in [0, 1)."""
    among = considered(len(faceset.faces))
    pose = poses([faceset.faces[int(i)] for i in among])
    cells = cells_of(pose[:, 1], pose[:, 0] if by_pitch else None)
    return among[spread_choice(cells, wanted, draws)]


def choose_references(faceset: FaceSet, draws: Floats) -> NDArray[np.int64]:
    """Places of source faces, some more than are kept."""
    return choose(faceset, REFERENCES + SPARE, draws, by_pitch=True)


def choose_probes(faceset: FaceSet, draws: Floats) -> NDArray[np.int64]:
    """Places of destination faces."""
    return choose(faceset, PROBES, draws, by_pitch=False)


def own_chip(face: Face) -> UInt8Array:
    """The masked chip of a face from its own picture, RGB. Raises FaceFileError; ValueError where it has no mask."""
    picture, mask = read_image(face), face_mask(face)
    if float(mask.mean()) < LEAST_MASK:
        raise ValueError(f"{face.name} has no mask")
    soft = soft_mask(np.round(mask * 255).astype(np.uint8))
    return masked_chip(picture, soft, own_matrix(face))[..., ::-1]


def own_matrix(face: Face) -> Matrix:
    """From a face's own picture to the chip."""
    if face.face_type in FIXED and face.width == face.height:
        return chip_matrix(face.face_type, face.width, face.landmarks)
    side = max(face.width, face.height)
    return composed(whole_face_matrix(side), alignment(face.landmarks, side, FaceType.whole_face))


def described(faceset: FaceSet, places: NDArray[np.int64], describer: Describer, *, as_references: bool) -> Faces:
    """These faces in features; those that cannot be read or have no mask are left out, and of references the blurred
    and tiny ones too."""
    kept: list[int] = []
    chips: list[UInt8Array] = []
    for place in places.tolist():
        face = faceset.faces[place]
        if as_references and (len(kept) == REFERENCES or not is_reference(face)):
            continue
        try:
            chips.append(own_chip(face))
        except (FaceFileError, ValueError):     # said when the set was opened; likeness goes without it
            continue
        kept.append(place)
    faces = [faceset.faces[place] for place in kept]
    features = describer.embed(np.stack(chips) if chips else np.empty((0, 150, 150, 3), np.uint8))
    return Faces(tuple(f.name for f in faces), features, poses(faces), block_of(kept, max(1, len(faceset.faces))))


def is_reference(face: Face) -> bool:
    """Whether a source face is large and sharp enough to be compared with."""
    if min(face.width, face.height) < LEAST_SIDE_PX:
        return False
    try:
        return blur.measure(read_image(face)).kind == "sharp"
    except FaceFileError:
        return False


def probes_of(cache: FaceCache, names: Sequence[str]) -> Probes | None:
    """The probes of these names as the model is given them; None when one of them is gone."""
    opening = cache.opening()
    by_name = {face.name: place for place, face in enumerate(cache.faceset.faces)}
    if any(name not in by_name for name in names):
        return None
    places = [by_name[name] for name in names]
    faces = [cache.faceset.faces[place] for place in places]
    return Probes(np.array(places, np.int64), np.stack([cache.image(place) for place in places]),
                  np.stack([soft_mask(np.array(cache.mask(place))) for place in places]),
                  tuple(chip_matrix(opening.face_type, opening.side_px, face.landmarks) for face in faces))


def swap_chips(probes: Probes, swaps: UInt8Array) -> UInt8Array:
    """The chips of the probes' swaps, uint8 (n, R, R, 3) RGB."""
    return np.stack([masked_chip(picture, soft, matrix)
                     for picture, soft, matrix in zip(swaps, probes.soft, probes.matrices, strict=True)])
