"""The demo's faces: drawings of two invented people, package data (see LICENCE beside this file)."""

from importlib.resources import files
from pathlib import Path


def demo_folder() -> Path:
    """The folder with src/, dst/ and truth/ (with truth/masks), each with its index.json of true angles."""
    return Path(str(files(__name__)))
