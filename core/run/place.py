"""Where runs are: the home folder, the runs in it, and whether somebody takes care of one."""

import os
from dataclasses import dataclass
from pathlib import Path

from core.run.address import answering
from core.settings.error import RefusedError
from core.store.folder import RunFolder

HOME_VARIABLE = "DFL_TUI_HOME"


@dataclass(frozen=True, slots=True)
class Place:
    """A run on disk."""

    name: str
    folder: Path


def home_folder(option: Path | None) -> Path:
    """The folder that holds runs and cache: the option, else $DFL_TUI_HOME, else the user's data folder."""
    if option is not None:
        return option.expanduser().absolute()
    if named := os.environ.get(HOME_VARIABLE):
        return Path(named).expanduser().absolute()
    import platformdirs  # late: 8 ms

    return Path(platformdirs.user_data_path("dfl-tui"))


def places(home: Path) -> list[Place]:
    """The runs of a home, by name. Folders without a journal are no runs."""
    try:
        folders = sorted((home / "runs").iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RefusedError(f"the runs in {home} cannot be listed: {error.strerror or error}",
                           hint="choose another folder with --home") from error
    return [Place(f.name, f) for f in folders if not f.name.startswith(".") and RunFolder(f).exists()]


def find(home: Path, name: str) -> Place:
    """The run of that name. Raises RefusedError, naming the nearest."""
    known = {place.name: place for place in places(home)}
    if name in known:
        return known[name]
    from difflib import get_close_matches  # late: only after a mistake

    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"make one with dfl-tui new; runs are looked for in {home}"
    raise RefusedError(f"there is no run {name!r}", hint=hint)


def is_alive(place: Place) -> bool:
    """Whether a supervisor holds the run."""
    from core.store.lock import is_held  # late: 45 ms, and finding a run needs no lock

    return is_held(RunFolder(place.folder).run_lock)


def socket_path(place: Place) -> Path | None:
    """The socket at which the run's supervisor answers, or None."""
    return answering(place.folder)
