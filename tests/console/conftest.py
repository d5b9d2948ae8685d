"""A recorded run in a process of its own, and the console on a pseudo terminal."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.console.pty_terminal import PtyTerminal

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = """
import sys
from pathlib import Path
from core.run.start import Place
from dfl_tui.app import run_console
parting = run_console(Path(sys.argv[1]), Place("anna-on-bo", Path(sys.argv[2])), colours=sys.argv[3],
                      stall_looks=int(sys.argv[4]))
print(parting.sentence)
sys.exit(parting.code)
"""
Opener = Callable[..., PtyTerminal]


@pytest.fixture
def recorded_run(tmp_path: Path) -> Iterator[Path]:
    """The folder of a run that is served by another process."""
    folder = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-m", "tests.console.recorded", str(folder)], cwd=ROOT)
    deadline = time.monotonic() + 90
    while not (folder / "run.sock").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    yield folder
    process.kill()
    process.wait()


@pytest.fixture
def open_console(tmp_path: Path, recorded_run: Path) -> Iterator[Opener]:
    """Opens consoles on the recorded run; `under` = words of a program that starts the console, as sudo would."""
    opened: list[PtyTerminal] = []

    def opener(size: tuple[int, int] = (120, 40), colours: str = "true", stall_looks: int = 60,
               under: tuple[str, ...] = (), **variables: str) -> PtyTerminal:
        ours = ("NO_COLOR", "TMUX", "COLORTERM", "COLUMNS", "LINES")   # a test runner may set the last two
        environment = {k: v for k, v in os.environ.items() if k not in ours}
        environment |= {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | variables
        command = [*under, sys.executable, "-c", CONSOLE, str(tmp_path), str(recorded_run), colours,
                   str(stall_looks)]
        opened.append(PtyTerminal(command, size=size, environment=environment))
        return opened[-1]

    yield opener
    for terminal in opened:
        terminal.close()
