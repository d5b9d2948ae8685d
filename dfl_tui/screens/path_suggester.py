"""Completes the name of a folder while it is typed."""

from pathlib import Path

from textual.suggester import Suggester

MOST_LOOKED_AT = 2_000      # a folder of 100,000 faces must not stop the typing


class PathSuggester(Suggester):
    """Suggests the first folder or faceset.pak whose path begins with what was typed."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return completed(value)


def completed(typed: str) -> str | None:
    """The typed path with the rest of its last name, None where nothing is called so."""
    folder, _slash, beginning = typed.rpartition("/")
    if "/" not in typed or not beginning:
        return None
    try:
        entries = (Path(folder or "/").expanduser()).iterdir()
        names = sorted(entry.name for entry, _count in zip(entries, range(MOST_LOOKED_AT), strict=False)
                       if entry.name.startswith(beginning) and (entry.is_dir() or entry.suffix == ".pak"))
    except OSError:
        return None
    return f"{folder}/{names[0]}" if names else None
