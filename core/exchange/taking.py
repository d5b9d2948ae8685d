"""A model folder of the original, read and checked as a whole: nothing of a run is made before all of it is sound."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.events.event import Block, Origin
from core.exchange.data_file import ModelData, read_data
from core.exchange.dictionary import Array, read_arrays
from core.exchange.layout import Entry, Layout, entries_of
from core.exchange.model_folder import DATA, ModelFolder
from core.exchange.options import Taken, settings_of
from core.exchange.part import JUDGES, Part, gan_prefix_of, judge_part, network_part, step_of
from core.exchange.port_file import Port, read_port
from core.exchange.tensors import Note, Source, load_tensors
from core.nets.dfl_keys import OriginalTensor
from core.settings.error import ExchangeError
from core.settings.kind import Value
from core.store.generation import BlockContent

PROGRAM = "DeepFaceLab"


@dataclass(frozen=True, slots=True)
class Model:
    """A model before its weights are read: what it is, and the settings that a run of it begins with."""

    folder: ModelFolder
    data: ModelData
    taken: Taken


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's networks as a generation holds them, and everything that is to be remembered of its files.

    left: sentences on what was not taken. step: what a generation says of the judges.
    """

    blocks: dict[str, BlockContent]
    table: list[Block]
    notes: list[Note]
    layout: Layout
    kept: dict[str, Path]
    left: list[str]
    step: dict[str, Any]


def read_model(folder: ModelFolder) -> Model:
    """Options, iterations and losses of a model. Raises ExchangeError."""
    if folder.kind == "XSeg":
        raise ExchangeError(f"{folder.file(DATA).name} is of an XSeg model, which draws masks and is not trained here",
                            hint=f"dfl-tui faces mask FACES --xseg {folder.path} bakes its masks into faces")
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
    taking = Taking(model.folder, settings, port)
    taking.take(network_part(settings))
    judges = []
    for judge in JUDGES:
        if float(settings[judge.power]) > 0 and model.folder.file(f"{judge.file}.npy").exists():
            keys = read_arrays(model.folder.file(f"{judge.moments}.npy")) if taking.has(judge.moments) else ()
            taking.take(judge_part(judge, settings, gan_prefix_of(model.folder.kind, keys)))
            judges.append(judge)
        elif float(settings[judge.power]) > 0:
            taking.left.append(f"there is no {model.folder.file(judge.file).name}.npy: training begins a new one")
    kept = taking.keep([name for judge in JUDGES if judge not in judges for name in (judge.file, judge.moments)])
    layout = Layout(model.folder.kind, model.folder.name, model.data.iteration, dict(model.data.options), taking.files,
                    sorted(kept))
    return Weights(taking.blocks, taking.table, taking.notes, layout, kept, [*model.taken.left, *taking.left],
                   step_of(judges, settings))


class Taking:
    """Reads part after part of a model, and remembers how its files were."""

    def __init__(self, folder: ModelFolder, settings: Mapping[str, Value], port: Port) -> None:
        self.folder = folder
        self.optimizer = str(settings["optimizer"])
        self.port = port
        self.blocks: dict[str, BlockContent] = {}
        self.table: list[Block] = []
        self.notes: list[Note] = []
        self.files: dict[str, dict[str, Entry]] = {}
        self.left: list[str] = []

    def has(self, file: str) -> bool:
        """Whether the model has the file."""
        return self.folder.file(f"{file}.npy").exists()

    def take(self, part: Part) -> None:
        """Weights and moments of a part. Raises ExchangeError."""
        arrays = {file: weights_in(self.folder, file, part.tensors, self.port)
                  for file in dict.fromkeys(tensor.file for tensor in part.tensors)}
        moments = read_arrays(self.folder.file(f"{part.moments}.npy")) if self.has(part.moments) else None
        if moments is None:
            self.left.append(f"there is no {self.folder.file(part.moments).name}.npy: moments begin at zero")
        else:
            self.files[part.moments] = entries_of(moments)
        loaded = load_tensors(part.tensors, Source(self.folder.title, arrays, moments, part.moments), self.optimizer)
        self.files |= {file: entries_of(held) for file, held in arrays.items()}
        self.blocks |= loaded.blocks
        self.table += part.blocks
        self.notes += loaded.notes

    def keep(self, files: list[str]) -> dict[str, Path]:
        """Those of these files that are there: kept whole, and handed back by an export. Raises ExchangeError."""
        kept = {f"{file}.npy": self.folder.file(f"{file}.npy") for file in files if self.has(file)}
        for path in kept.values():
            read_arrays(path)   # sound, or refused now and not by the original later
            self.left.append(f"{path.name} is kept for an export, and not trained")
        return kept


def weights_in(folder: ModelFolder, file: str, tensors: list[OriginalTensor], port: Port) -> dict[str, Array]:
    """A weight file of the original, or of a port where only that is there."""
    path, ported = folder.file(f"{file}.npy"), folder.file(f"{file}.pth")
    if ported.exists() and not path.exists():
        return read_port(ported, (tensor for tensor in tensors if tensor.file == file), port)
    return read_arrays(path)
