"""Models of the original that were saved while they were pretrained."""

import pytest

from core.exchange.options import options_of, settings_of
from core.settings.registry import birth_settings

DIMS = {"resolution": 64, "face_type": "wf", "ae_dims": 32, "inter_dims": 32, "e_dims": 16, "d_dims": 16,
        "d_mask_dims": 16}


@pytest.mark.parametrize("kind", ["SAEHD", "AMPLegacy"])
def test_an_imported_model_goes_on_pretraining_as_it_did(kind):
    found = settings_of("a_data.dat", kind, {**DIMS, "archi": "df-ud", "pretrain": True})
    assert found.settings["pretrain"] == "dfl"
    assert found.left == ["pretrain is on: setting it to n begins inter anew, as in the original"]


@pytest.mark.parametrize("kind", ["SAEHD", "AMPLegacy"])
@pytest.mark.parametrize("pretrain", ["n", "y", "dfl"])
def test_no_export_makes_the_original_begin_the_inter_anew(kind, pretrain):
    model = {"SAEHD": "saehd", "AMPLegacy": "amp_legacy"}[kind]
    settings = birth_settings({"model": model, "pretrain": pretrain})
    assert options_of(kind, settings, {"pretrain": True})["pretrain"] is False      # "n" is true to Python
