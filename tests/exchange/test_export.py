"""Graphs for other programs: what DeepFaceLive asks for by name, and pictures like our own."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
from safetensors.numpy import load

from core.exchange.dfl_folder import Content
from core.exchange.dfm import swap_graph
from core.exchange.graph_check import largest_deviation
from core.exchange.lineage import METADATA, as_text
from core.exchange.tensor_export import SETTINGS, write_tensors
from core.jobs.export_model import of_resolution, refuse_octaves
from core.nets.block_state import weights_of
from core.nets.family import make_network
from core.nets.growth import smoothness_at
from core.nets.initial import initialise
from core.nets.shape import shape_of
from core.settings.error import ExchangeError
from core.settings.growth import Octave, growth_text
from core.settings.registry import birth_settings
from core.store.generation import BlockContent
from tests.exchange.test_round_trip import LINEAGE

DIMS = {"resolution": 64, "ae_dims": 16, "e_dims": 4, "d_dims": 4, "d_mask_dims": 2}
NETWORKS = {
    "df-ud": {"archi": "df-ud"}, "liae-udt": {"archi": "liae-udt"}, "df": {"archi": "df"},
    "liae-c": {"archi": "liae-c"},
    "amp": {"model": "amp", "archi": "amp-udt", "inter_dims": 16},
}
TOLERANCE = 1e-4


def network_of(changed):
    """Settings and blocks of a new network; biases are not 0, so that none can be forgotten."""
    settings = birth_settings(DIMS | changed)
    network = make_network(settings)
    initialise(network, 3)
    draws = np.random.default_rng(4)
    blocks = {}
    for block in network.blocks:
        arrays = {name: array + draws.normal(0, 0.05, array.shape).astype(np.float32)
                  for name, array in weights_of(network, block.name).items()}
        blocks[block.name] = BlockContent(arrays, {})
    return settings, blocks


@pytest.mark.parametrize("changed", NETWORKS.values(), ids=NETWORKS)
def test_a_dfm_draws_what_the_network_draws(changed):
    settings, blocks = network_of(changed)
    data = swap_graph(shape_of(settings), blocks, {})
    assert largest_deviation(data, settings, blocks) < TOLERANCE


def test_a_graph_with_other_weights_is_found_out():
    settings, blocks = network_of(NETWORKS["df-ud"])
    data = swap_graph(shape_of(settings), blocks, {})
    blocks["inter.dense2"].weights["bias"][:] += 0.1
    assert largest_deviation(data, settings, blocks) > TOLERANCE


@pytest.mark.parametrize(("name", "inputs"), [("liae-udt", ["in_face:0"]), ("amp", ["in_face:0", "morph_value:0"])])
def test_names_order_and_shapes_are_those_that_deepfacelive_asks_for(name, inputs):
    settings, blocks = network_of(NETWORKS[name])
    data = swap_graph(shape_of(settings), blocks, {METADATA: as_text(LINEAGE)})
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == inputs
    assert session.get_inputs()[0].shape[1:] == [64, 64, 3]
    assert [(value.name, value.shape[1:]) for value in session.get_outputs()] == [
        ("out_face_mask:0", [64, 64, 1]), ("out_celeb_face:0", [64, 64, 3]), ("out_celeb_face_mask:0", [64, 64, 1])]
    assert isinstance(session.get_inputs()[0].shape[0], str)        # any number of faces
    model = onnx.load_from_string(data)
    assert model.ir_version == 7
    assert {entry.domain: entry.version for entry in model.opset_import} == {"": 12, "ai.onnx.ml": 2}
    lineage = json.loads({entry.key: entry.value for entry in model.metadata_props}[METADATA])
    assert lineage["src_consent"] == {"person": "synthetic", "ground": "synthetic", "said_by": "tests"}


def test_several_faces_at_once_are_drawn_like_one():
    settings, blocks = network_of(NETWORKS["df-ud"])
    session = onnxruntime.InferenceSession(swap_graph(shape_of(settings), blocks, {}, suffix=""),
                                           providers=["CPUExecutionProvider"])
    faces = np.random.default_rng(1).random((3, 64, 64, 3), np.float32)
    together = session.run(None, {"in_face": faces})
    alone = [session.run(None, {"in_face": face[None]}) for face in faces]
    for place, output in enumerate(together):
        np.testing.assert_allclose(output, np.concatenate([one[place] for one in alone]), atol=1e-6)


def test_a_safetensors_file_holds_every_tensor_with_its_lineage(tmp_path):
    settings, blocks = network_of(NETWORKS["df-ud"])
    write_tensors(tmp_path / "out" / "m.safetensors", Content(blocks, settings, 5, np.zeros((5, 2)), LINEAGE))
    raw = (tmp_path / "out" / "m.safetensors").read_bytes()
    header = json.loads(raw[8:8 + int.from_bytes(raw[:8], "little")])
    assert json.loads(header["__metadata__"][METADATA])["run"] == "alpha"
    assert json.loads(header["__metadata__"][SETTINGS])["archi"] == "df-ud"
    tensors = load(raw)
    assert np.array_equal(tensors["encoder.down1.conv.weight"], blocks["encoder.down1"].weights["conv.weight"])
    assert len(tensors) == sum(len(content.weights) for content in blocks.values())


GROWN = {
    "df-ud": ({"archi": "df-ud"}, [Octave(6, 3, 3, 10), Octave(4, 2, 2, 90)]),
    "liae": ({"archi": "liae"}, [Octave(6, 3, 0, 10)]),
    "amp": (NETWORKS["amp"], [Octave(6, 3, 4, 10)]),
}


@pytest.mark.parametrize(("changed", "octaves"), GROWN.values(), ids=GROWN)
@pytest.mark.parametrize("iteration", [10, 60, 5000], ids=["at-birth", "in-the-ramp", "after-it"])
def test_a_grown_network_is_drawn_at_each_of_its_sides(changed, octaves, iteration):
    sides = {"resolution": 64 << len(octaves), "growth": growth_text(octaves), "growth_ramp": 100}
    whole, blocks = network_of(changed | sides)
    what = Content(blocks, whole, iteration, np.zeros((0, 2)), LINEAGE)
    for count in range(len(octaves) + 1):
        part = of_resolution(what, 64 << count)
        assert [b for b in part.blocks if b.startswith("octave")] == [
            b for b in blocks if b.startswith(tuple(f"octave{n}." for n in range(1, count + 1)))]
        smoothness = smoothness_at(octaves[:count], iteration, 100)
        data = swap_graph(shape_of(part.settings), part.blocks, {}, smoothness=smoothness)
        assert largest_deviation(data, part.settings, part.blocks, iteration) < TOLERANCE
    with pytest.raises(ExchangeError, match="does not draw 100 px"):
        of_resolution(what, 100)
    with pytest.raises(ExchangeError, match="octaves"):
        refuse_octaves(what)
    refuse_octaves(of_resolution(what, 64))
