"""An installed wheel works outside the checkout: commands, demo faces, recipes, themes."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OTHER_PACKAGES = sysconfig.get_paths()["purelib"]
LOOK_UP = """
import importlib.resources, sys
import core, dfl_tui, themes
from core.faces.demo import demo_folder
assert all("site" in module.__path__[0] for module in (core, dfl_tui, themes)), core.__path__
print(len(list((demo_folder() / "src").glob("*.jpg"))), "demo faces")
for package in ("themes", "core.recipes.builtin"):
    print(len([f for f in importlib.resources.files(package).iterdir() if f.name.endswith(".toml")]), package)
from dfl_tui.language import LOCALE
print(len(list(LOCALE.glob("*/LC_MESSAGES/dfl_tui.mo"))), "languages")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's files and a `dfl-tui` in bin, installed without network and without the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"  # setuptools builds inside the tree, and would take old files from there the next time
    for name in ("core", "dfl_tui", "themes"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tree)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(tree)],
                   check=True, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(folder / "site"), str(wheel)],
                   check=True, cwd=folder)
    return folder / "site"


def run(site: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`words` in a Python that knows the wheel and the packages it needs, and not the checkout (-S: no .pth files)."""
    environment = os.environ | {"PYTHONPATH": f"{site}{os.pathsep}{OTHER_PACKAGES}"}
    return subprocess.run([sys.executable, "-S", *words], cwd=cwd, env=environment, check=False, text=True,
                          capture_output=True, timeout=100)


@pytest.mark.journey
def test_the_package_data_are_in_the_wheel(installed, tmp_path):
    found = run(installed, "-c", LOOK_UP, cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    faces, themes, recipes, languages = (int(line.split()[0]) for line in found.stdout.splitlines())
    assert faces == 96
    assert themes >= 2
    assert recipes >= 1
    assert languages >= 1


@pytest.mark.journey
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["config"], ["keys"], ["doctor"]], ids=" ".join)
def test_the_installed_command_works_outside_the_checkout(installed, tmp_path, words):
    done = run(installed, str(installed / "bin" / "dfl-tui"), "--home", str(tmp_path / "home"), *words, cwd=tmp_path)
    assert done.stderr == "" or words == ["doctor"]
    assert done.returncode in ((0, 7) if words == ["doctor"] else (0,)), done.stderr
    assert done.stdout
