"""What a command imports: the quick ones stay quick, and no command of ours pulls in torch."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "textual", "rich", "cv2", "numpy"}
QUICK = [["--help"], ["--version"], ["config"], ["config", "lr"], ["keys"], ["ls"], ["status"], ["status", "--json"],
         ["watch"], ["completion", "bash"], ["set", "a", "lr=1"], ["reset-terminal"], ["train", "--help"],
         ["swap", "--help"]]


def modules_of(words: list[str], home: str) -> set[str]:
    """Top-level packages that are loaded when the command ends, however it ends."""
    program = ("import sys, atexit\n"
               "atexit.register(lambda: print('\\n'.join(sys.modules), file=sys.stderr))\n"
               "from dfl_tui.cli.main import run\n"
               "run(sys.argv[1:])\n")
    done = subprocess.run([sys.executable, "-P", "-c", program, *words, "--home", home], capture_output=True,
                          text=True, check=False)
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.journey
@pytest.mark.parametrize("words", QUICK, ids=" ".join)
def test_a_quick_command_imports_nothing_heavy(words, tmp_path):
    modules = modules_of(words, str(tmp_path))
    assert "click" in modules
    assert not modules & HEAVY
