"""Looks through a face set and prints what is in it: `python -P -m core.jobs.faces DIR`, one JSON record a line.

{"progress": 50, "total": 10000} now and then, then {"summary": {...}}; an error is {"error": ..., "hint": ...} and exit
code 1.
"""

import json
import sys
from pathlib import Path
from typing import Any

from core.faces.face import FaceSet
from core.faces.faceset import open_faceset
from core.settings.error import DflTuiError


def summary(faceset: FaceSet) -> dict[str, Any]:
    """The face set in numbers, with every file that cannot be used and why."""
    return {
        "path": str(faceset.path),
        "faces": len(faceset.faces),
        "key": faceset.key,
        "types": faceset.types(),
        "sizes": faceset.sizes(),
        "with_mask": faceset.with_mask(),
        "problems": [{"name": problem.name, "reason": problem.reason} for problem in faceset.problems],
    }


def _print(record: dict[str, Any]) -> None:
    print(json.dumps(record), flush=True)


def main(arguments: list[str]) -> int:
    """The job; its exit code."""
    if len(arguments) != 1:
        _print({"error": "one folder is expected", "hint": "python -m core.jobs.faces DIR"})
        return 1
    try:
        faceset = open_faceset(Path(arguments[0]), lambda done, total: _print({"progress": done, "total": total}))
    except DflTuiError as error:
        _print({"error": error.message, "hint": error.hint})
        return 1
    _print({"summary": summary(faceset)})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
