"""Packs or unpacks a face set: `python -P -m core.jobs.pack {pack|unpack} DIR NAME [--people] [--remove]`.

NAME is the packed file in DIR and ends in .pak or .zip. Prints {"progress", "total"} now and then, then
{"summary": {path, faces, removed, problems}}; an error is {"error", "hint"} and exit code 1.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from core.faces.pack import pack, unpack
from core.jobs.record import tell, told


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.pack")
    parser.add_argument("what", choices=("pack", "unpack"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    parser.add_argument("--people", action="store_true")
    parser.add_argument("--remove", action="store_true")
    words = parser.parse_args(arguments)
    return told(lambda: work(words))


def work(words: argparse.Namespace) -> None:
    """Pack or unpack. Raises FaceFileError."""
    def progress(done: int, total: int) -> None:
        tell({"progress": done, "total": total})

    if words.what == "pack":
        done = pack(words.folder, words.name, people=words.people, removes=words.remove, progress=progress)
    else:
        done = unpack(words.folder / words.name, removes=words.remove, progress=progress)
    tell({"summary": {"path": str(done.path), "faces": done.faces, "removed": words.remove,
                      "problems": [{"name": p.name, "reason": p.reason, "kind": p.kind} for p in done.problems]}})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
