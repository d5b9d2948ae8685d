"""What on this machine can go wrong for a training, one sentence each. Changes nothing, starts nothing but one probe.

Python, torch, devices, terminal, sockets, disk, logout, clock. Torch is looked at from outside: importing it costs
seconds, and a broken one must not break the doctor.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from core.run import systemd
from core.run.address import LONGEST_PATH_BYTES, SOCKET_NAME, make_private, runtime_folder
from core.run.environment import child_environment
from core.settings.error import StoreError

ROOMY_BYTES = 10 * 1000**3      # four generations of a usual model
TIGHT_BYTES = 2 * 1000**3
PROBE_S = 60.0                  # a first import of torch from a slow disk
# Prints one line a device. Runs in a process of its own, with a time limit: drivers hang.
PROBE = """
import torch
for i in range(torch.cuda.device_count()):
    free, total = torch.cuda.mem_get_info(i)
    print(f"cuda:{i} {torch.cuda.get_device_name(i)}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free")
if torch.backends.mps.is_available():
    print("mps Apple GPU")
"""

State = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    sentence: str


def doctor(home: Path, *, probe_devices: bool = True) -> list[Finding]:
    """Look at everything. `home`: where runs are or will be; `probe_devices`: import torch in another process."""
    checks: list[Callable[[], Finding]] = [python, torch_version, lambda: terminal(os.environ),
                                           lambda: multiplexer(os.environ), lambda: sockets(home), lambda: disk(home),
                                           lambda: file_system(home), logout, clock, memory]
    if probe_devices:
        checks.insert(2, devices)
    return [check() for check in checks]


def python() -> Finding:
    """The interpreter's version."""
    return Finding("python", "ok", f"Python {'.'.join(map(str, sys.version_info[:3]))} at {sys.executable}")


def torch_version() -> Finding:
    """The installed torch, without importing it."""
    try:
        return Finding("torch", "ok", f"torch {version('torch')} is installed")
    except PackageNotFoundError:
        return Finding("torch", "bad", "torch is not installed, so nothing can be trained: pip install torch")


def devices() -> Finding:
    """What torch can train on."""
    try:
        done = subprocess.run([sys.executable, "-P", "-c", PROBE], capture_output=True, text=True, timeout=PROBE_S,
                              env=child_environment(), stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        return Finding("devices", "bad", f"torch did not say within {PROBE_S:g} s what it can train on: the GPU's "
                                         "driver may hang; nvidia-smi shows whether it answers")
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no word"]
        return Finding("devices", "bad", f"torch does not start: {last[0][:300]}")
    found = done.stdout.strip().splitlines()
    if found:
        return Finding("devices", "ok", "; ".join(found))
    if shutil.which("nvidia-smi"):
        return Finding("devices", "warn", "there is an NVIDIA driver, but this torch does not use it: install the CUDA "
                                          "build of torch; the CPU works and is slow")
    return Finding("devices", "warn", "there is no GPU that torch can use: the CPU works and is slow")


def terminal(environment: Mapping[str, str]) -> Finding:
    """What the terminal says it can draw."""
    term = environment.get("TERM", "")
    if "NO_COLOR" in environment:
        return Finding("terminal", "ok", f"TERM={term}, and NO_COLOR is set: pictures are drawn without colours")
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return Finding("terminal", "ok", f"TERM={term} with 16.7 million colours")
    if term in ("", "dumb"):
        return Finding("terminal", "warn", "this is no terminal that can be drawn on: use --plain, or set TERM")
    if "256color" in term or "direct" in term:
        return Finding("terminal", "warn", f"TERM={term} promises 256 colours: if yours has more, set "
                                           "COLORTERM=truecolor for clearer pictures")
    return Finding("terminal", "warn", f"TERM={term} promises few colours: try TERM=xterm-256color")


def multiplexer(environment: Mapping[str, str]) -> Finding:
    """tmux, and whether it passes colours through."""
    if "TMUX" in environment:
        if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
            return Finding("tmux", "ok", "inside tmux, which passes colours through")
        return Finding("tmux", "warn", "inside tmux without true colour: add to ~/.tmux.conf: "
                                       "set -as terminal-features \",*:RGB\"")
    if "STY" in environment:
        return Finding("tmux", "warn", "inside screen, which knows 256 colours at most: tmux shows clearer pictures")
    if shutil.which("tmux"):
        return Finding("tmux", "ok", "tmux is installed; a training outlives the terminal without it too")
    return Finding("tmux", "ok", "tmux is not installed, and a training does not need it")


def sockets(home: Path) -> Finding:
    """Whether runs here can have their socket in their folder, or need the runtime directory."""
    longest_name = LONGEST_PATH_BYTES - len(os.fsencode(home.absolute() / "runs" / "x" / SOCKET_NAME)) + 1
    if longest_name >= 16:
        return Finding("sockets", "ok", f"sockets lie in the run folders (names of up to {longest_name} characters)")
    try:
        make_private(runtime_folder())
    except StoreError as error:
        return Finding("sockets", "bad", f"the path {home} is too long for sockets, and {error}")
    return Finding("sockets", "ok", f"the path {home} is too long for sockets: they lie in {runtime_folder()}")


def disk(home: Path) -> Finding:
    """Free space where runs are."""
    there = _nearest(home)
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Finding("disk", "bad", f"{there} cannot be looked at: {error.strerror or error}")
    if not os.access(there, os.W_OK):
        return Finding("disk", "bad", f"{there} cannot be written to: choose another folder with --home")
    text = f"{free / 1e9:,.1f} GB are free at {there}"
    if free < TIGHT_BYTES:
        return Finding("disk", "bad", f"{text}: too little for one save of a usual model")
    if free < ROOMY_BYTES:
        return Finding("disk", "warn", f"{text}: enough for few saves; set keep_generations or disk_budget_gb")
    return Finding("disk", "ok", text)


def file_system(home: Path) -> Finding:
    """What kind of disk runs lie on, and what it forgets."""
    there = _nearest(home)
    kind = kind_of_file_system(there)
    if kind in ("tmpfs", "ramfs"):
        return Finding("file system", "bad", f"{there} is memory ({kind}): a restart of the machine loses every run")
    if kind == "overlay":
        return Finding("file system", "warn", f"{there} lies in a container's own layer and is lost with it: "
                                              "use a mounted volume with --home")
    if kind.startswith("nfs") or kind in ("cifs", "smb3", "fuse.sshfs", "9p"):
        return Finding("file system", "warn", f"{there} is a network disk ({kind}): saves are slower, and locks must "
                                              "be switched on there")
    return Finding("file system", "ok", f"{there} is on {kind or 'a file system that is not named'}")


def kind_of_file_system(path: Path) -> str:
    """The type that /proc/mounts gives; "" where there is no such file."""
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        _, point, found, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if path.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, found
    return kind


def logout() -> Finding:
    """Whether a logout ends what runs."""
    if not systemd.is_running():
        return Finding("logout", "ok", "there is no systemd here: a logout ends nothing; the container's end ends all")
    if systemd.lingers() and systemd.has_user_bus():
        return Finding("logout", "ok", "lingering is on: runs are started outside of the login session")
    kills = systemd.kills_user_processes()
    advice = f"loginctl enable-linger {systemd.user_name()}"
    if kills:
        return Finding("logout", "bad", f"logind ends all processes at logout (KillUserProcesses): {advice}")
    if kills is None:
        return Finding("logout", "warn", "logind's KillUserProcesses is not configured, and this system's default "
                                         f"may end runs at logout: {advice}")
    return Finding("logout", "ok", "logind leaves processes alone at logout (KillUserProcesses=no)")


def clock() -> Finding:
    """Whether the clock can be right: events carry it, for people."""
    now = time.gmtime()
    if not 2024 <= now.tm_year < 2100:
        return Finding("clock", "warn", f"the clock says {now.tm_year}: times of events will be wrong")
    return Finding("clock", "ok", time.strftime("the clock says %Y-%m-%d %H:%M:%S UTC", now))


def memory() -> Finding:
    """Main memory, as far as this process may use it."""
    import psutil  # late: 25 ms

    found = psutil.virtual_memory()
    text = f"{found.available / 1e9:,.1f} of {found.total / 1e9:,.1f} GB of memory are free"
    return Finding("memory", "warn" if found.available < TIGHT_BYTES else "ok", text)


def _nearest(path: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    path = path.absolute()
    return next(p for p in (path, *path.parents) if p.exists())
