"""The job that looks through a face set, as the CLI starts it."""

import json
import subprocess
import sys
from pathlib import Path

from core.faces.demo import demo_folder


def run_job(*arguments: str, cwd: Path | None = None) -> tuple[int, list[dict[str, object]]]:
    command = [sys.executable, "-P", "-m", "core.jobs.faces", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=cwd)
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_progress_then_a_summary_is_printed():
    code, records = run_job(str(demo_folder() / "src"))
    assert code == 0
    assert records[:-1] == [{"progress": 50, "total": 96}, {"progress": 96, "total": 96}]
    summary = records[-1]["summary"]
    assert isinstance(summary, dict)
    assert len(summary.pop("key")) == 32
    assert summary == {"path": str(demo_folder() / "src"), "faces": 96, "types": {"whole_face": 96},
                       "sizes": {"160x160": 96}, "with_mask": 96, "problems": []}


def test_every_problem_is_in_the_summary_with_its_reason(tmp_path):
    (tmp_path / "00000_0.jpg").write_bytes((demo_folder() / "src" / "00000_0.jpg").read_bytes())
    (tmp_path / "empty.jpg").touch()
    _, records = run_job(".", cwd=tmp_path)
    summary = records[-1]["summary"]
    assert isinstance(summary, dict)
    assert summary["path"] == str(tmp_path)
    assert summary["problems"] == [{"name": "empty.jpg", "reason": "empty.jpg is an empty file"}]


def test_an_error_is_a_record_with_a_hint_and_exit_code_1(tmp_path):
    for arguments in ([str(tmp_path)], ["/nowhere"], []):
        code, records = run_job(*arguments)
        assert code == 1
        assert set(records[-1]) == {"error", "hint"}
        assert all(records[-1].values())


def test_a_folder_with_a_core_of_its_own_does_no_harm(tmp_path):
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise RuntimeError('another program')")
    assert run_job(str(demo_folder() / "dst"), cwd=tmp_path)[0] == 0
