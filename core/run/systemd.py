"""What logind does to processes at logout, and how to get out of its way (facts/console.md 2.1)."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

LINGER_FOLDER = Path("/var/lib/systemd/linger")
LOGIND_FILES = (Path("/usr/lib/systemd/logind.conf"), Path("/etc/systemd/logind.conf"))


def is_running() -> bool:
    """Whether systemd is this machine's init; in most containers it is not."""
    return Path("/run/systemd/system").is_dir()


def user_name() -> str:
    """The name of the user who runs us."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def lingers() -> bool:
    """Whether this user's services outlive the last logout."""
    return (LINGER_FOLDER / user_name()).exists()


def has_user_bus() -> bool:
    """Whether the user's systemd can be spoken to from here."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return bool(runtime) and (Path(runtime) / "bus").exists()


def kills_user_processes() -> bool | None:
    """logind's KillUserProcesses, as configured; None where no file says it (the default then is the builder's)."""
    drop_ins = [f for folder in ("/usr/lib", "/run", "/etc")
                for f in sorted(Path(f"{folder}/systemd/logind.conf.d").glob("*.conf"))]
    # The last word wins: the files first, then what is dropped in, /etc after /run after /usr/lib.
    found = None
    for file in (*LOGIND_FILES, *drop_ins):
        try:
            lines = file.read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            key, equals, value = line.partition("=")
            if equals and key.strip() == "KillUserProcesses":
                found = value.strip().lower() in ("yes", "true", "on", "1")
    return found


def in_user_scope(command: Sequence[str], run: str) -> list[str]:
    """`command`, moved out of the login session where lingering is on; else as it is."""
    if not (is_running() and lingers() and has_user_bus() and shutil.which("systemd-run")):
        return list(command)
    unit = f"dfl-{run}-{os.getpid()}"   # a unit of that name may be ending still
    return ["systemd-run", "--user", "--scope", "--quiet", "--collect", f"--unit={unit}", "--", *command]
