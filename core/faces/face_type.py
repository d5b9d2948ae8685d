"""The numbers that DeepFaceLab gives to kinds of faces, samples and polygons (facts/files.md 1.1, 3.1)."""

from enum import IntEnum

from core.settings.error import FaceFileError


class FaceType(IntEnum):
    """How much of the head an aligned picture shows; a larger number contains a smaller one."""

    half_face = 0
    midfull_face = 1
    full_face = 2
    full_face_no_align = 3
    whole_face = 4
    mve_custom = 5
    head = 10
    head_no_align = 20
    mark_only = 100


class SampleType(IntEnum):
    """What an entry of a pak is; the original uses one."""

    image = 0
    face = 1


class PolygonType(IntEnum):
    """What a hand-drawn polygon does to the mask."""

    exclude = 0
    include = 1


PADDING: dict[FaceType, float] = {
    FaceType.half_face: 0.0,
    FaceType.midfull_face: 0.0675,
    FaceType.full_face: 0.2109375,
    FaceType.full_face_no_align: 0.2109375,
    FaceType.whole_face: 0.40,
    FaceType.head: 0.70,
    FaceType.head_no_align: 0.70,
}

KEEPS_ROTATION = frozenset({FaceType.full_face_no_align, FaceType.head_no_align})


def face_type_of(name: str) -> FaceType:
    """The face type called `name` in files and settings, in any case. FaceFileError for another."""
    found = FaceType.__members__.get(name.lower())
    if found is None:
        raise FaceFileError(f"face type {name[:40]!r} is not known", hint="use " + ", ".join(FaceType.__members__))
    return found
