"""Weight files of PyTorch ports: numbered tensors, in a zip or a pickle."""

import io
import zipfile

import numpy as np
import pytest

from core.exchange.model_folder import find_model
from core.exchange.taking import read_model, read_weights
from core.faces.pickle_writer import pickled
from core.settings.error import ExchangeError
from core.settings.registry import birth_settings
from tests.exchange.making import OPTIONS, arrays_in, make_model

DF = OPTIONS | {"archi": "df"}


def ported(folder, write):
    """The model of a folder as a port keeps it: numbered tensors, kernels as in PyTorch, no optimizer of ours."""
    for name, arrays in arrays_in(folder).items():
        (folder / name).unlink()
        if "opt" not in name:
            numbered = {f"param_{number}": array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
                        for number, array in enumerate(arrays.values())}
            (folder / name.replace(".npy", ".pth")).write_bytes(write(numbered))
    return folder


def zipped(arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            raw = io.BytesIO()
            np.save(raw, array)
            archive.writestr(f"{name}.npy", raw.getvalue())
    return out.getvalue()


def a_pickle(arrays):
    return pickled(arrays, 4)


def taken(folder, port=""):
    model = read_model(find_model(folder))
    return read_weights(model, birth_settings(model.taken.settings), port)


@pytest.mark.parametrize(("write", "port"), [(zipped, ""), (a_pickle, "caiji")])
def test_numbered_tensors_are_those_of_the_original(tmp_path, write, port):
    expected = taken(make_model(tmp_path / "original"))
    found = taken(ported(make_model(tmp_path / "port"), write), port)
    for block, content in expected.blocks.items():
        for name, array in content.weights.items():
            assert np.array_equal(found.blocks[block].weights[name], array), (block, name)
    assert "moments begin at zero" in found.left[0]


def test_channels_in_the_order_of_pixel_shuffle_are_put_into_ours(tmp_path):
    block, name = "decoder_src.upscale0", "conv.weight"
    theirs = taken(make_model(tmp_path / "original", options=DF)).blocks[block].weights[name]
    ours = taken(ported(make_model(tmp_path / "port", options=DF), a_pickle), "my-bug").blocks[block].weights[name]
    outputs = len(theirs) // 4
    for pixel in range(4):
        for channel in range(outputs):
            assert np.array_equal(ours[pixel * outputs + channel], theirs[4 * channel + pixel])     # of pixel_shuffle


@pytest.mark.parametrize(("change", "named"), [
    (lambda _: None, "--port"),
    (lambda folder: next(folder.glob("*_inter.pth")).unlink(), "alpha_SAEHD_inter.npy is missing"),
    (lambda folder: next(folder.glob("*_inter.pth")).write_bytes(zipped({"param_0": np.ones(3)})), "1 tensors"),
    (lambda folder: next(folder.glob("*_inter.pth")).write_bytes(zipped({"data.pkl": np.ones(3)})), "data.pkl"),
    (lambda folder: next(folder.glob("*_inter.pth")).write_bytes(b"PK\x03\x04" + bytes(50)), "alpha_SAEHD_inter.pth"),
], ids=["which port", "missing", "other network", "PyTorch archive", "broken"])
def test_what_cannot_be_taken_is_refused_by_name(tmp_path, change, named):
    folder = ported(make_model(tmp_path / "port"), zipped if named != "--port" else a_pickle)
    change(folder)
    with pytest.raises(ExchangeError) as refused:
        taken(folder)
    assert named in str(refused.value)


def test_a_network_that_no_order_of_channels_can_draw_is_refused(tmp_path):
    with pytest.raises(ExchangeError, match="letter d"):
        taken(ported(make_model(tmp_path / "port"), a_pickle), "my-bug")
