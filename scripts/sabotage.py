"""Show that the tests can fail: break the program on purpose, in a copy, and see the named test fail.

A sabotage is a small TOML file in tests/sabotage: `file` and `old` (text that is there exactly once), `new` (what
replaces it), `test` (the pytest id that must fail) and `why` (what a reader should know about the mistake).
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "sabotage"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "*.egg-info", "build", "dist")
TEST_S = 600  # a journey with kills takes a minute; a sabotage may make it hang, which counts as failing


@dataclass(frozen=True)
class Sabotage:
    """One deliberate mistake."""

    name: str
    file: str
    old: str
    new: str
    test: str
    why: str

    def problem(self, root: Path = ROOT) -> str:
        """Why it cannot be applied to the tree at `root`, or ""."""
        path = root / self.file
        if not path.is_file():
            return f"{self.file} does not exist"
        count = path.read_text(encoding="utf-8").count(self.old)
        if count != 1:
            return f"the old text is {count} times in {self.file}"
        if self.old == self.new:
            return "old and new are the same"
        test_file, _, test_name = self.test.partition("::")
        name = test_name.rpartition("::")[2].partition("[")[0]
        if not (root / test_file).is_file() or f"def {name}(" not in (root / test_file).read_text(encoding="utf-8"):
            return f"there is no test {self.test}"
        return ""

    @contextmanager
    def applied(self, root: Path) -> Iterator[None]:
        """The mistake, in the tree at `root`, for a while."""
        path = root / self.file
        sound = path.read_text(encoding="utf-8")
        path.write_text(sound.replace(self.old, self.new), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(sound, encoding="utf-8")


def sabotages(folder: Path = FOLDER) -> list[Sabotage]:
    """All of them, by name."""
    return [Sabotage(path.stem, **tomllib.loads(path.read_text(encoding="utf-8")))
            for path in sorted(folder.glob("*.toml"))]


def run_test(tests: Iterable[str], root: Path) -> bool:
    """Whether all of `tests` pass in the tree at `root`."""
    # PYTHONPATH and not the current folder: children of the tests must import the copy as well
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--timeout", str(TEST_S), *tests]
    try:
        done = subprocess.run(command, cwd=root, env=environment, timeout=TEST_S, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def report(names: Iterable[str] = ()) -> bool:
    """Apply each sabotage (or those named), print what became of it; True where every named test failed."""
    wanted = set(names)
    chosen = [s for s in sabotages() if not wanted or s.name in wanted]
    with tempfile.TemporaryDirectory(prefix="dfl-sabotage-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        passes: dict[str, bool] = {}    # without any sabotage: asked once, for several may name one test
        outcomes = [outcome(s, copy, passes) for s in chosen]
    print(f"{sum(outcomes)} of {len(outcomes)} sabotages were noticed")
    return bool(outcomes) and all(outcomes)


def outcome(sabotage: Sabotage, copy: Path, passes: dict[str, bool]) -> bool:
    """Whether the named test passes without the sabotage and fails with it; prints a line."""
    began = time.monotonic()
    problem = sabotage.problem(copy)
    if not problem and sabotage.test not in passes:
        passes[sabotage.test] = run_test([sabotage.test], copy)
    if not problem and not passes[sabotage.test]:
        problem = "the test fails without it too"
    if not problem:
        with sabotage.applied(copy):
            if run_test([sabotage.test], copy):
                problem = "NOT NOTICED: the test passes with it"
    said = problem or "noticed by " + sabotage.test.rpartition("::")[2]
    print(f"{sabotage.name}: {said} ({time.monotonic() - began:.0f} s)", flush=True)
    return not problem
