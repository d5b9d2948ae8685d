"""The record of consent: nothing is assumed but that the one who types says it."""

import pytest

from core.settings.error import SettingError
from dfl_tui.cli.consent import consent
from dfl_tui.cli.exit_code import ExitCode
from dfl_tui.cli.main import run
from dfl_tui.cli.person import user_name


def test_a_ground_must_be_stated():
    with pytest.raises(SettingError, match="--src-ground own, consent, licence or synthetic"):
        consent("src", "Anna", None, None)


def test_a_person_must_be_named_unless_nobody_real_is_shown():
    with pytest.raises(SettingError, match="who is shown in dst is not stated: add --dst-person NAME"):
        consent("dst", None, "consent", None)
    assert consent("dst", None, "synthetic", None).person == "synthetic"


def test_who_types_says_it_unless_another_is_named():
    assert consent("src", "Anna", "own", None).said_by == user_name()
    assert consent("src", "Anna", "own", "Ben").said_by == "Ben"


def test_a_recipe_that_is_not_for_the_model_is_refused_before_any_face_is_read(tmp_path, capsys):
    (tmp_path / "faces").mkdir()
    asked = ["--src", str(tmp_path / "faces"), "--dst", str(tmp_path / "faces"), "--src-ground", "synthetic",
             "--dst-ground", "synthetic", "--set", "model=amp"]
    assert run(["--home", str(tmp_path / "home"), "new", "a", "--recipe", "saehd", *asked]) == ExitCode.FAILED
    assert capsys.readouterr().err == ("dfl-tui: the recipe 'saehd' is for saehd, not for model = amp: leave out the "
                                       "recipe or the model\n")
