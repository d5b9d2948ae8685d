from pathlib import Path

import pytest

from dfl_tui.cli.import_path import OURS, safe_entries


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder like DeepFaceLab's: it has a package `core` that cannot be imported."""
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise RuntimeError('the wrong core')\n")
    return tmp_path


def test_the_current_folder_is_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert safe_entries([str(tmp_path), "", ".", "/usr/lib/python3"]) == ["/usr/lib/python3"]


def test_a_folder_with_another_core_is_left_out_wherever_it_is(foreign):
    assert safe_entries([str(foreign), "/usr/lib/python3"]) == ["/usr/lib/python3"]


def test_our_own_folder_stays_also_when_one_stands_in_it(monkeypatch):
    monkeypatch.chdir(OURS)
    assert safe_entries(["", str(OURS)]) == ["", str(OURS)]


def test_a_removed_current_folder_is_no_error(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert safe_entries(["", "/usr/lib/python3"]) == ["/usr/lib/python3"]
