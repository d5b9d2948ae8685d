"""Where our modules may come from: never from the folder that a person happens to stand in.

`core` and `themes` are names that other programs use too, DeepFaceLab among them, and its `core/__init__.py` cannot be
imported by a stranger. `python -m` puts the current folder first on the path, and a PYTHONPATH may name such a folder.
"""

import os
from collections.abc import Sequence
from pathlib import Path

OURS = Path(__file__).resolve().parents[2]  # the folder that holds dfl_tui and core


def safe_entries(entries: Sequence[str], ours: Path = OURS) -> list[str]:
    """`entries` of sys.path without the current folder and without folders that hold another program's `core`."""
    return [entry for entry in entries if is_safe(entry, ours)]


def is_safe(entry: str, ours: Path) -> bool:
    """Whether modules may be imported from `entry`. False as well where it cannot be read, or has been removed."""
    try:
        folder = Path(entry or os.curdir).resolve()
        if folder == ours:
            return True
        return not same_folder(folder, os.curdir) and not (folder / "core" / "__init__.py").exists()
    except OSError:
        return False


def same_folder(folder: Path, other: str) -> bool:
    """Whether both names lead to one folder; a name that leads nowhere (a removed current folder) is no match."""
    try:
        return folder.samefile(other)
    except OSError:
        return False
