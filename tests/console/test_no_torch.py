"""No module of the console imports torch, and neither does an open one (a start would take 7 s more)."""

import subprocess
import sys
from pathlib import Path

IMPORT_ALL = """
import pkgutil, sys
from importlib import import_module
import dfl_tui
for module in pkgutil.walk_packages(dfl_tui.__path__, "dfl_tui."):
    if module.name != "dfl_tui.__main__":
        import_module(module.name)
        assert "torch" not in sys.modules, module.name
"""
OPEN = """
import asyncio, sys
from pathlib import Path
from core.run.start import Place
from dfl_tui.program import Program
from dfl_tui.screens.run import RunScreen

async def look():
    app = Program(Path(sys.argv[1]), Place("gone", Path(sys.argv[1]) / "runs" / "gone"))
    async with app.run_test(size=(120, 40)) as pilot:
        async with asyncio.timeout(30):
            while not isinstance(app.screen, RunScreen):
                await pilot.pause(0.02)
        for key in ("question_mark", "escape", "s", "escape", "colon", "escape"):
            await pilot.press(key)
            await pilot.pause()

asyncio.run(look())
assert "torch" not in sys.modules
"""


def run(program: str, *words: str) -> None:
    done = subprocess.run([sys.executable, "-c", program, *words], check=False, capture_output=True, text=True,
                          timeout=100)
    assert done.returncode == 0, done.stderr


def test_no_module_of_the_console_imports_torch():
    run(IMPORT_ALL)


def test_an_open_console_has_not_imported_torch(tmp_path: Path):
    run(OPEN, str(tmp_path))


def test_what_draws_the_history_imports_no_numpy():
    """It would be half of the time from the first frame to the history."""
    run("import sys, dfl_tui.showing\nassert 'numpy' not in sys.modules and 'cv2' not in sys.modules")
