"""An XSeg model of the original at work: the mask that it draws for a face (facts/files.md 4.4, 6.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from core.faces.align import alignment
from core.faces.face import Face, FloatArray
from core.faces.face_type import FaceType
from core.jobs.xseg_files import WEIGHTS, XsegFiles
from core.nets.dfl_keys import load_original
from core.nets.xseg import SIDE, XsegNetwork, make_xseg
from core.train.train_batch import to_tensor

BORDER = 0.5        # a mask is baked as inside or outside, as the original bakes it


@dataclass(frozen=True, slots=True)
class Xseg:
    """A loaded model and the frame that it was trained in."""

    network: XsegNetwork
    face_type: FaceType


def load_xseg(files: XsegFiles, device: torch.device) -> Xseg:
    """The model of these files on a device. Raises NetworkError for weights that do not fit."""
    network = make_xseg(files.base)
    load_original(network, {WEIGHTS.removesuffix(".npy"): files.weights})
    network.to(device)
    return Xseg(network, files.face_type)


def masks_of(xseg: Xseg, pairs: Sequence[tuple[Face, NDArray[np.uint8]]]) -> list[FloatArray]:
    """Masks of faces with their pictures, each float32 (256, 256) of 0 and 1, in the frame of the face's own file."""
    turns = [turn_into(face, xseg.face_type) for face, _ in pairs]
    inputs = [framed(image, turn) for (_, image), turn in zip(pairs, turns, strict=True)]
    drawn = xseg.network.mask(to_tensor(np.stack(inputs), next(xseg.network.parameters()).device))
    return [unframed(mask, face.width, turn)
            for mask, (face, _), turn in zip(drawn[:, 0].cpu().numpy(), pairs, turns, strict=True)]


def turn_into(face: Face, face_type: FaceType) -> NDArray[np.float64] | None:
    """The map from the face's file into the model's frame at the file's size; None where they are one."""
    if face.face_type in (face_type, FaceType.mve_custom):      # or a frame that nobody can align
        return None
    return alignment(face.landmarks, face.width, face_type)


def framed(image: NDArray[np.uint8], turn: NDArray[np.float64] | None) -> NDArray[np.uint8]:
    """The picture as the model sees it, uint8 (256, 256, 3). Bilinear, then Lanczos: as the original really does."""
    if turn is not None:
        image = np.asarray(cv2.warpAffine(image, turn, (image.shape[1], image.shape[1])), np.uint8)
    return np.asarray(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LANCZOS4), np.uint8)


def unframed(mask: FloatArray, width: int, turn: NDArray[np.float64] | None) -> FloatArray:
    """The model's mask back in the frame of the file, cut to inside and outside."""
    if turn is not None:
        mask = np.asarray(cv2.resize(mask, (width, width), interpolation=cv2.INTER_LANCZOS4), np.float32)
        back = cv2.WARP_INVERSE_MAP | cv2.INTER_LANCZOS4
        mask = np.asarray(cv2.warpAffine(mask, turn, (width, width), flags=back), np.float32)
        mask = np.asarray(cv2.resize(mask, (SIDE, SIDE), interpolation=cv2.INTER_LANCZOS4), np.float32)
    return (mask >= BORDER).astype(np.float32)
