"""Takes back what `core.jobs.mask` baked: `python -P -m core.jobs.unmask FACES_DIR`.

A mask that somebody else made stays, or comes back. Records: progress, problem, summary; or error.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from core.faces.faceset import open_faceset
from core.jobs.mask_bake import refuse_pak, unbake
from core.jobs.record import tell, told
from core.settings.error import FaceFileError


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.unmask")
    parser.add_argument("faces", type=Path)
    words = parser.parse_args(arguments)
    return told(lambda: unmask_faces(words.faces))


def unmask_faces(folder: Path) -> None:
    """Take our mask out of every face. Raises DflTuiError."""
    faceset = open_faceset(folder)
    refuse_pak(faceset.path, faceset.faces)
    taken, total = 0, len(faceset.faces)
    problems = [{"name": p.name, "reason": p.reason} for p in faceset.problems]
    for done, face in enumerate(faceset.faces, start=1):
        try:
            taken += unbake(face)
        except FaceFileError as error:
            problems.append({"name": face.name, "reason": error.message})
        tell({"progress": done, "total": total})
    for problem in problems:
        tell({"problem": problem})
    tell({"summary": {"faces": total, "taken": taken, "problems": len(problems), "path": str(faceset.path)}})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
