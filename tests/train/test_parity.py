"""The original's recorded numbers are met: forward passes, training steps, single operations.

`tests/data/parity` holds a part of them (pictures at every fourth pixel, weights by their recipe), in the format of the
folders that `benchmarks/parity.py` takes.
"""

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.parity import main
from core.nets.dfl_keys import original_tensors
from core.nets.family import make_network
from core.settings.error import NetworkError
from tests.original.folder_parity import check_folder
from tests.original.network_files import state_as_original, weights_as_original, weights_from_recipe, weights_from_zips
from tests.original.options import missing_of, settings_of
from tests.original.recorded_case import case_of

RECORDED = Path(__file__).parent.parent / "data" / "parity"
pytestmark = pytest.mark.slow
STEPS = ["df-ud_adabelief", "df-ud_rmsprop", "df-ud_clipgrad", "df-ud_lrdropout_it100", "liae-ud_adabelief",
         "liae-ud_rmsprop_emp", "liae-ud_norandomwarp", "df-ud_gan", "df-ud_trueface", "df-ud_style", "df-ud_blurout",
         "amp", "amp_gan_clipgrad"]
GOLDENS = ["df", "df-ud", "df-udc", "liae-ud", "liae-udt", "amp"]
JUDGES = ["codedisc_res4", "disc_patch16"]
OPS = ["gaussian_blur_0.5", "gaussian_blur_8", "dssim_1", "dssim_11", "depth_to_space_2", "flatten",
       "reshape_4D_from_flat", "pixel_norm", "leaky_relu_0.1", "cos_act", "rgb_to_lab", "conv_k3s1/out",
       "conv_k5s2/out", "conv_k4s2/out", "conv_k1_valid/out", "dense/out", "convT_k3s2/out", "convT_k3s1/out",
       "frnorm/out", "tlu/out", "blurpool_2/out", "blurpool_3/out", "blurpool_4/out", "tv_mse_nchw", "tv_mse_nhwc",
       "style_loss_blur8_w100", "style_loss_noblur_w1"]


@pytest.fixture(scope="module")
def cases():
    return {name: (deviations, is_within) for name, deviations, is_within in check_folder(RECORDED)}


@pytest.mark.parametrize("name", [f"step_{n}" for n in STEPS] + [f"golden_{n}" for n in GOLDENS] + JUDGES +
                         [f"ops/{n}" for n in OPS])
def test_recorded_numbers_are_met(cases, name):
    deviations, is_within = cases[name]
    assert is_within, deviations


@pytest.mark.parametrize("name", ["64_msssim", "64_msssim_l1"])
def test_the_forks_losses_at_several_scales_are_met(cases, name):
    deviations, is_within = cases[f"mve_msssim/{name}"]
    assert is_within, deviations


def test_a_judge_is_compared_by_its_own_loss_gradients_weights_and_state(cases):
    assert {"Dgan_loss", "Dgan_gradient", "Dgan_gradient_norm"} <= set(cases["step_df-ud_gan"][0])
    assert {"Dcode_loss", "Dcode_gradient"} <= set(cases["step_df-ud_trueface"][0])


def test_a_step_compares_losses_gradients_weights_and_state(cases):
    deviations, _ = cases["step_liae-ud_adabelief"]
    assert {"loss_G0", "src_loss", "dst_loss", "gradient", "gradient_norm", "weight_0", "weight_1", "weight_3",
            "state_1", "state_3"} <= set(deviations)


def settings_of_case(name):
    return settings_of(json.loads(np.load(RECORDED / f"{name}.npz")["config"].item())["options"])


def folder_with(tmp_path, name, change):
    """A folder with one case whose recorded arrays were changed."""
    recorded = dict(np.load(RECORDED / f"{name}.npz"))
    change(recorded)
    np.savez(tmp_path / f"{name}.npz", **recorded)
    entry = json.loads((RECORDED / "cases.json").read_text())[name]
    (tmp_path / "cases.json").write_text(json.dumps({name: entry}))
    (tmp_path / "inputs_r64_b2_seed21.npz").symlink_to(RECORDED / "inputs_r64_b2_seed21.npz")
    return tmp_path


@pytest.mark.parametrize(("tag", "factor"), [
    ("grad_G.vals", 1.001), ("w_after1.vals", 1.0002), ("opt_after3.vals", 1.1), ("src_loss", 1.0001),
    ("w0.vals", 1.01), ("grad_G.stats", 1.001)])
def test_a_deviation_beyond_the_tolerance_fails_its_case(tmp_path, tag, factor):
    folder = folder_with(tmp_path, "step_df-ud_adabelief", lambda r: r.update({tag: r[tag] * factor}))
    ((_, deviations, is_within),) = check_folder(folder)
    assert not is_within, deviations


def test_what_does_not_exist_yet_is_missing_and_fails(tmp_path, capsys):
    def in_halves(recorded):
        config = json.loads(recorded["config"].item())
        config["options"]["use_fp16"] = True
        recorded["config"] = np.array(json.dumps(config))

    assert main([str(folder_with(tmp_path, "step_df-ud_adabelief", in_halves))]) == 1
    line = json.loads(capsys.readouterr().out)
    assert line == {"case": "step_df-ud_adabelief", "folder": tmp_path.name, "ok": False,
                    "missing": "half precision weights"}
    assert missing_of("XSeg", {}) == "XSeg networks"
    assert missing_of("SAEHD", {"gan_power": 0.1, "retraining_samples": True}) == "retraining of hard samples"


def test_a_folder_that_is_not_as_described_fails_with_its_reason(tmp_path, capsys):
    (tmp_path / "cases.json").write_text('{"golden_df": {"kind": "forward", "weights": ["none.zip"]}}')
    assert main([str(tmp_path)]) == 1
    assert "FileNotFoundError" in json.loads(capsys.readouterr().out)["error"]
    assert main([]) == 1


def test_recorded_networks_in_zips_are_read_without_running_anything(tmp_path):
    settings = settings_of_case("golden_df-ud")
    case = case_of(settings, weights_from_recipe(original_tensors(make_network(settings)), 11))
    weights = {}
    for variable, array in weights_as_original(case.network).items():
        file, _, key = variable.partition("/")
        weights.setdefault(file, {})[key] = array
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        for file, arrays in weights.items():
            archive.writestr(f"{file}.npy", pickle.dumps(arrays, protocol=4))
    read = weights_from_zips([tmp_path / "w.zip"])
    again = case_of(settings, read)
    assert all(torch.equal(a, b) for a, b in zip(case.network.parameters(), again.network.parameters(), strict=True))
    del read["inter"]["dense1/bias:0"]
    with pytest.raises(NetworkError, match="lacks"):
        case_of(settings, read)


def test_optimizer_state_bears_the_names_of_the_original():
    settings = settings_of_case("step_liae-ud_adabelief")
    case = case_of(settings, weights_from_recipe(original_tensors(make_network(settings)), 11))
    state = state_as_original(case.network, case.step.optimizer)
    recorded = np.load(RECORDED / "step_liae-ud_adabelief.npz")["opt_names"]
    assert set(state) == {str(name).removeprefix("src_dst_opt/") for name in recorded}


def test_weights_of_another_shape_are_refused():
    settings = settings_of_case("golden_df-ud")
    weights = weights_from_recipe(original_tensors(make_network(settings)), 11)
    with pytest.raises(NetworkError, match="in the file"):
        case_of(settings | {"ae_dims": 24}, weights)


def test_a_recorded_number_that_is_none_fails_its_case(tmp_path):
    def spoilt(recorded):
        recorded["src_loss"] = np.full_like(recorded["src_loss"], np.nan)

    folder = folder_with(tmp_path, "step_df-ud_adabelief", spoilt)
    assert main([str(folder)]) == 1
    assert not any(is_within for _, _, is_within in check_folder(folder))


@pytest.mark.parametrize(("name", "content"), [
    ("cases.json", b'{"golden_df": '), ("cases.json", b"[1, 2]"), ("cases.json", b'{"golden_df": 3}'),
    ("cases.json", b'{"golden_df": {}}'), ("cases.json", b'{"golden_df": {"kind": "dance"}}'),
    ("ops.npz", b"PK\x03\x04 no archive"), ("mve_msssim.npz", b""), ("disc_patch16.npz", b"no"), ("README.md", b"")])
def test_a_broken_file_is_said_in_a_sentence(tmp_path, capsys, name, content):
    (tmp_path / name).write_bytes(content)
    assert main([str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out)["error"]


def test_a_folder_that_is_not_there_is_said(tmp_path, capsys):
    assert main([str(tmp_path / "nowhere")]) == 1
    assert "is no folder" in json.loads(capsys.readouterr().out)["error"]
