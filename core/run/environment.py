"""How our own programs are started: never with the current folder on their path, for people stand in folders that
have a `core` of their own."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Let the C library of Linux keep freed memory: a step frees and takes the same maps and gradients again, and got them
# back page by page, with 40,000 to 60,000 faults and 2 to 3 % of the CPU time of a df-ud step at 128 px.
KEEP_MEMORY: Mapping[str, str] = {"MALLOC_MMAP_THRESHOLD_": str(1 << 32), "MALLOC_TRIM_THRESHOLD_": str(1 << 34)}


def python_command(module: str, *words: str) -> list[str]:
    """The command line that runs one of our modules with this interpreter."""
    return [sys.executable, "-P", "-m", module, *words]


def child_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Our environment, made safe for children: no relative folder in it is searched for modules.

    Threads of a step that wait for each other sleep instead of spinning: on a shared machine a spinning step took
    770 ms for an optimizer pass of 17 ms (measured at load 10). A person's own OMP_WAIT_POLICY wins.
    """
    safe = dict(environment)
    safe.setdefault("OMP_WAIT_POLICY", "passive")
    safe["PYTHONSAFEPATH"] = "1"
    folders = [p for p in safe.get("PYTHONPATH", "").split(os.pathsep) if Path(p).is_absolute()]
    safe.pop("PYTHONPATH", None)
    if folders:
        safe["PYTHONPATH"] = os.pathsep.join(folders)
    return safe


def trainer_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """A trainer's: as `child_environment`, and freed memory is kept. A person's own words for malloc win."""
    return {**KEEP_MEMORY, **child_environment(environment)}


@dataclass(frozen=True, slots=True)
class Programs:
    """Command lines of the two programs of a run: a trainer takes `--channel FD` behind it, a supervisor the words of
    core/run/supervise.py. code: the folder of their modules, which an upgrade changes."""

    trainer: Sequence[str]
    supervisor: Sequence[str]
    code: Path = Path(__file__).resolve().parents[1]


def our_programs() -> Programs:
    """The real ones."""
    return Programs(python_command("core.train.main"), python_command("core.run.supervise"))
