"""The original's sample pipeline on our faces: its order of operations and its interpolations (facts/samples.md 5, 10).

Reading, alignment and the face's mask are `core.faces`; what is here is what we do otherwise: every output made alone,
crops without antialiasing and in floats, masks at the picture's full size, two streams from one seed, two
interpolations, eyes and mouth stretched to 1.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from core.faces.align import alignment
from core.faces.face import Face
from core.faces.face_type import FaceType
from core.faces.picture import face_mask, read_image
from tests.original.transfers import transferred
from tests.original.warp_params import apply_warp, gen_warp_params

EYES = (slice(36, 42), slice(42, 48))
MOUTH = (slice(60, 68),)


@dataclass(frozen=True)
class OriginalSample:
    """What a step of SAEHD gets of one face: float32, (R, R, 3) BGR and (R, R, 1), 0..1."""

    warped: np.ndarray
    target: np.ndarray
    mask: np.ndarray
    eyes_mouth: np.ndarray


@dataclass(frozen=True)
class Colour:
    """The face whose colours are taken, how, and how much hue is shifted after it."""

    partner: Face
    mode: str
    hsv: float


def process(face: Face, face_type: FaceType, side_px: int, *, seed: int, flip: bool,
            colour: Colour | None = None) -> OriginalSample:
    """The four outputs of one face. The picture is read once; crop, masks, geometry are made for each output anew."""
    picture = read_image(face).astype(np.float32) / 255

    def moved(plane: np.ndarray, *, bend: bool, is_mask: bool) -> np.ndarray:
        transform = np.random.RandomState(seed)
        params = gen_warp_params(side_px, flip=flip, transform=transform, warp=np.random.RandomState(seed))
        crop = _crop(plane, face, face_type, side_px, is_mask=is_mask)
        if colour and not is_mask:
            crop = _coloured(crop, colour, transform, has_hsv=bend)
        return apply_warp(params, crop, bend=bend, is_mask=is_mask)

    eyes_mouth = moved(eyes_and_mouth(face), bend=False, is_mask=True)
    if eyes_mouth.max() != 0:
        eyes_mouth = eyes_mouth / eyes_mouth.max()
    return OriginalSample(warped=np.clip(moved(picture, bend=True, is_mask=False), 0, 1),
                          target=np.clip(moved(picture, bend=False, is_mask=False), 0, 1),
                          mask=moved(face_mask(face), bend=False, is_mask=True), eyes_mouth=eyes_mouth)


def _coloured(crop: np.ndarray, colour: Colour, draws: np.random.RandomState, *, has_hsv: bool) -> np.ndarray:
    """Towards the partner's whole picture in its own frame; hue, saturation and value from the geometry's stream."""
    partner = cv2.resize(read_image(colour.partner).astype(np.float32) / 255, crop.shape[1::-1])
    crop = transferred(colour.mode, crop, partner, draws)
    if not has_hsv:
        return crop
    hsv = cv2.cvtColor(crop, cv2.COLOR_BGR2HSV)
    most = max(1, int(180 * colour.hsv))
    hsv[..., 0] = (hsv[..., 0] + draws.randint(-most, most + 1)) % 360
    for channel in (1, 2):
        hsv[..., channel] = np.clip(hsv[..., channel] + (draws.random_sample() - 0.5) * colour.hsv, 0, 1)
    return np.clip(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), 0, 1)


def eyes_and_mouth(face: Face) -> np.ndarray:
    """Both, drawn and blurred over the whole picture, where the face's mask is not 0: float32 (h, w)."""
    soft = [soft_hulls(face, groups) for groups in (EYES, MOUTH)]
    return np.clip(soft[0] + soft[1], 0, 1) * (face_mask(face) != 0)


def soft_hulls(face: Face, groups: tuple[slice, ...]) -> np.ndarray:
    """Filled hulls of landmarks, widened and blurred by a share of the picture's height, float32 (h, w)."""
    mask = np.zeros((face.height, face.width), np.float32)
    points = face.landmarks.astype(np.int32)
    for group in groups:
        cv2.fillConvexPoly(mask, cv2.convexHull(points[group]), 1.0)
    width, kernel = face.height // 32, face.height // 16 | 1
    mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    return cv2.GaussianBlur(mask, (kernel, kernel), 0)


def _crop(plane: np.ndarray, face: Face, face_type: FaceType, side_px: int, *, is_mask: bool) -> np.ndarray:
    method = cv2.INTER_LINEAR if is_mask else cv2.INTER_CUBIC
    if face.face_type != face_type:
        matrix = alignment(face.landmarks, side_px, face_type)
        return cv2.warpAffine(plane, matrix, (side_px, side_px), flags=method,
                              borderMode=cv2.BORDER_CONSTANT if is_mask else cv2.BORDER_REPLICATE)
    if plane.shape[0] != side_px:
        return cv2.resize(plane, (side_px, side_px), interpolation=method)
    return plane
