"""The files of an XSeg model of the original (facts/files.md 8), read and checked.

Without torch: a folder that holds no model is refused at once, not after the seconds that torch takes to come.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.exchange.data_file import read_data
from core.exchange.dictionary import Array, read_arrays
from core.faces.face_type import FaceType, face_type_of
from core.settings.error import ExchangeError

WEIGHTS, DATA = "XSeg_256.npy", "XSeg_data.dat"
FIRST_KERNEL = "conv01/conv/weight:0"
CODES = {"h": "half_face", "mf": "midfull_face", "f": "full_face", "wf": "whole_face"}


@dataclass(frozen=True, slots=True)
class XsegFiles:
    """Weights by key, and the frame that the model was trained in. base: channels of the first layer."""

    weights: Mapping[str, Array]
    base: int
    face_type: FaceType


def read_xseg_files(folder: Path, face_type: str | None) -> XsegFiles:
    """The model in a folder; `face_type` where its data file does not say it, or says it wrongly. ExchangeError."""
    if not (folder / WEIGHTS).exists():
        raise ExchangeError(f"{folder} holds no XSeg model: {WEIGHTS} is missing", hint="give the model's own folder")
    frame = face_type_of(face_type or told_face_type(folder))   # first: the data file is small
    weights = read_arrays(folder / WEIGHTS)
    kernel = weights.get(FIRST_KERNEL)
    if kernel is None or kernel.ndim != 4:
        raise ExchangeError(f"{folder / WEIGHTS} holds no XSeg network", hint=f"it lacks {FIRST_KERNEL}")
    return XsegFiles(weights, int(kernel.shape[-1]), frame)


def told_face_type(folder: Path) -> str:
    """What the data file says. Raises ExchangeError where there is none."""
    if not (folder / DATA).exists():
        raise ExchangeError(f"{folder} has no {DATA}, which says how much of the head the model sees",
                            hint="give --face-type whole_face, or what it was trained with")
    code = str(read_data(folder / DATA, losses=1).options.get("face_type", "wf"))
    return CODES.get(code, code)
