"""The form for a run: what is missing, what is wrong, what it becomes."""

import pytest

from core.settings.error import SettingError
from dfl_tui.draft import Draft, consent, fields, missing, settings, wrong
from dfl_tui.screens.path_suggester import completed

FILLED = Draft({"name": "a", "src.folder": "/s", "src.ground": "consent", "src.person": "Anna", "src.said_by": "me",
                "dst.folder": "/d", "dst.ground": "synthetic"})


def test_a_filled_form_lacks_nothing():
    assert missing(FILLED) == ""


@pytest.mark.parametrize(("key", "said"), [
    ("name", "no name"), ("src.folder", "src has no folder"), ("src.ground", "on what ground the faces of src"),
    ("src.person", "who is shown in src"), ("dst.folder", "dst has no folder"), ("dst.ground", "faces of dst")])
def test_what_is_missing_is_named(key, said):
    assert said in missing(FILLED.put(key, ""))


def test_nobody_need_be_named_where_nobody_is_shown():
    assert consent(FILLED, "dst").person == "synthetic"


def test_without_a_ground_there_is_no_consent():
    with pytest.raises(SettingError, match="on what ground"):
        consent(FILLED.put("dst.ground", ""), "dst")


def test_settings_are_typed_and_must_fit_each_other():
    assert settings(FILLED.put("resolution", "96").put("archi", "df-u")) == {"resolution": 96, "archi": "df-u"}
    odd = FILLED.put("resolution", "80")       # with d it must be a multiple of 32
    assert "multiple of 32" in missing(odd)
    with pytest.raises(SettingError):
        settings(odd)


def test_a_wrong_value_is_said_before_it_is_taken():
    assert "9 is out of range" in wrong("resolution", "9")
    assert wrong("name", "anything") == ""
    assert "cannot be the name of a run" in wrong("name", "second run!")
    assert "there is no /nowhere/faces" in wrong("src.folder", "/nowhere/faces")


def test_a_family_asks_only_for_what_it_uses_and_forgets_what_another_one_had():
    quick = FILLED.put("inter_dims", "512").put("model", "quick96")
    assert not quick.has("resolution") and not quick.has("inter_dims") and quick.has("ae_dims")
    assert quick.get("ae_dims") == "128"
    assert settings(quick) == {"model": "quick96"}


def test_a_folder_is_completed_while_it_is_typed(tmp_path):
    (tmp_path / "anna_aligned").mkdir()
    (tmp_path / "anna.txt").write_text("no folder")
    assert completed(f"{tmp_path}/an") == f"{tmp_path}/anna_aligned"
    assert completed(f"{tmp_path}/b") is None and completed("an") is None and completed("/nowhere/x") is None


def test_every_field_has_help_and_one_place():
    form = fields(("demo",))
    assert len({field.key for field in form}) == len(form)
    assert all(field.help and field.group for field in form)
