"""Where the socket of a run lies: in its folder; where the path is too long or the file system has no sockets, in the
user's runtime directory under a hash of the folder (facts/console.md 2.3).

Which one it is, the supervisor writes into the run folder: two logins of one user may have two runtime directories.
"""

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from core.settings.error import StoreError

SOCKET_NAME = "run.sock"
POINTER_NAME = "run.sock.at"     # says where the socket is, when it is elsewhere
LONGEST_PATH_BYTES = 100    # Linux takes 107, macOS 103
BACKLOG = 64
PROBE_S = 2.0       # connecting to a Unix socket waits only where its backlog is full
# What file systems say that have no sockets: NFS, FUSE, SMB, some overlays.
NO_SOCKETS = {errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EROFS, errno.ENXIO}


def places_for(folder: Path) -> Iterator[Path]:
    """Paths at which the socket of the run in `folder` may be made, the preferred one first."""
    real = folder.resolve()
    inside = real / SOCKET_NAME
    if len(os.fsencode(inside)) <= LONGEST_PATH_BYTES:
        yield inside
    import hashlib  # late: 5 ms, and few runs come this far

    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:16]
    elsewhere = runtime_folder() / f"{digest}.sock"
    if len(os.fsencode(elsewhere)) <= LONGEST_PATH_BYTES:
        yield elsewhere


def runtime_folder() -> Path:
    """The user's folder for sockets (not made here)."""
    import warnings

    import platformdirs  # late: 8 ms, and most runs never need it

    with warnings.catch_warnings():     # it warns where XDG_RUNTIME_DIR is missing; `make_private` checks what it found
        warnings.simplefilter("ignore")
        return Path(platformdirs.user_runtime_path("dfl-tui"))


def answering(folder: Path) -> Path | None:
    """The socket of the run at which somebody listens, or None."""
    for path in (folder.resolve() / SOCKET_NAME, pointed_at(folder)):
        if path is None or len(os.fsencode(path)) > LONGEST_PATH_BYTES:
            continue
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(PROBE_S)
            probe.connect(str(path))
            return path
    return None


def pointed_at(folder: Path) -> Path | None:
    """Where the run folder says its socket is, or None."""
    try:
        text = (folder / POINTER_NAME).read_text()
    except (OSError, UnicodeDecodeError):
        return None
    path = Path(text.strip())
    return path if path.is_absolute() else None


def point_at(folder: Path, path: Path) -> None:
    """Write down where the socket is; nothing where it lies in the folder itself."""
    pointer = folder / POINTER_NAME
    try:
        if path.parent == folder.resolve():
            pointer.unlink(missing_ok=True)
        else:
            pointer.write_text(f"{path}\n")
    except OSError as error:
        raise StoreError(f"cannot write {pointer}: {error.strerror or error}") from error


def listen(folder: Path) -> tuple[socket.socket, Path]:
    """Bind and listen. Call it with the run's lock held only: a socket file that is there is stale then and removed.

    Raises StoreError when no place takes a socket.
    """
    reasons = []
    for path in places_for(folder):
        if path.parent != folder.resolve():
            make_private(path.parent)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            path.unlink(missing_ok=True)
            server.bind(str(path))
            server.listen(BACKLOG)
        except OSError as error:
            server.close()
            reasons.append(f"{path.parent}: {error.strerror or error}")
            if error.errno is not None and error.errno not in NO_SOCKETS:
                break
        else:
            point_at(folder, path)
            return server, path
        finally:
            os.umask(before)
    raise StoreError("no socket can be made for the run" + "".join(f"; {r}" for r in reasons),
                     hint="set XDG_RUNTIME_DIR to a short local folder of your own, or use --home")


def make_private(folder: Path) -> None:
    """Make `folder` if it is missing, and insist that it is ours alone. Raises StoreError: somebody else may have laid
    it there, in a place where everybody can write."""
    before = os.umask(0o077)    # the mode of mkdir does not reach the parents that it makes
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        entry = folder.lstat()
    except OSError as error:
        raise StoreError(f"cannot make the folder {folder} for sockets: {error.strerror or error}",
                         hint="set XDG_RUNTIME_DIR to a local folder of your own") from error
    finally:
        os.umask(before)
    if not stat.S_ISDIR(entry.st_mode) or entry.st_uid != os.geteuid() or stat.S_IMODE(entry.st_mode) & 0o077:
        raise StoreError(f"{folder} is not a private folder of this user",
                         hint="remove it, or set XDG_RUNTIME_DIR to a local folder of your own")
