"""`dfl-tui faces pack` and `unpack` as a person types them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

JPEGS = sorted((Path(__file__).parents[1] / "data" / "faces").glob("*.jpg"))


def dfl_tui(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-P", "-m", "dfl_tui", "faces", *map(str, words)], capture_output=True,
                          text=True, timeout=120)


@pytest.mark.journey
def test_a_folder_is_packed_and_unpacked_from_a_shell(tmp_path):
    for path in JPEGS:
        shutil.copy(path, tmp_path)
    (tmp_path / "broken.jpg").write_bytes(b"")
    done = dfl_tui("pack", tmp_path, "--zip", "--remove")
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout.splitlines() == [f"3 faces are in {tmp_path / 'faceset.zip'}",
                                        "  skipped: broken.jpg is an empty file"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.jpg", "faceset.zip"]
    done = dfl_tui("unpack", tmp_path, "--zip", "--remove")
    assert (done.returncode, done.stdout) == (0, f"3 faces are taken out of {tmp_path / 'faceset.zip'}\n")
    assert {path.name: path.read_bytes() for path in tmp_path.glob("0*.jpg")} == {
        path.name: path.read_bytes() for path in JPEGS}
