"""People stand in DeepFaceLab folders: its `core` must never be imported, not by us and not by our children."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dfl_tui.cli.exit_code import ExitCode

SCRIPT = [str(Path(sys.executable).with_name("dfl-tui"))]
DEMO_SRC = Path(__file__).resolve().parents[2] / "core" / "faces" / "demo" / "src"
MODULE = [sys.executable, "-m", "dfl_tui"]


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder whose packages refuse to be imported."""
    for name in ("core", "themes", "click", "numpy", "torch"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise RuntimeError('the {name} of this folder was imported')\n")
    return tmp_path


def dfl_tui(program: list[str], *words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DFL_TUI_HOME": str(folder / "home")} | variables
    return subprocess.run([*program, *words], cwd=folder, env=environment, check=False, capture_output=True, text=True,
                          timeout=100)


@pytest.mark.journey
@pytest.mark.parametrize("words", [["--help"], ["config"], ["ls"], ["faces", "check", str(DEMO_SRC)]],
                         ids=["--help", "config", "ls", "faces check"])
@pytest.mark.parametrize(("program", "variables"), [(SCRIPT, {}), (SCRIPT, {"PYTHONPATH": "."}), (MODULE, {})],
                         ids=["script", "script with PYTHONPATH=.", "python -m"])
def test_everything_works_from_there(program, variables, words, foreign):
    done = dfl_tui(program, *words, folder=foreign, **variables)
    assert "was imported" not in done.stderr + done.stdout
    assert done.returncode == ExitCode.OK, done.stderr
