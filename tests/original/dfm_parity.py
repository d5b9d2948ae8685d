"""Our export of a model that the original saved, against what the original's own export of it draws."""

import json
from pathlib import Path

import numpy as np
import onnxruntime

from core.exchange.dfm import swap_graph
from core.exchange.model_folder import find_model
from core.exchange.taking import read_model, read_weights
from core.nets.shape import shape_of
from core.settings.registry import birth_settings
from tests.original.recorded_case import PIXEL_UNIT, Recorded

TOLERANCE = 1e-5

Deviations = dict[str, float | str]


def check_dfm(path: Path) -> tuple[Deviations, bool]:
    """A DFM file with vectors; the model it was made from lies in model_dirs under its name."""
    vectors = np.load(path.with_name(f"{path.name}_vectors.npz"))
    deviations = dfm_deviations(path.parent.parent / "model_dirs" / path.stem, vectors)
    return deviations, all(float(value) <= TOLERANCE for value in deviations.values())   # NaN is not


def dfm_deviations(model_folder: Path, vectors: Recorded) -> Deviations:
    """Largest deviation of each output at each morph; 1.0 for `ports` where names, order or shapes differ."""
    model = read_model(find_model(model_folder))
    settings = birth_settings(model.taken.settings)
    blocks = read_weights(model, settings).blocks
    session = onnxruntime.InferenceSession(swap_graph(shape_of(settings), blocks, {}),
                                           providers=["CPUExecutionProvider"])
    found: Deviations = {"ports": float(ports_of(session) != recorded_ports(json.loads(vectors["io"].item())))}
    face = vectors["in_face"].astype(np.float32) / PIXEL_UNIT
    names = [value.name for value in session.get_outputs()]
    for place, morph in enumerate(vectors.get("morph_values", [None])):
        feed = {"in_face:0": face} | ({} if morph is None else {"morph_value:0": np.array([morph], np.float32)})
        for name, output in zip(names, session.run(None, feed), strict=True):
            key = name.removesuffix(":0") + ("" if morph is None else f"_morph{place}")
            found[key] = float(np.abs(output - vectors[key]).max())
    return found


Ports = list[tuple[str, list[str], str]]


def ports_of(session: onnxruntime.InferenceSession) -> Ports:
    """Name, sides and type of each input and output, in their order; the number of faces is free."""
    return [(port.name, [str(side) for side in port.shape if isinstance(side, int)], port.type)
            for port in (*session.get_inputs(), *session.get_outputs())]


def recorded_ports(recorded: dict) -> Ports:
    """The same of the original's file."""
    return [(name, [side for side in shape if side.isdigit()], kind)
            for name, shape, kind in (*recorded["inputs"], *recorded["outputs"])]
