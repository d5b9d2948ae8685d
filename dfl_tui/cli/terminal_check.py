"""What else this terminal can do, for `dfl-tui doctor`: room, letters, a quick Esc. The machine is core.run's part.

`findings` is pure; the rest asks the terminal and tmux.
"""

import locale
import os
import shutil
import subprocess
import sys

from core.run.start import Finding
from dfl_tui.language import _

SMALLEST = (80, 24)
SLOW_ESCAPE_MS = 100      # tmux before 3.5 waits 500 ms before it lets Esc through (facts/console.md 1.6)
TMUX_S = 2.0


def terminal_findings() -> list[Finding]:
    """How this terminal stands; nothing where standard output is none."""
    if not sys.stdout.isatty():
        return []
    size = shutil.get_terminal_size()
    return findings((size.columns, size.lines), locale.getpreferredencoding(False), escape_time())


def findings(size: tuple[int, int], encoding: str, escape_ms: int) -> list[Finding]:
    """What these three mean for the console. escape_ms: how long tmux holds Esc back, 0 outside tmux."""
    found = [room(size), letters(encoding)]
    if escape_ms > SLOW_ESCAPE_MS:
        found.append(Finding("Esc", "warn", _("tmux holds Esc back for {n} ms: write set -sg escape-time 20 "
                                              "into ~/.tmux.conf").format(n=escape_ms)))
    return found


def room(size: tuple[int, int]) -> Finding:
    """Whether the console fits."""
    if size[0] >= SMALLEST[0] and size[1] >= SMALLEST[1]:
        return Finding("size", "ok", _("{w}x{h} cells").format(w=size[0], h=size[1]))
    return Finding("size", "warn", _("{w}x{h} cells: the console needs {least}, dfl-tui watch needs one line").format(
        w=size[0], h=size[1], least=f"{SMALLEST[0]}x{SMALLEST[1]}"))


def letters(encoding: str) -> Finding:
    """Whether pictures and glyphs can be written."""
    if encoding.lower().replace("-", "") == "utf8":
        return Finding("letters", "ok", "UTF-8")
    return Finding("letters", "warn", _("{encoding}: glyphs will look wrong; set LANG to a UTF-8 locale, e.g. "
                                        "C.UTF-8").format(encoding=encoding))


def escape_time() -> int:
    """Milliseconds that tmux holds Esc back; 0 outside tmux, or where it does not answer."""
    if "TMUX" not in os.environ:
        return 0
    try:
        said = subprocess.run(["tmux", "show-options", "-sv", "escape-time"], capture_output=True, text=True,
                              check=False, timeout=TMUX_S).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return int(said) if said.isdigit() else 0
