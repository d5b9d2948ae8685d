"""Bakes the masks of an XSeg model into a face set.

    python -P -m core.jobs.mask FACES_DIR --xseg XSEG_DIR [--face-type T] [--replace] [--device D]

Every file is written whole or not at all; a mask that somebody else made is kept, unless --replace, and then put aside
in the file. `core.jobs.unmask` takes it all back. Records: progress, problem, summary; or error.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.faces.face import Face
from core.faces.faceset import open_faceset
from core.faces.picture import read_image
from core.jobs.mask_bake import bake, refuse_pak
from core.jobs.record import tell, told
from core.jobs.xseg_files import read_xseg_files
from core.settings.error import FaceFileError

CHUNK = 4       # faces at a time: the model's maps of one take 150 MB

Problems = list[dict[str, str]]


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.mask")
    parser.add_argument("faces", type=Path)
    parser.add_argument("--xseg", type=Path, required=True)
    parser.add_argument("--face-type")
    parser.add_argument("--replace", action="store_true")
    parser.add_argument("--device", default="auto")
    words = parser.parse_args(arguments)
    return told(lambda: mask_faces(words))


def mask_faces(words: argparse.Namespace) -> None:
    """Draw and bake a mask for every face. Raises DflTuiError."""
    files = read_xseg_files(words.xseg, words.face_type)
    faceset = open_faceset(words.faces)
    refuse_pak(faceset.path, faceset.faces)
    # Late: importing torch took a minute on a busy machine, after which a folder without a model was refused.
    from core.jobs.xseg import load_xseg, masks_of
    from core.train.device import choose_device, prepare

    device = choose_device(words.device)
    prepare(device, 0)
    xseg = load_xseg(files, device)
    problems: Problems = [{"name": p.name, "reason": p.reason} for p in faceset.problems]
    total, done, baked, kept = len(faceset.faces), 0, 0, 0
    pairs = pictures(faceset.faces, problems)
    while chunk := list(islice(pairs, CHUNK)):
        for (face, _), mask in zip(chunk, masks_of(xseg, chunk), strict=True):
            try:
                is_baked = bake(face, mask, replaces=words.replace)
            except FaceFileError as error:
                problems.append({"name": face.name, "reason": error.message})
                continue
            baked, kept = baked + is_baked, kept + (not is_baked)
        done += len(chunk)
        tell({"progress": done, "total": total})
    for problem in problems:
        tell({"problem": problem})
    tell({"summary": {"faces": total, "baked": baked, "kept": kept, "problems": len(problems),
                      "face_type": xseg.face_type.name, "path": str(faceset.path)}})


def pictures(faces: Sequence[Face], problems: Problems) -> Iterator[tuple[Face, NDArray[np.uint8]]]:
    """Every face that can be read with its picture; the others go to `problems`."""
    for face in faces:
        try:
            yield face, read_image(face)
        except FaceFileError as error:
            problems.append({"name": face.name, "reason": error.message})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
