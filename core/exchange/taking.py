"""A model folder of the original, read and checked as a whole: nothing of a run is made before all of it is sound."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from core.events.event import Block, Origin
from core.exchange.data_file import ModelData, read_data
from core.exchange.dictionary import Array, read_arrays
from core.exchange.layout import Layout, entries_of
from core.exchange.model_folder import DATA, ModelFolder
from core.exchange.options import Taken, settings_of
from core.exchange.port_file import Port, read_port
from core.exchange.tensors import Note, Source, load_tensors
from core.nets.dfl_keys import OriginalTensor, original_tensors
from core.nets.family import outline
from core.settings.error import ExchangeError, NetworkError
from core.settings.kind import Value
from core.store.generation import BlockContent

PROGRAM = "DeepFaceLab"
OPTIMIZER = "src_dst_opt"
# Networks that we have in no run: kept whole, and handed back by an export.
KEPT = ("GAN.npy", "GAN_opt.npy", "code_discriminator.npy", "D_code_opt.npy")


@dataclass(frozen=True, slots=True)
class Model:
    """A model before its weights are read: what it is, and the settings that a run of it begins with."""

    folder: ModelFolder
    data: ModelData
    taken: Taken


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's networks as a generation holds them, and everything that is to be remembered of its files."""

    blocks: dict[str, BlockContent]
    table: list[Block]
    notes: list[Note]
    layout: Layout
    kept: dict[str, Path]
    left: list[str]


def read_model(folder: ModelFolder) -> Model:
    """Options, iterations and losses of a model. Raises ExchangeError."""
    data = read_data(folder.file(DATA))
    return Model(folder, data, settings_of(folder.file(DATA).name, folder.kind, data.options))


def origin_of(model: Model) -> Origin:
    """What the journal says about the model. Reads and hashes all of its files."""
    folder = model.folder
    names = [path.name.removeprefix(f"{folder.title}_") for path in sorted(folder.path.glob("*"))
             if path.name.startswith(f"{folder.title}_") and path.suffix in (".npy", ".pth", ".dat")]
    return Origin(PROGRAM, folder.kind, folder.name, str(folder.path.absolute()), model.data.iteration,
                  folder.hashes(names))


def read_weights(model: Model, settings: Mapping[str, Value], port: Port = "") -> Weights:
    """The networks of a model; `settings` are all of the run's. Raises ExchangeError."""
    folder = model.folder
    table, tensors = expected(settings)
    arrays = {file: weights_in(folder, file, tensors, port) for file in dict.fromkeys(t.file for t in tensors)}
    moments = moments_of_file(folder)
    left = list(model.taken.left)
    if moments is None:
        left.append(f"there is no {folder.file(OPTIMIZER).name}.npy: the optimizer's moments begin at zero")
    loaded = load_tensors(tensors, Source(folder.title, arrays, moments, OPTIMIZER), str(settings["optimizer"]))
    kept = {name: folder.file(name) for name in KEPT if folder.file(name).exists()}
    for path in kept.values():
        read_arrays(path)   # sound, or refused now and not by the original later
        left.append(f"{path.name} is kept for an export, and not trained")
    files = {file: entries_of(held) for file, held in arrays.items()}
    if moments is not None:
        files[OPTIMIZER] = entries_of(moments)
    layout = Layout(folder.kind, folder.name, model.data.iteration, dict(model.data.options), files, sorted(kept))
    return Weights(loaded.blocks, table, loaded.notes, layout, kept, left)


def weights_in(folder: ModelFolder, file: str, tensors: list[OriginalTensor], port: Port) -> dict[str, Array]:
    """A weight file of the original, or of a port where only that is there."""
    path, ported = folder.file(f"{file}.npy"), folder.file(f"{file}.pth")
    if ported.exists() and not path.exists():
        return read_port(ported, (tensor for tensor in tensors if tensor.file == file), port)
    return read_arrays(path)


def moments_of_file(folder: ModelFolder) -> dict[str, Array] | None:
    """What the optimizer's file holds; None where there is no such file."""
    path = folder.file(f"{OPTIMIZER}.npy")
    return read_arrays(path) if path.exists() else None


def expected(settings: Mapping[str, Value]) -> tuple[list[Block], list[OriginalTensor]]:
    """The blocks of the network of these settings, and its tensors in the original's order. Costs no memory."""
    try:
        with torch.device("meta"):
            network = outline(settings)
        return network.blocks, original_tensors(network)
    except NetworkError as error:
        raise ExchangeError(f"the options build no network: {error.message}", hint=error.hint) from error
