"""A model that is not whole is refused in one sentence that names the file, and the key where one is to blame.

The original sets what it cannot load to random values and goes on (facts/files.md 8.3): nothing of that kind may pass.
"""

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from core.exchange.model_folder import find_model
from core.exchange.taking import read_model, read_weights
from core.faces.pickle_writer import pickled
from core.jobs.import_model import main
from core.settings.error import DflTuiError
from core.settings.registry import birth_settings, check_together
from tests.exchange.making import OPTIONS, make_model

DATA, ENCODER, INTER, DECODER, MOMENTS = (f"alpha_SAEHD_{name}" for name in (
    "data.dat", "encoder.npy", "inter.npy", "decoder_src.npy", "src_dst_opt.npy"))
KERNEL, BIAS = "down1/downs_0/conv1/weight:0", "down1/downs_0/conv1/bias:0"
M_KERNEL = f"ms_encoder/{KERNEL[:-2]}_0:0"
RUNS_CODE = b"\x80\x04cos\nsystem\n\x8c\x09touch /xx\x85R."


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A model that would be taken over: file name -> content."""
    folder = make_model(tmp_path_factory.mktemp("sound") / "model")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def edited(file, change):
    """A change of the dictionary in a file."""
    def edit(folder: Path) -> None:
        value = pickle.loads((folder / file).read_bytes())
        change(value)
        (folder / file).write_bytes(pickled(value, 4))
    return edit


def replaced(file, content):
    """Another content; of a function, of what was there."""
    def edit(folder: Path) -> None:
        path = folder / file
        path.write_bytes(content(path.read_bytes()) if callable(content) else content)
    return edit


def option(key, value):
    return edited(DATA, lambda data: data["options"].update({key: value}))


def put(file, key, value):
    return edited(file, lambda arrays: arrays.update({key: value(arrays.get(key)) if callable(value) else value}))


def gone(file):
    return lambda folder: (folder / file).unlink()


def lost(file, key):
    return edited(file, lambda arrays: arrays.pop(key))


def twin(folder: Path) -> None:
    for path in list(folder.iterdir()):
        (folder / path.name.replace("alpha", "beta")).write_bytes(path.read_bytes())


def with_nan(array):
    array = array.copy()
    array.reshape(-1)[3] = np.nan
    return array


# what is wrong -> (how it came about, what the sentence must name)
BROKEN = {
    "no files": (lambda folder: [path.unlink() for path in folder.iterdir()], ["no model"]),
    "no data.dat": (gone(DATA), [DATA, "missing"]),
    "two models": (twin, ["alpha_SAEHD", "beta_SAEHD"]),
    "no encoder": (gone(ENCODER), [ENCODER, "missing"]),
    "no decoder": (gone(DECODER), [DECODER, "missing"]),
    "empty weights": (replaced(INTER, b""), [INTER, "empty"]),
    "zeros after a power cut": (replaced(DECODER, lambda raw: bytes(len(raw))), [DECODER, "zeros"]),
    "truncated weights": (replaced(DECODER, lambda raw: raw[:-2000]), [DECODER]),
    "truncated in the first kilobyte": (replaced(ENCODER, lambda raw: raw[:700]), [ENCODER]),
    "zeros in the middle": (replaced(INTER, lambda raw: raw[:40] + bytes(900) + raw[940:]), [INTER]),
    "no pickle": (replaced(ENCODER, b"hello, world"), [ENCODER]),
    "a NumPy file": (replaced(ENCODER, b"\x93NUMPY\x01\x00"), [ENCODER, "NumPy"]),
    "a PyTorch file": (replaced(ENCODER, b"PK\x03\x04" + bytes(30)), [ENCODER, "PyTorch"]),
    "weights that run code": (replaced(ENCODER, RUNS_CODE), [ENCODER, "os.system"]),
    "options that run code": (replaced(DATA, RUNS_CODE), [DATA, "os.system"]),
    "a list in place of a dictionary": (replaced(ENCODER, pickle.dumps([1, 2], 4)), [ENCODER, "dictionary"]),
    "numbers as keys": (replaced(ENCODER, pickle.dumps({5: 1}, 4)), [ENCODER, "5"]),
    "a tensor is missing": (lost(ENCODER, KERNEL), [ENCODER, KERNEL]),
    "a bias is missing": (lost(DECODER, "out_convm/bias:0"), [DECODER, "out_convm/bias:0"]),
    "a tensor of another network": (put(INTER, "dense3/weight:0", np.ones((2, 2), np.float32)), [INTER, "dense3"]),
    "keys with the network's name": (edited(ENCODER, lambda a: a.update({f"encoder/{KERNEL}": a.pop(KERNEL)})),
                                     [ENCODER, KERNEL]),
    "keys without :0": (edited(INTER, lambda a: a.update({"dense1/weight": a.pop("dense1/weight:0")})),
                        [INTER, "dense1/weight"]),
    "kernels of PyTorch's layout": (put(ENCODER, KERNEL, lambda a: a.transpose(3, 2, 0, 1)), [ENCODER, KERNEL]),
    "a dense layer transposed": (put(INTER, "dense1/weight:0", lambda a: a.T), [INTER, "dense1/weight:0"]),
    "a flat kernel": (put(ENCODER, KERNEL, lambda a: a.reshape(-1)), [ENCODER, KERNEL, "(300,)"]),
    "a wider tensor": (put(ENCODER, BIAS, np.zeros(9, np.float32)), [ENCODER, BIAS, "(9,)"]),
    "a tensor that is a list": (put(ENCODER, BIAS, [0.0] * 4), [ENCODER, BIAS]),
    "float64 weights": (put(ENCODER, BIAS, np.zeros(4)), [ENCODER, BIAS, "float64"]),
    "whole numbers as weights": (put(ENCODER, BIAS, np.zeros(4, np.int32)), [ENCODER, BIAS, "int32"]),
    "a collapsed model": (put(DECODER, "res0/conv1/weight:0", with_nan), [DECODER, "res0/conv1/weight:0", "finite"]),
    "an infinite moment": (put(MOMENTS, M_KERNEL, lambda a: a + np.float32(np.inf)), [MOMENTS, M_KERNEL, "finite"]),
    "a moment is missing": (lost(MOMENTS, M_KERNEL), [MOMENTS, M_KERNEL]),
    "second moments are missing": (edited(MOMENTS, lambda a: [a.pop(k) for k in list(a) if k.startswith("vs_")]),
                                   [MOMENTS, "vs_encoder"]),
    "a moment of another shape": (put(MOMENTS, M_KERNEL, lambda a: a[..., :2]), [MOMENTS, M_KERNEL]),
    "a moment of an unknown tensor": (put(MOMENTS, "ms_other/weight_0:0", np.zeros(4, np.float32)),
                                      [MOMENTS, "ms_other/weight_0:0"]),
    "no counter": (lost(MOMENTS, "iters:0"), [MOMENTS, "iters:0"]),
    "a counter below zero": (put(MOMENTS, "iters:0", np.int64(-4)), [MOMENTS, "iters:0"]),
    "a counter that is an array": (put(MOMENTS, "iters:0", np.zeros(3, np.float32)), [MOMENTS, "iters:0"]),
    "a truncated optimizer file": (replaced(MOMENTS, lambda raw: raw[: len(raw) // 2]), [MOMENTS]),
    "iteration 0": (edited(DATA, lambda d: d.update(iter=0)), [DATA, "iter is 0"]),
    "an iteration that is a text": (edited(DATA, lambda d: d.update(iter="7")), [DATA, "iter"]),
    "no options": (edited(DATA, lambda d: d.update(options={})), [DATA, "options"]),
    "no architecture": (edited(DATA, lambda d: d["options"].pop("archi")), [DATA, "archi"]),
    "no mask dims": (edited(DATA, lambda d: d["options"].pop("d_mask_dims")), [DATA, "d_mask_dims"]),
    "an architecture of early 2020": (option("archi", "dfhd"), [DATA, "archi", "dfhd"]),
    "an unknown architecture": (option("archi", "df-xyz"), [DATA, "archi", "df-xyz"]),
    "an unknown face type": (option("face_type", "custom"), [DATA, "face_type", "custom"]),
    "a resolution of no network": (option("resolution", 48), ["48"]),
    "another resolution than the weights": (option("resolution", 64), [INTER, "dense1/weight:0"]),
    "another architecture than the weights": (option("archi", "df-u"), ["alpha_SAEHD_", ":0"]),
    "the other family": (option("archi", "liae-ud"), ["alpha_SAEHD_inter_AB.npy", "missing"]),
    "other dims than the weights": (option("e_dims", 8), [ENCODER, KERNEL]),
    "an option that is an array": (option("batch_size", np.zeros(3)), [DATA, "batch_size"]),
    "losses of one side": (edited(DATA, lambda d: d.update(loss_history=[[0.5]] * 7)), [DATA, "loss_history", "row 0"]),
    "losses that are texts": (edited(DATA, lambda d: d["loss_history"].insert(3, ["a", "b"])), [DATA, "row 3"]),
}


def imported(folder):
    """What the import job reads before it makes anything."""
    model = read_model(find_model(folder))
    settings = birth_settings(model.taken.settings)
    check_together(settings)
    return read_weights(model, settings)


def laid_out(folder: Path, files) -> Path:
    folder.mkdir()
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    return folder


def test_the_sound_model_is_taken(tmp_path, sound):
    assert len(imported(laid_out(tmp_path / "model", sound)).blocks) == 31


@pytest.mark.parametrize(("breaks", "named"), BROKEN.values(), ids=BROKEN)
def test_a_broken_model_is_refused_by_file_and_key(tmp_path, sound, breaks, named):
    folder = laid_out(tmp_path / "model", sound)
    breaks(folder)
    with pytest.raises(DflTuiError) as refused:
        imported(folder)
    sentence = str(refused.value)
    assert all(word in sentence for word in named), sentence
    assert "\n" not in sentence
    assert "Error" not in sentence and "Traceback" not in sentence


def test_an_xseg_model_is_no_run_and_says_what_it_is_for(tmp_path):
    (tmp_path / "XSeg_data.dat").write_bytes(pickled({"iter": 5, "options": {"face_type": "wf"}}, 4))
    with pytest.raises(DflTuiError, match=r"XSeg_data\.dat.*faces mask"):
        imported(tmp_path)


def test_enough_ways_of_being_broken_are_tried():
    assert len(BROKEN) >= 40


def test_an_array_larger_than_its_file_costs_no_memory(tmp_path, sound):
    folder = laid_out(tmp_path / "model", sound)
    head = sound[ENCODER][:60]
    (folder / ENCODER).write_bytes(head + b"\x8e" + struct.pack("<Q", 2**50))
    with pytest.raises(DflTuiError, match=ENCODER):
        imported(folder)


def test_a_refused_import_leaves_no_run(tmp_path, sound, capsys):
    folder = laid_out(tmp_path / "model", sound)
    put(ENCODER, KERNEL, with_nan)(folder)
    note = json.dumps({"path": "", "faces": 0, "key": ""})
    consent = json.dumps({"person": "synthetic", "ground": "synthetic", "said_by": "tests"})
    words = ["--home", str(tmp_path / "home"), "--src", note, "--dst", note, "--src-consent", consent,
             "--dst-consent", consent]
    assert main([str(folder), *words]) == 1
    assert KERNEL in json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
    assert not list((tmp_path / "home").rglob("*"))


def test_options_of_the_original_itself_are_read():
    recorded = Path(__file__).parents[1] / "data" / "exchange"
    from core.exchange.dictionary import read_arrays, read_dictionary
    options = read_dictionary(recorded / "SAEHD_default_options.dat")
    assert options["archi"] == "df-ud"
    assert options["resolution"] == 64
    assert set(OPTIONS) <= set(options)
    arrays = read_arrays(recorded / "bravo one_SAEHD_inter_AB.npy")
    assert {key: array.shape for key, array in arrays.items()} == {
        "dense1/weight:0": (128, 8), "dense1/bias:0": (8,), "dense2/weight:0": (8, 64), "dense2/bias:0": (64,)}
