"""From the original's files into blocks and back: every array is the same to the byte, in the same order."""

import pickletools

import numpy as np
import pytest

from core.events.event import Consent, FaceSetNote
from core.exchange.dfl_folder import Content, write_folder
from core.exchange.layout import read_layout, read_samples, write_layout
from core.exchange.lineage import Lineage
from core.exchange.model_folder import find_model
from core.exchange.taking import read_model, read_weights
from core.exchange.tensors import Source, load_tensors, moments_for, slot_key, weights_for
from core.faces.pickle_writer import pickled
from core.nets.dfl_keys import original_tensors
from core.nets.xseg import make_xseg
from core.settings.registry import birth_settings
from tests.exchange.making import ITERATION, NARROW, OF_KIND, OPTIONS, arrays_in, data_in, make_model

NOTE, NOBODY = FaceSetNote("", 0, ""), Consent("synthetic", "synthetic", "tests")
LINEAGE = Lineage("alpha", ITERATION, 1, 0, "", "test", NOTE, NOTE, NOBODY, NOBODY, None)
MODELS = {
    "df-ud": {}, "df": {"archi": "df"}, "liae": {"archi": "liae"}, "liae-udt": {"archi": "liae-udt"},
    "df-tc rmsprop": {"archi": "df-tc", "adabelief": False}, "letters in another order": {"archi": "liae-du"},
    "frozen inter_AB": {"archi": "liae-ud", "random_warp": False}, "before August 2021": {"archi": "liaeuhd"},
    "GAN and true face": {"gan_power": 0.1, "gan_patch_size": 8, "gan_dims": 4, "true_face_power": 0.01},
}


def through(source, target, tmp_path, name="alpha"):
    """Import `source` and export it again; the weights as they were imported."""
    model = read_model(find_model(source))
    settings = birth_settings(model.taken.settings | NARROW.get(model.folder.kind, {}))
    weights = read_weights(model, settings)
    tmp_path.mkdir(exist_ok=True)
    write_layout(tmp_path / "origin", weights.layout, model.data.samples, weights.kept)
    layout = read_layout(tmp_path / "origin")
    kept = {file: tmp_path / "origin" / file for file in layout.kept}
    write_folder(target, name, Content(weights.blocks, settings, model.data.iteration, model.data.losses, LINEAGE,
                                       layout, read_samples(tmp_path / "origin"), kept, weights.step))
    return weights


def assert_equal(before, after):
    """Names, order, types, shapes and bytes."""
    assert list(before) == list(after)
    for file, arrays in before.items():
        assert list(arrays) == list(after[file]), file
        for key, array in arrays.items():
            again = after[file][key]
            assert (again.dtype, again.shape, again.tobytes()) == (array.dtype, array.shape, array.tobytes()), key


@pytest.mark.parametrize("changed", MODELS.values(), ids=MODELS)
def test_every_array_comes_back_to_the_byte(tmp_path, changed):
    source = make_model(tmp_path / "model", options=OPTIONS | changed)
    weights = through(source, tmp_path / "out", tmp_path)
    assert {note.what for note in weights.notes} == {"taken"}
    assert_equal(arrays_in(source), arrays_in(tmp_path / "out"))


def test_judges_that_train_become_blocks_and_others_are_kept(tmp_path):
    powers = {"gan_patch_size": 8, "gan_dims": 4, "true_face_power": 0.01}
    source = make_model(tmp_path / "model", options=OPTIONS | powers | {"gan_power": 0.1})
    weights = through(source, tmp_path / "out", tmp_path)
    assert {"gan.conv0", "code_discriminator.out"} <= {block.name for block in weights.table} == set(weights.blocks)
    assert weights.step["rivals"] == {"gan": [8, 4], "code": True}
    assert not weights.kept

    data = data_in(source) | {"options": OPTIONS | powers | {"gan_power": 0.0}}
    (source / "alpha_SAEHD_data.dat").write_bytes(pickled(data, 4))
    weights = through(source, tmp_path / "again", tmp_path / "second")
    assert sorted(weights.kept) == ["GAN.npy", "GAN_opt.npy"]
    assert not [name for name in weights.blocks if name.startswith("gan")]
    assert_equal(arrays_in(source), arrays_in(tmp_path / "again"))


@pytest.mark.parametrize("kind", ["AMP", "AMPLegacy", "Quick96"])
def test_every_array_of_another_family_comes_back_to_the_byte(tmp_path, kind):
    source = make_model(tmp_path / "model", kind, options=OF_KIND[kind])
    weights = through(source, tmp_path / "out", tmp_path)
    missing = {note.key.partition("/")[0] for note in weights.notes if note.what == "missing"}
    assert missing == ({"ms_inter_src", "ms_inter_dst", "vs_inter_src", "vs_inter_dst"} if kind == "AMP" else set())
    assert_equal(arrays_in(source), arrays_in(tmp_path / "out"))
    before = data_in(source)["options"]
    assert {key: data_in(tmp_path / "out")["options"][key] for key in before} == before


def test_every_array_of_an_xseg_model_comes_back_to_the_byte():
    tensors = original_tensors(make_xseg(2))
    draws = np.random.default_rng(2)
    weights = {tensor.key: draws.standard_normal(tensor.shape).astype(np.float32) for tensor in tensors}
    moments = {"iters:0": np.array(9, np.int64)} | {
        f"acc_{slot_key(tensor)}": draws.random(tensor.shape, np.float32) for tensor in tensors}
    loaded = load_tensors(tensors, Source("XSeg", {"XSeg_256": weights}, moments, "XSeg_256_opt"), "rmsprop")
    assert {note.what for note in loaded.notes} == {"taken"}
    assert_equal({"XSeg_256": weights, "opt": moments}, {**weights_for(tensors, loaded.blocks),
                                                        "opt": moments_for(tensors, loaded.blocks, "rmsprop")})


def test_options_losses_and_preview_samples_come_back(tmp_path):
    source = make_model(tmp_path / "model")
    through(source, tmp_path / "out", tmp_path)
    before, after = data_in(source), data_in(tmp_path / "out")
    assert {key: after["options"][key] for key in before["options"]} == before["options"]
    assert after["iter"] == ITERATION
    assert after["loss_history"] == before["loss_history"]
    for ours, theirs in zip(after["sample_for_preview"], before["sample_for_preview"], strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("half", [True, False])
def test_both_spellings_of_numpy_and_half_precision_are_read(tmp_path, half):
    source = make_model(tmp_path / "model", half=half, write=lambda value: pickled(value, 4))
    through(source, tmp_path / "out", tmp_path)
    assert_equal(arrays_in(source), arrays_in(tmp_path / "out"))


def test_a_model_without_optimizer_file_begins_with_moments_of_zero_and_says_so(tmp_path):
    source = make_model(tmp_path / "model", has_optimizer=False)
    weights = through(source, tmp_path / "out", tmp_path)
    missing = [note for note in weights.notes if note.what == "missing"]
    assert len(missing) == 2 * len([note for note in weights.notes if note.what == "taken"])
    assert "src_dst_opt.npy" in weights.left[0]
    moments = arrays_in(tmp_path / "out")["alpha_SAEHD_src_dst_opt.npy"]
    assert not any(array.any() for array in moments.values())


def test_files_that_no_run_trains_are_kept_whole(tmp_path):
    source = make_model(tmp_path / "model")
    kept = pickled({"in_conv/weight:0": np.ones((1, 1, 3, 4), np.float32)}, 4)
    (source / "alpha_SAEHD_GAN.npy").write_bytes(kept)
    weights = through(source, tmp_path / "out", tmp_path)
    assert (tmp_path / "out" / "alpha_SAEHD_GAN.npy").read_bytes() == kept
    assert "GAN.npy" in weights.left[0]


def test_ones_before_a_bias_are_taken_off_and_come_back(tmp_path):
    source = make_model(tmp_path / "model")
    (path,) = source.glob("*_encoder.npy")
    arrays = arrays_in(source)[path.name]
    key = "down1/downs_0/conv1/bias:0"
    arrays[key] = arrays[key].reshape(1, 1, 1, -1)
    path.write_bytes(pickled(arrays, 4))
    weights = through(source, tmp_path / "out", tmp_path)
    assert [note.key for note in weights.notes if note.what == "reshaped"] == [key]
    assert_equal(arrays_in(source), arrays_in(tmp_path / "out"))


def test_what_is_written_asks_for_old_names_of_numpy_only():
    value = {"a": np.ones((2, 3), np.float16), "n": np.int64(3), "s": np.array(3, np.int64), "x": [1.5, -7, 2**40, None,
             True, "é", b"raw", (1, 2), {"k": []}]}
    payload = pickled(value, 4)
    asked, texts = set(), []
    for code, argument, _ in pickletools.genops(payload):
        texts = [*texts[-1:], argument] if "UNICODE" in code.name else texts
        if code.name == "STACK_GLOBAL":
            asked.add(tuple(texts))
    assert asked == {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype"),
                     ("numpy.core.multiarray", "scalar")}
    assert payload.startswith(b"\x80\x04")


def test_an_export_is_loaded_by_the_original_under_complete_options(tmp_path):
    source = make_model(tmp_path / "model")
    through(source, tmp_path / "out", tmp_path, name="beta")
    data = data_in(tmp_path / "out")
    assert {"gan_power", "true_face_power", "models_opt_on_gpu", "gan_dims"} <= set(data["options"])
    assert len(data["loss_history"]) == data["iter"]
    assert all(type(value) in (bool, int, float, str) for value in data["options"].values())
    assert (tmp_path / "out" / "beta_SAEHD_summary.txt").read_text().count("archi: df-ud") == 1
    assert '"person": "synthetic"' in (tmp_path / "out" / "beta_SAEHD_lineage.json").read_text()
