"""Runs dfl-tui as a script does: real processes, a home of its own, no terminal. For tests of whole commands."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from core.run.start import end_supervisor, is_alive, places
from dfl_tui.cli.exit_code import ExitCode

FACES = Path(__file__).resolve().parents[2] / "core" / "faces" / "demo"
# The smallest network there is; an iteration takes milliseconds.
TINY = ["archi=df", "resolution=32", "ae_dims=8", "e_dims=2", "d_dims=2", "d_mask_dims=2", "batch_size=2", "workers=0",
        "threads=1", "likeness_every=0", "preview_every=50", "preview_faces=2", "save_minutes=0.05"]
TINY_WORDS = [word for assignment in TINY for word in ("--set", assignment)]


class Shell:
    """A home, and the commands that are run with it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {k: v for k, v in os.environ.items() if k not in ("DFL_TUI_HOME", "TMUX")}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "dfl_tui", "--home", str(self.home), *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*words), check=False, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=200, env=self.environment)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command that goes on beside the test; its output comes by `communicate`.

        It can be interrupted even where the tests run in the background, whose children would ignore SIGINT.
        """
        usual = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, env=self.environment)
        finally:
            signal.signal(signal.SIGINT, usual)

    def done(self, *words: str) -> str:
        """Standard output of a command that must end well."""
        ended = self.run(*words)
        assert ended.returncode == ExitCode.OK, ended.stderr + ended.stdout
        return ended.stdout

    def refused(self, code: ExitCode, *words: str) -> str:
        """The one sentence of a command that must fail with `code`."""
        ended = self.run(*words)
        assert (ended.returncode, ended.stderr.count("\n")) == (code, 1), ended
        return ended.stderr

    def close(self) -> None:
        """Leave nothing running."""
        for place in places(self.home):
            if is_alive(place):
                self.run("stop", place.name, "--take")
                end_supervisor(place)
