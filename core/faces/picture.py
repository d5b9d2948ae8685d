"""The pixels of a face: its JPEG, its baked mask, and the crop of either in another face type's frame."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.faces.align import alignment
from core.faces.face import Face, FloatArray, Matrix, UInt8Array, UnusableFaceError
from core.faces.face_type import FaceType
from core.faces.file_bytes import opened, read_at
from core.faces.jpeg import CUT_OFF, jpeg_facts
from core.faces.mask import hull_mask
from core.settings.error import FaceFileError

MAX_SUPERSAMPLED_PX = 4096              # side of the finest crop that is drawn on the way to a small one


def read_jpeg(face: Face) -> bytes:
    """The face's JPEG file. FaceFileError when it is gone or no longer the file that was opened."""
    try:
        with opened(face.path) as (descriptor, size):
            if face.offset + face.length > size:
                raise UnusableFaceError(CUT_OFF, "became shorter since it was opened")
            return read_at(descriptor, face.length, face.offset)
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
    if face.xseg is None:
        return None
    try:
        levels = cv2.imdecode(np.frombuffer(face.xseg, np.uint8), cv2.IMREAD_UNCHANGED)
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
    cropped = _crop(image, face, face_type, side_px, cv2.INTER_CUBIC, cv2.BORDER_REPLICATE, antialias=antialias)
    return np.asarray(cropped, np.uint8)


def crop_plane(plane: FloatArray, face: Face, face_type: FaceType, side_px: int,
               *, antialias: bool = True) -> FloatArray:
    """A mask (h, w) in the frame of `face_type`, float32 (side_px, side_px); nothing outside the picture."""
    cropped = _crop(plane, face, face_type, side_px, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT, antialias=antialias)
    return np.asarray(cropped, np.float32)


def _crop(pixels: NDArray[Any], face: Face, face_type: FaceType, side_px: int,
          interpolation: int, border: int, *, antialias: bool) -> NDArray[Any]:
    """`pixels` may be smaller than the face's picture (a mask drawn small); landmarks are scaled to them."""
    height, width = pixels.shape[:2]
    size = (side_px, side_px)
    if face.face_type in (face_type, FaceType.mve_custom):      # the same frame, or one that nobody can align
        if (height, width) == size:
            return pixels.copy()
        shrinks = antialias and min(height, width) > side_px
        return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrinks else interpolation)
    landmarks = face.landmarks * [width / face.width, height / face.height]
    matrix = alignment(landmarks, side_px, face_type)
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
