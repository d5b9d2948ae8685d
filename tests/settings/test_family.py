"""What each model family begins with, and which settings it refuses at birth."""

import pytest

from core.settings.error import SettingError
from core.settings.family import FIXED, MODELS, PRESETS, USERS, uses
from core.settings.registry import BY_KEY, birth_settings, check, check_together, defaults, parse_all


@pytest.mark.parametrize("model", MODELS)
def test_what_a_family_begins_with_fits_together(model):
    settings = birth_settings({"model": model})
    assert settings.keys() == defaults().keys()
    check_together(settings)
    for key, value in settings.items():
        assert check(key, value) == value


def test_a_family_begins_as_the_original_does():
    amp, quick = birth_settings({"model": "amp"}), birth_settings({"model": "quick96"})
    assert (amp["resolution"], amp["inter_dims"], amp["morph_factor"], amp["archi"]) == (224, 1024, 0.5, "amp-udt")
    assert (quick["resolution"], quick["optimizer"], quick["lr"], quick["lr_cos"]) == (96, "rmsprop", 2e-4, 0)
    assert birth_settings({}) == defaults()
    assert birth_settings({"model": "amp", "resolution": 64})["resolution"] == 64


@pytest.mark.parametrize(("words", "sentence"), [
    (["model=amp", "archi=liae-ud"], "archi = liae-ud does not fit model = amp, which is always amp-udt"),
    (["model=quick96", "resolution=128"], "resolution = 128 does not fit model = quick96, which is always 96"),
    (["model=quick96", "face_type=head"], "which is always full_face"),
    (["archi=amp-udt"], "archi = amp-udt does not fit model = saehd"),
    (["inter_dims=64"], "inter_dims = 64 has no effect on model = saehd: leave it out: amp and amp_legacy use it"),
    (["morph_factor=0.3"], "morph_factor = 0.3 has no effect on model = saehd"),
    (["model=amp", "freeze_ab_without_warp=on"], "freeze_ab_without_warp = True has no effect on model = amp"),
    (["model=quick96", "preview_morph=0.5"], "has no effect on model = quick96"),
    (["model=amp", "resolution=80"], "must be a multiple of 32")])
def test_a_setting_that_a_family_does_not_use_is_refused(words, sentence):
    with pytest.raises(SettingError) as refused:
        check_together(birth_settings(parse_all(words)))
    assert sentence in str(refused.value)


def test_names_of_the_original_are_understood():
    assert parse_all(["model=AMPLegacy"]) == {"model": "amp_legacy"}
    assert parse_all(["model=Quick96", "preview_mf=0.75"]) == {"model": "quick96", "preview_morph": 0.75}


def test_the_tables_speak_of_settings_and_families_that_exist():
    assert set(PRESETS) == set(FIXED) == set(MODELS)
    assert set(USERS) | {key for preset in PRESETS.values() for key in preset} <= set(BY_KEY)
    assert all(set(keys) <= set(PRESETS[model]) for model, keys in FIXED.items())
    assert uses("amp", "morph_factor") and not uses("saehd", "morph_factor") and uses("quick96", "batch_size")
