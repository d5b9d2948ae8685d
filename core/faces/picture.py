"""The pixels of a face: its JPEG, its baked mask, and the crop of either in another face type's frame."""

import math
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.faces.align import alignment
from core.faces.face import Face, FloatArray, InJpeg, Matrix, UInt8Array, UnusableFaceError
from core.faces.face_type import FaceType
from core.faces.file_bytes import inflated, opened, read_at
from core.faces.jpeg import CUT_OFF, jpeg_facts
from core.faces.mask import hull_mask
from core.faces.mask_size import encoded_size
from core.settings.error import FaceFileError

MAX_SUPERSAMPLED_PX = 4096              # side of the finest crop that is drawn on the way to a small one


def read_jpeg(face: Face) -> bytes:
    """The face's JPEG file. FaceFileError when it is gone or no longer the file that was opened."""
    return _part(face, InJpeg(0, face.inflated or face.length))


def encoded_mask(face: Face) -> bytes | None:
    """The baked mask as it is stored, a PNG or JPEG; None when there is none. FaceFileError as `read_jpeg`."""
    if not isinstance(face.xseg, InJpeg):
        return face.xseg
    encoded = _part(face, face.xseg)
    if encoded_size(encoded) is None:           # bounds what is decoded, as when the set was opened
        raise FaceFileError(f"the mask of {face.name} in {face.path.parent} was exchanged",
                            hint="open the face set again")
    return encoded


def _part(face: Face, part: InJpeg) -> bytes:
    """Bytes of the face's JPEG. An archive's is inflated whole for that."""
    try:
        with opened(face.path) as (descriptor, size):
            if face.offset + face.length > size:
                raise UnusableFaceError(CUT_OFF, "became shorter since it was opened")
            if not face.inflated:
                return read_at(descriptor, part.length, face.offset + part.offset)
            jpeg = inflated(read_at(descriptor, face.length, face.offset), face.inflated)
            return jpeg[part.offset:part.offset + part.length]
    except UnusableFaceError as error:
        raise FaceFileError(f"{face.path} {error}", hint="put the file back, or open the face set again") from error


def read_image(face: Face) -> UInt8Array:
    """The face decoded, uint8 (h, w, 3), BGR. FaceFileError when the pixels cannot be decoded."""
    jpeg = read_jpeg(face)
    try:
        jpeg_facts(jpeg)                # again: the file may have been exchanged, and sizes bound what is decoded
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except (UnusableFaceError, cv2.error) as error:
        raise FaceFileError(f"{face.name} in {face.path.parent} cannot be decoded: it {error}") from error
    if image is None or image.shape != (face.height, face.width, 3):
        raise FaceFileError(f"{face.name} in {face.path.parent} cannot be decoded or was exchanged",
                            hint="extract this face again, or open the face set again")
    return np.asarray(image, np.uint8)


def read_xseg(face: Face) -> FloatArray | None:
    """The baked mask at the picture's size, float32 (h, w), 0..1; None when there is none."""
    encoded = encoded_mask(face)
    if encoded is None:
        return None
    try:
        levels = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        levels = None
    if levels is None or levels.dtype != np.uint8:
        raise FaceFileError(f"the mask of {face.name} in {face.path.parent} cannot be decoded",
                            hint="apply XSeg to this face again")
    if levels.ndim == 3:
        levels = levels[:, :, 0]
    mask: FloatArray = levels.astype(np.float32) / np.float32(255)
    if mask.shape != (face.height, face.width):
        mask = np.asarray(cv2.resize(mask, (face.width, face.height), interpolation=cv2.INTER_CUBIC), np.float32)
    return np.clip(mask, np.float32(0), np.float32(1))


def face_mask(face: Face) -> FloatArray:
    """What training takes for the face, float32 (h, w), 0..1: the baked mask, else the landmarks' hull."""
    mask = read_xseg(face)
    return hull_mask((face.height, face.width), face.landmarks, face.eyebrows_expand) if mask is None else mask


def crop_image(image: UInt8Array, face: Face, face_type: FaceType, side_px: int,
               *, antialias: bool = True) -> UInt8Array:
    """The picture (h, w, 3) in the frame of `face_type`, uint8 (side_px, side_px, 3); its edge is repeated outside.

    Without antialiasing it is the original's bicubic crop, which takes single pixels out of a large picture.
    """
    cropped = _crop(image, face, Frame(face_type, side_px), FOR_IMAGES, antialias=antialias)
    return np.asarray(cropped, np.uint8)


def crop_plane(plane: FloatArray, face: Face, face_type: FaceType, side_px: int,
               *, antialias: bool = True) -> FloatArray:
    """A mask (h, w) in the frame of `face_type`, float32 (side_px, side_px); nothing outside the picture."""
    cropped = _crop(plane, face, Frame(face_type, side_px), FOR_PLANES, antialias=antialias)
    return np.asarray(cropped, np.float32)


class Frame(NamedTuple):
    """The square that a crop fills."""

    face_type: FaceType
    side_px: int


class Filter(NamedTuple):
    """How pixels are read between and beyond the stored ones."""

    interpolation: int
    border: int


FOR_IMAGES = Filter(cv2.INTER_CUBIC, cv2.BORDER_REPLICATE)
FOR_PLANES = Filter(cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)


def _crop(pixels: NDArray[Any], face: Face, frame: Frame, reading: Filter, *, antialias: bool) -> NDArray[Any]:
    """`pixels` may be smaller than the face's picture (a mask drawn small); landmarks are scaled to them."""
    height, width = pixels.shape[:2]
    side_px, (interpolation, border) = frame.side_px, reading
    size = (side_px, side_px)
    if face.face_type in (frame.face_type, FaceType.mve_custom):      # the same frame, or one that nobody can align
        if (height, width) == size:
            return pixels.copy()
        shrinks = antialias and min(height, width) > side_px
        return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrinks else interpolation)
    landmarks = face.landmarks * [width / face.width, height / face.height]
    matrix = alignment(landmarks, side_px, frame.face_type)
    finer = _finer(matrix, side_px) if antialias else 1
    if finer == 1:
        return cv2.warpAffine(pixels, matrix, size, flags=interpolation, borderMode=border)
    matrix = matrix * finer
    matrix[:, 2] += (finer - 1) / 2                             # pixel centres, not corners, are the integers
    fine_size = (side_px * finer, side_px * finer)
    fine = cv2.warpAffine(pixels, matrix, fine_size, flags=interpolation, borderMode=border)
    return cv2.resize(fine, size, interpolation=cv2.INTER_AREA)


def _finer(matrix: Matrix, side_px: int) -> int:
    """How many times finer a crop must be drawn so that no pixel of the picture is jumped over."""
    pixels_a_pixel = 1 / math.sqrt(max(abs(float(np.linalg.det(matrix[:, :2]))), 1e-12))
    return max(1, min(math.ceil(pixels_a_pixel - 0.1), MAX_SUPERSAMPLED_PX // side_px))
