"""Every recorded number of a `samples/` folder of the original program against ours, case by case.

The folder's format and tolerances are those of its README: matrices 1e-3 px, hulls equal, other masks 1e-3, pictures
2e-3 in the mean (OpenCV of another version). Knows the format; knows no test runner.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.faces.align import alignment, map_points
from core.faces.face import Face
from core.faces.face_type import face_type_of
from core.faces.faceset import open_faceset
from core.faces.landmark import expand_eyebrows
from core.faces.mask import eyes_mask, hull_mask, mouth_mask, polygon_mask
from core.faces.picture import read_image, read_jpeg, read_xseg
from core.faces.pose import pitch_yaw_roll
from tests.original.process import Colour, process
from tests.original.transfers import transferred
from tests.original.warp_params import apply_warp, gen_warp_params

Deviations = dict[str, float | str]
Case = tuple[str, Deviations, bool]
Recorded = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Found:
    """What the folder holds: arrays by name, and the faces of its JPEGs in order."""

    recorded: Recorded
    faces: tuple[Face, ...]


EXACT = 0.0
MATRIX_PX = 1e-3
MASK = 1e-3
PICTURE_MEAN = 2e-3
MAP_PX = 1e-4              # float32 positions up to 128 px; half an ulp is 4e-6
POSE_RAD = 1e-4
PROCESS_SEED = 1234        # of the global generator from which each JPEG of a pipeline case gets its own seed
PROCESS_PX = 64
TRANSFER_SEED, HSV_SEED = 7, 99


def check_samples(folder: Path) -> Iterator[Case]:
    """One case for each recorded thing: its name, the largest deviations, whether they are within tolerance."""
    recorded: Recorded = np.load(folder / "expected.npz")
    described = json.loads((folder / "expected.json").read_text())
    with tempfile.TemporaryDirectory() as loose:           # a pak beside the JPEGs would win over them
        for path in folder.glob("*.jpg"):
            shutil.copy(path, loose)
        faces = open_faceset(Path(loose)).faces
        for face in faces:
            yield _metadata(face, described[face.name])
        yield from _arrays(Found(recorded, faces))
        for name in (name for name in described if name.startswith("warp_")):
            yield _warp(name, described[name], recorded)
        for face_type in _pipeline_types(recorded):
            yield from _pipeline(face_type, recorded, faces)
        for path in sorted(folder.glob("*.pak")):
            yield _pak(path, faces)


def _case(name: str, limit: float, deviations: Mapping[str, float]) -> Case:
    return name, dict(deviations), all(value <= limit for value in deviations.values())     # NaN is not


def _largest(ours: Any, recorded: Any) -> float:
    return float(np.abs(np.asarray(ours, np.float64) - np.asarray(recorded, np.float64)).max())


def _mean(ours: Any, recorded: Any) -> float:
    return float(np.abs(np.asarray(ours, np.float64) - np.asarray(recorded, np.float64)).mean())


def _metadata(face: Face, expected: Mapping[str, Any]) -> Case:
    """What the metadata says, and the angles of the head that follow from the landmarks."""
    # The original lists polygons that include before those that exclude.
    polygons = [{"type": int(p.include), "pts": np.asarray(p.points).tolist()}
                for p in sorted(face.polygons, key=lambda p: not p.include)]
    facts = {
        "face_type": face.face_type.name == expected["face_type"],
        "shape": [face.height, face.width] == expected["shape"][:2],
        "source_filename": face.source_filename == expected["source_filename"],
        "eyebrows_expand": face.eyebrows_expand == expected["eyebrows_expand_mod"],
        "xseg": (face.xseg is not None) == expected["has_xseg"],
        "polygons": len(polygons) == len(expected["polys"]) and all(
            ours["type"] == theirs["type"] and np.allclose(ours["pts"], theirs["pts"], atol=1e-4)
            for ours, theirs in zip(polygons, expected["polys"], strict=True)),
    }
    pose = _largest(pitch_yaw_roll(face.landmarks, face.width), expected["pitch_yaw_roll"])
    wrong = [name for name, is_equal in facts.items() if not is_equal]
    deviations: Deviations = {"pose": pose, **({"differ": ", ".join(wrong)} if wrong else {})}
    return f"metadata_{face.name}", deviations, not wrong and pose <= POSE_RAD


def _arrays(found: Found) -> Iterator[Case]:
    for key in found.recorded:
        for pattern, check in _CHECKS.items():
            if match := re.fullmatch(pattern, key):
                yield check(key, found, *match.groups())


def _matrix(key: str, found: Found, n: str, face_type: str, side: str, scale: str) -> Case:
    ours = alignment(found.recorded[f"src_landmarks_{n}"], int(side), face_type_of(face_type), float(scale))
    # Measured where it matters: the corners of the picture, back in the frame.
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float64) * int(side)
    places = [map_points(corners, cv2.invertAffineTransform(matrix)) for matrix in (ours, found.recorded[key])]
    return _case(key, MATRIX_PX, {"matrix": _largest(ours, found.recorded[key]), "corner_px": _largest(*places)})


def _face_matrix(key: str, found: Found, n: str) -> Case:
    face = found.faces[int(n)]
    ours = alignment(found.recorded[f"src_landmarks_{n}"], face.width, face.face_type)
    return _case(key, MATRIX_PX, {"matrix": _largest(ours, found.recorded[key])})


def _landmarks(key: str, found: Found, n: str) -> Case:
    mapped = map_points(found.recorded[f"src_landmarks_{n}"], found.recorded[f"image_to_face_mat_{n}"])
    return _case(key, MATRIX_PX, {"read_px": _largest(found.faces[int(n)].landmarks, found.recorded[key]),
                                  "mapped_px": _largest(mapped, found.recorded[key])})


def _decoded(key: str, found: Found, n: str) -> Case:
    return _case(key, PICTURE_MEAN, {"mean": _mean(read_image(found.faces[int(n)]), found.recorded[key]) / 255})


def _hull(key: str, found: Found, n: str, factor: str) -> Case:
    ours = hull_mask((256, 256), found.recorded[f"aligned_landmarks_{n}"], float(factor))
    return _case(key, EXACT, {"mask": _largest(ours, found.recorded[key][..., 0])})


def _eyebrows(key: str, found: Found, n: str, factor: str) -> Case:
    ours = expand_eyebrows(found.recorded[f"aligned_landmarks_{n}"], float(factor))
    return _case(key, EXACT, {"points": _largest(ours, found.recorded[key])})


def _eyes_or_mouth(key: str, found: Found, which: str, n: str) -> Case:
    mask = {"eye": eyes_mask, "mouth": mouth_mask}[which]
    return _case(key, MASK, {"mask": _largest(mask((256, 256), found.recorded[f"aligned_landmarks_{n}"]),
                                              found.recorded[key][..., 0])})


def _polygons(key: str, found: Found, n: str) -> Case:
    return _case(key, EXACT, {"mask": _largest(polygon_mask((256, 256), found.faces[int(n)].polygons),
                                               found.recorded[key][..., 0])})


def _xseg(key: str, found: Found, n: str) -> Case:
    ours = read_xseg(found.faces[int(n)])
    theirs = found.recorded[key][..., 0] / 255
    return _case(key, MASK, {"mask": float("nan") if ours is None else _largest(ours, theirs)})


def _transfer(key: str, found: Found, mode: str) -> Case:
    picture, partner = (found.recorded[f"ct_{which}"].astype(np.float32) / 255 for which in ("src", "trg"))
    ours = transferred(mode, picture, partner, np.random.RandomState(TRANSFER_SEED))
    mean = _mean(ours, found.recorded[key])
    return key, {"mean": mean, "largest": _largest(ours, found.recorded[key])}, mean <= PICTURE_MEAN


def _recoloured(key: str, found: Found, mode: str, amount: str) -> Case:
    """One sample of the first face in the colours of the second, shifted in hue: warped."""
    seed = np.random.RandomState(HSV_SEED).randint(0x80000000, dtype=np.int64)
    colour = Colour(found.faces[1], mode, float(f"{amount[0]}.{amount[1:]}"))
    sample = process(found.faces[0], found.faces[0].face_type, PROCESS_PX, seed=seed, flip=True, colour=colour)
    ours = sample.warped.transpose(2, 0, 1)[None]
    mean = _mean(ours, found.recorded[key])
    return key, {"mean": mean, "largest": _largest(ours, found.recorded[key])}, mean <= PICTURE_MEAN


_CHECKS: dict[str, Callable[..., Case]] = {
    r"mat_(\d+)_(\w+?)_(\d+)_s([\d.]+)": _matrix,
    r"image_to_face_mat_(\d+)": _face_matrix,
    r"aligned_landmarks_(\d+)": _landmarks,
    r"decoded_(\d+)": _decoded,
    r"hull_(\d+)_e([\d.]+)": _hull,
    r"expand_eyebrows_(\d+)_e([\d.]+)": _eyebrows,
    r"(eye|mouth)_mask_(\d+)": _eyes_or_mouth,
    r"polymask_(\d+)": _polygons,
    r"xseg_(\d+)": _xseg,
    r"ct_(rct|lct|mkl|idt|sot)": _transfer,
    r"proc_(rct|lct|mkl)_hsv(\d\d)_warped": _recoloured,
}


def _warp(name: str, described: Mapping[str, Any], recorded: Recorded) -> Case:
    """The parameters that were drawn, and what they do to a picture and a mask."""
    params = gen_warp_params(described["w"], flip=described["flip"],
                             transform=np.random.RandomState(described["rnd_seed"]),
                             warp=np.random.RandomState(described["warp_rnd_seed"]))
    picture = recorded[f"{name}_in"].astype(np.float32) / 255
    relative = params.affine / ((1, 1, params.side_px),)
    positions = {
        "map_x": (params.map_x, f"{name}_mapx", MAP_PX), "map_y": (params.map_y, f"{name}_mapy", MAP_PX),
        "affine": (params.affine, f"{name}_rmat", MATRIX_PX), "relative": (relative, f"{name}_umat", MATRIX_PX),
    }
    pictures = {
        "bent": (apply_warp(params, picture, bend=True), f"{name}_out_warp_transform", PICTURE_MEAN),
        "straight": (apply_warp(params, picture, bend=False), f"{name}_out_transform", PICTURE_MEAN),
        "mask": (apply_warp(params, picture[..., 0], bend=False, is_mask=True), f"{name}_out_mask", PICTURE_MEAN),
    }
    # A folder with a part of the numbers has no picture for some cases.
    found = {what: (_largest(ours, recorded[key]), limit) for what, (ours, key, limit) in positions.items()}
    found |= {what: (_mean(ours, recorded[key]), limit) for what, (ours, key, limit) in pictures.items()
              if key in recorded}
    is_drawn = (params.flip, params.side_px, params.small_px) == (
        described["out_flip"], described["out_w"], described["out_rw"])
    return (name, {what: value for what, (value, _) in found.items()},
            is_drawn and all(value <= limit for value, limit in found.values()))


def _pipeline_types(recorded: Recorded) -> list[str]:
    return sorted({match[1] for key in recorded if (match := re.fullmatch(r"proc_(\w+)_64_\w+", key))})


def _pipeline(face_type: str, recorded: Recorded, faces: tuple[Face, ...]) -> Iterator[Case]:
    """The four outputs of each JPEG, in the network's order (n, c, 64, 64)."""
    seeds = np.random.RandomState(PROCESS_SEED)
    samples = [process(face, face_type_of(face_type), PROCESS_PX, seed=seeds.randint(0x80000000, dtype=np.int64),
                       flip=True) for face in faces]
    outputs = {"warped": [s.warped for s in samples], "target": [s.target for s in samples],
               "mask": [s.mask for s in samples], "em": [s.eyes_mouth for s in samples]}
    for what, ours in outputs.items():
        key = f"proc_{face_type}_{PROCESS_PX}_{what}"
        if key in recorded:
            stacked = np.stack(ours).transpose(0, 3, 1, 2)
            largest, mean = _largest(stacked, recorded[key]), _mean(stacked, recorded[key])
            yield key, {"mean": mean, "largest": largest}, mean <= (MASK if what in ("mask", "em") else PICTURE_MEAN)


def _pak(path: Path, faces: tuple[Face, ...]) -> Case:
    """A packed faceset holds the same faces as the loose files; a person faceset says who each one is."""
    packed = {face.name: face for face in open_faceset(path).faces}
    loose = {face.name: face for face in faces}
    is_complete = packed.keys() == loose.keys()
    landmarks = max((_largest(packed[name].landmarks, face.landmarks) for name, face in loose.items()
                     if name in packed), default=float("nan"))
    has_bytes = is_complete and all(read_jpeg(packed[name]) == read_jpeg(face) for name, face in loose.items())
    has_people = ("person" not in path.name) or all(face.person for face in packed.values())
    return (path.name, {"faces": float(len(packed)), "landmarks_px": landmarks, "equal_bytes": float(has_bytes)},
            is_complete and has_bytes and has_people and landmarks == 0)
