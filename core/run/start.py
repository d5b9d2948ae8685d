"""How others find, make and start runs: the one module of this folder that the console and the CLI import.

Imports no torch, no numpy and nothing that draws. Each name is loaded when it is first used, for a shell waits for
every command: `ls` needs neither asyncio nor the doctor.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.run.birth import NewRun, Waiting, create_run
    from core.run.doctor import Finding, doctor
    from core.run.job import JobError, run_job
    from core.run.metric_table import metric_csv
    from core.run.moving import check_movable, end_supervisor, remove_run, rename_run
    from core.run.name import check_name
    from core.run.place import Place, find, home_folder, is_alive, places, socket_path
    from core.run.spawn import ensure_supervisor, join
    from core.run.summary import Summary, offline_summary
    from core.run.version import VERSION

__all__ = ["VERSION", "Finding", "JobError", "NewRun", "Place", "Summary", "Waiting", "check_movable", "check_name",
           "create_run", "doctor", "end_supervisor", "ensure_supervisor", "find", "home_folder", "is_alive", "join",
           "metric_csv", "offline_summary", "places", "remove_run", "rename_run", "run_job", "socket_path"]

_MODULES = {
    "birth": ("NewRun", "Waiting", "create_run"),
    "doctor": ("Finding", "doctor"),
    "job": ("JobError", "run_job"),
    "metric_table": ("metric_csv",),
    "moving": ("check_movable", "end_supervisor", "remove_run", "rename_run"),
    "name": ("check_name",),
    "place": ("Place", "find", "home_folder", "is_alive", "places", "socket_path"),
    "spawn": ("ensure_supervisor", "join"),
    "summary": ("Summary", "offline_summary"),
    "version": ("VERSION",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a name of this module (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"core.run.start has no {name!r}")
    found = getattr(import_module(f"core.run.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found
