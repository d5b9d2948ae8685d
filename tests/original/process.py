"""The original's sample pipeline on our faces: its order of operations and its interpolations (facts/samples.md 5, 10).

Reading, alignment and masks are `core.faces`; what is here is only what `core.samples` does otherwise: the crop without
antialiasing and in floats, two streams from one seed, a geometry for every output, eyes and mouth stretched to 1.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from core.faces.align import alignment
from core.faces.face import Face
from core.faces.face_type import FaceType
from core.faces.mask import eyes_mask, mouth_mask
from core.faces.picture import face_mask, read_image
from tests.original.warp_params import WarpParams, apply_warp, gen_warp_params


@dataclass(frozen=True)
class OriginalSample:
    """What a step of SAEHD gets of one face: float32, (R, R, 3) BGR and (R, R, 1), 0..1."""

    warped: np.ndarray
    target: np.ndarray
    mask: np.ndarray
    eyes_mouth: np.ndarray


def process(face: Face, face_type: FaceType, side_px: int, *, seed: int, flip: bool) -> OriginalSample:
    """The four outputs of one face. Each makes its geometry anew from the same seed, as the original does."""
    picture = _crop(read_image(face).astype(np.float32) / 255, face, face_type, side_px, is_mask=False)
    whole = face_mask(face)
    shape = (face.height, face.width)
    attention = np.clip(eyes_mask(shape, face.landmarks) + mouth_mask(shape, face.landmarks), 0, 1) * (whole != 0)

    def geometry() -> WarpParams:
        return gen_warp_params(side_px, flip=flip, transform=np.random.RandomState(seed),
                               warp=np.random.RandomState(seed))

    def mask(plane: np.ndarray) -> np.ndarray:
        return apply_warp(geometry(), _crop(plane, face, face_type, side_px, is_mask=True), bend=False, is_mask=True)

    eyes_mouth = mask(attention)
    if eyes_mouth.max() != 0:
        eyes_mouth = eyes_mouth / eyes_mouth.max()
    return OriginalSample(
        warped=np.clip(apply_warp(geometry(), picture, bend=True), 0, 1),
        target=np.clip(apply_warp(geometry(), picture, bend=False), 0, 1),
        mask=mask(whole),
        eyes_mouth=eyes_mouth)


def _crop(plane: np.ndarray, face: Face, face_type: FaceType, side_px: int, *, is_mask: bool) -> np.ndarray:
    method = cv2.INTER_LINEAR if is_mask else cv2.INTER_CUBIC
    if face.face_type != face_type:
        matrix = alignment(face.landmarks, side_px, face_type)
        return cv2.warpAffine(plane, matrix, (side_px, side_px), flags=method,
                              borderMode=cv2.BORDER_CONSTANT if is_mask else cv2.BORDER_REPLICATE)
    if plane.shape[0] != side_px:
        return cv2.resize(plane, (side_px, side_px), interpolation=method)
    return plane
