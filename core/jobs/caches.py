"""Lists or removes files of decoded faces: `python -P -m core.jobs.caches FOLDER [--remove]`, one JSON record a line.

{"cache": {path, faceset, side_px, face_type, planes, size_bytes, written_s}} for each, largest first, then
{"summary": {"files", "size_bytes", "removed"}}; an error is {"error": ..., "hint": ...} and exit code 1.
"""

import json
import sys
from pathlib import Path
from typing import Any

from core.faces.cache_list import CacheFile, caches, remove_cache
from core.settings.error import DflTuiError


def _print(record: dict[str, Any]) -> None:
    print(json.dumps(record), flush=True)


def _record(file: CacheFile) -> dict[str, Any]:
    """One file for people; a damaged one has only its path, size and time."""
    known = file.description
    words = {} if known is None else {"faceset": known.faceset, "side_px": known.side_px,
                                      "face_type": known.face_type, "planes": known.planes}
    return {"path": str(file.path), **words, "size_bytes": file.size_bytes, "written_s": file.written_s}


def main(arguments: list[str]) -> int:
    """The job; its exit code."""
    if not arguments or arguments[1:] not in ([], ["--remove"]):
        _print({"error": "a folder is expected, and --remove or nothing",
                "hint": "python -m core.jobs.caches FOLDER [--remove]"})
        return 1
    files = caches(Path(arguments[0]))
    removes = arguments[1:] == ["--remove"]
    try:
        for file in files:
            if removes:
                remove_cache(file)
            _print({"cache": _record(file)})
    except DflTuiError as error:
        _print({"error": error.message, "hint": error.hint})
        return 1
    _print({"summary": {"files": len(files), "size_bytes": sum(file.size_bytes for file in files), "removed": removes}})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
