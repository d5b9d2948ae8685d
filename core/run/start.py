"""How others find, make and start runs: the one module of this folder that the console and the CLI import.

Imports no torch, no numpy and nothing that draws.
"""

from core.run.birth import NewRun, Waiting, create_run
from core.run.doctor import Finding, doctor
from core.run.job import JobError, run_job
from core.run.moving import end_supervisor, remove_run, rename_run
from core.run.place import Place, find, home_folder, is_alive, places, socket_path
from core.run.spawn import ensure_supervisor, join
from core.run.summary import Summary, offline_summary
from core.run.version import VERSION

__all__ = [
    "VERSION",
    "Finding",
    "JobError",
    "NewRun",
    "Place",
    "Summary",
    "Waiting",
    "create_run",
    "doctor",
    "end_supervisor",
    "ensure_supervisor",
    "find",
    "home_folder",
    "is_alive",
    "join",
    "offline_summary",
    "places",
    "remove_run",
    "rename_run",
    "run_job",
    "socket_path",
]
