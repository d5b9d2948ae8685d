"""The job that lists and removes decoded faces."""

import json
import subprocess
import sys

import pytest

from core.faces.cache import FaceCache
from core.faces.demo import demo_folder
from core.faces.face_type import FaceType
from core.faces.faceset import open_faceset


def run_job(*arguments: str) -> tuple[int, list[dict[str, object]]]:
    command = [sys.executable, "-P", "-m", "core.jobs.caches", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def folder(tmp_path):
    faceset = open_faceset(demo_folder() / "truth")
    FaceCache(faceset, side_px=64, face_type=FaceType.head, folder=tmp_path, limit_bytes=1 << 30).image(0)
    (tmp_path / "damaged.faces").write_bytes(b"?")
    return tmp_path


def test_files_are_listed_with_what_they_hold(folder):
    code, (first, damaged, summary) = run_job(str(folder))
    assert code == 0
    cache = first["cache"]
    assert isinstance(cache, dict)
    assert (cache["side_px"], cache["face_type"], cache["planes"]) == (64, "head", "image and mask")
    assert cache["faceset"] == str(demo_folder() / "truth")
    assert isinstance(damaged["cache"], dict)
    assert set(damaged["cache"]) == {"path", "size_bytes", "written_s"}
    assert isinstance(summary["summary"], dict)
    assert (summary["summary"]["files"], summary["summary"]["removed"]) == (2, False)
    assert len(list(folder.iterdir())) == 2


def test_files_are_removed_and_strangers_stay(folder):
    (folder / "notes.txt").touch()
    assert run_job(str(folder), "--remove")[0] == 0
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert run_job(str(tmp_path / "none")) == (0, [{"summary": {"files": 0, "size_bytes": 0, "removed": False}}])


def test_wrong_arguments_and_what_cannot_be_removed_are_errors(tmp_path):
    (tmp_path / "folder.faces").mkdir()
    for arguments in ([], [str(tmp_path), "--all"], [str(tmp_path), "--remove"]):
        code, records = run_job(*arguments)
        assert code == 1
        assert set(records[-1]) == {"error", "hint"}
