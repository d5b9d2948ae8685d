"""From the dictionary in a face file to the checked fields of a face (facts/files.md 2.3, 5.1).

The same keys stand in a JPEG's APP15 and in a pak's table; the differences (enum or name, mask key) are all here.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from core.faces.face import FloatArray, Points, Polygon, UnusableFaceError, shown
from core.faces.face_type import FaceType, face_type_of
from core.faces.jpeg import DAMAGED
from core.faces.mask_size import encoded_size
from core.settings.error import FaceFileError

BAD_LANDMARKS, BAD_MASK, BAD_TYPE = "with unusable landmarks", "with an unusable mask", "of unknown face type"
MAX_MASK_BYTES = 1024 * 1024            # the original stops at 50,000
MAX_POLYGONS, MAX_POLYGON_POINTS = 1_000, 20_000       # of one face, all together
MAX_POLYGON_PX = 2**20
MAX_DISTANCE = 16                       # landmarks lie at most so many picture sides away from the origin
MIN_SPREAD_PX = 1.0                     # standard deviation of the landmarks in x and in y
MAX_EYEBROWS_EXPAND = 16.0              # the original's prompt ends at 4


@dataclass(frozen=True, slots=True, eq=False)
class Metadata:
    """What a face's dictionary says, checked. Fields as in `Face`."""

    face_type: FaceType
    landmarks: Points
    xseg: bytes | None
    polygons: tuple[Polygon, ...]
    eyebrows_expand: float
    source_filename: str
    person: str | None


def read_metadata(data: object, height: int, width: int) -> Metadata:
    """The fields of one face. `data` is whatever was in the file; UnusableFaceError says what is wrong with it."""
    if type(data) is not dict:
        raise UnusableFaceError(DAMAGED, "holds metadata that is not a dictionary")
    person = data.get("person_name")
    mask = data.get("xseg_mask_compressed")
    return Metadata(
        _face_type(data.get("face_type", FaceType.full_face)),
        _landmarks(data.get("landmarks"), max(height, width)),
        _mask(data.get("xseg_mask") if mask is None else mask),
        _polygons(data.get("seg_ie_polys")),
        _eyebrows_expand(data.get("eyebrows_expand_mod")),
        _name(data.get("source_filename")),
        _name(person) if person is not None else None,
    )


def _face_type(value: object) -> FaceType:
    try:
        if isinstance(value, str):
            return face_type_of(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return FaceType(value)
    except (FaceFileError, ValueError):
        pass
    raise UnusableFaceError(BAD_TYPE, f"has the unknown face type {_short(value)}")


def _short(value: object) -> str:
    """A value from a file, for a sentence. Containers are named, not printed: they may be endless."""
    return repr(value)[:40] if isinstance(value, str | int | float | None) else f"of type {type(value).__name__}"


def _landmarks(value: object, side: int) -> Points:
    if value is None:
        raise UnusableFaceError(BAD_LANDMARKS, "has no landmarks")
    points = _points(value, 68)
    if points is None or points.shape[0] != 68:
        raise UnusableFaceError(BAD_LANDMARKS, "has landmarks that are not 68 points")
    if not np.isfinite(points).all():
        raise UnusableFaceError(BAD_LANDMARKS, "has landmarks that are not finite numbers")
    if np.abs(points).max() > MAX_DISTANCE * side:
        raise UnusableFaceError(BAD_LANDMARKS, f"has landmarks {np.abs(points).max():,.7g} pixels off the picture")
    if points.std(axis=0).min() < MIN_SPREAD_PX or points[17:49].std(axis=0).min() < MIN_SPREAD_PX:
        raise UnusableFaceError(BAD_LANDMARKS, "has landmarks that lie on one spot or line")
    return points


def _points(value: object, limit: int) -> Points | None:
    """(n, 2) float64 from an array or from a list of pairs, at most `limit` of them; None if it is neither.

    Looks at every level itself: NumPy would walk nested lists without end.
    """
    if isinstance(value, np.ndarray):
        if value.ndim != 2 or value.shape[1] != 2 or not 0 < value.shape[0] <= limit or value.dtype.kind not in "fiu":
            return None
        return value.astype(np.float64)
    if not isinstance(value, list | tuple) or not 0 < len(value) <= limit:
        return None
    flat: list[float] = []
    for pair in value:
        if isinstance(pair, np.ndarray) and pair.shape == (2,) and pair.dtype.kind in "fiu":
            pair = pair.tolist()
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            return None
        flat += pair
    if not all(isinstance(number, float | int) for number in flat):
        return None
    return np.array(flat, np.float64).reshape(-1, 2)


def _mask(value: object) -> bytes | None:
    """The encoded mask, its header looked at but its pixels not decoded. Early paks hold plain float arrays."""
    if value is None:
        return None
    if not isinstance(value, np.ndarray):
        raise UnusableFaceError(BAD_MASK, f"has a mask {_short(value)} where an array is expected")
    if value.dtype == np.uint8 and (value.ndim == 1 or (value.ndim == 2 and 1 in value.shape)):
        encoded = value.tobytes()
    else:
        encoded = _encoded(value)
    if len(encoded) > MAX_MASK_BYTES:
        raise UnusableFaceError(BAD_MASK, f"has a mask of {len(encoded):,} bytes, the limit is {MAX_MASK_BYTES:,}")
    if encoded_size(encoded) is None:
        raise UnusableFaceError(BAD_MASK, "has a mask that is neither a PNG nor a JPEG of usable size")
    return encoded


def _encoded(mask: np.ndarray) -> bytes:
    if mask.dtype.kind not in "fu" or mask.ndim not in (2, 3) or mask.shape[2:] not in ((), (1,)) or mask.size == 0:
        raise UnusableFaceError(BAD_MASK, f"has a mask of shape {mask.shape} and type {mask.dtype}")
    scale = 255.0 if mask.dtype.kind == "f" else 1.0
    levels = np.clip(np.nan_to_num(mask.astype(np.float32)) * scale, 0, 255).astype(np.uint8)
    done, encoded = cv2.imencode(".png", levels)
    if not done:
        raise UnusableFaceError(BAD_MASK, f"has a mask of shape {mask.shape} that cannot be packed")
    return bytes(encoded.tobytes())


def _polygons(value: object) -> tuple[Polygon, ...]:
    """Current form {'polys': [{'type', 'pts'}]}, early form [(type, pts)]. They are kept for masks by hand, so a broken
    one is an error and not a smaller mask."""
    if value is None:
        return ()
    entries = value.get("polys", ()) if type(value) is dict else value
    if not isinstance(entries, list | tuple) or len(entries) > MAX_POLYGONS:
        raise UnusableFaceError(BAD_MASK, "has mask polygons in an unknown form")
    polygons = tuple(polygon for entry in entries if (polygon := _polygon(entry)) is not None)
    if sum(len(polygon.points) for polygon in polygons) > MAX_POLYGON_POINTS:
        raise UnusableFaceError(BAD_MASK, f"has mask polygons of more than {MAX_POLYGON_POINTS:,} points")
    return polygons


def _polygon(entry: object) -> Polygon | None:
    if type(entry) is dict:
        kind, value = entry.get("type"), entry.get("pts")
    elif isinstance(entry, list | tuple) and len(entry) == 2:
        kind, value = entry
    else:
        raise UnusableFaceError(BAD_MASK, "has a mask polygon in an unknown form")
    if (isinstance(value, np.ndarray) and value.size == 0) or (isinstance(value, list | tuple) and not value):
        return None                     # begun and never drawn
    points = _points(value, MAX_POLYGON_POINTS)
    is_right = points is not None and bool((np.abs(points) < MAX_POLYGON_PX).all())     # NaN is not smaller either
    if points is None or not is_right or not isinstance(kind, int) or kind not in (0, 1):
        raise UnusableFaceError(BAD_MASK, "has a mask polygon whose points are not pixels")
    return Polygon(kind == 1, _as_float32(points))


def _as_float32(points: Points) -> FloatArray:
    return points.astype(np.float32)


def _eyebrows_expand(value: object) -> float:
    if value is None:
        return 1.0
    if not isinstance(value, float | int) or not math.isfinite(value) or not 0 <= value <= MAX_EYEBROWS_EXPAND:
        raise UnusableFaceError(BAD_LANDMARKS, f"has the eyebrow factor {_short(value)}, usual are 1 to 4")
    return float(value)


def _name(value: object) -> str:
    return shown(value) if isinstance(value, str) else ""
