"""A run's model as files that the original loads and goes on from (facts/files.md 8 and 11).

data.dat is written last: without it the original sees no model, so that a half written folder is never taken for one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.exchange.data_file import Samples
from core.exchange.dictionary import content
from core.exchange.layout import Entry, Layout
from core.exchange.lineage import Lineage
from core.exchange.model_folder import DATA, ModelFolder
from core.exchange.options import MODELS, options_of
from core.exchange.part import Part, gan_prefix_of, judge_part, judged_with, network_part
from core.exchange.tensors import as_before, moments_for, weights_for
from core.faces.pickle_writer import Bytes, pieces
from core.nets.dfl_keys import OriginalTensor
from core.settings.error import ExchangeError, StoreError
from core.settings.kind import Value
from core.store.disk import RealDisk, put, sync_folder
from core.store.generation import BlockContent

UNTRAINED = ("inter_src", "inter_dst")      # AMP's optimizer has no moments of them (facts/files.md 8.5)


@dataclass(frozen=True, slots=True)
class Content:
    """What is exported: a generation's blocks, settings, losses (iteration rows, src and dst), what was kept.

    step: what the generation says of the judges.
    """

    blocks: Mapping[str, BlockContent]
    settings: Mapping[str, Value]
    iteration: int
    losses: NDArray[np.float64]
    lineage: Lineage
    layout: Layout | None = None
    samples: Samples | None = None
    kept: Mapping[str, Path] | None = None
    step: Mapping[str, Any] = field(default_factory=dict)


def kind_of(settings: Mapping[str, Value]) -> str:
    """The original's class of a run's network."""
    kinds = {ours: theirs for theirs, ours in MODELS.items()}
    return kinds.get(str(settings.get("model", "saehd")), "SAEHD")


def write_folder(folder: Path, name: str, what: Content) -> list[str]:
    """Write a model called `name`; the names of its files. Raises ExchangeError or StoreError."""
    model = ModelFolder(folder, kind_of(what.settings), name)
    check_target(model, what.iteration)
    before = what.layout.files if what.layout is not None else {}
    options = options_of(model.kind, what.settings, what.layout.options if what.layout is not None else {})
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {folder} ({error.strerror})", hint="choose another --out") from error
    files: list[str] = []

    def write(file: str, parts: Sequence[Bytes]) -> None:
        put(RealDisk(), model.file(file), parts)
        files.append(model.file(file).name)

    for part in parts_of(what, model.kind):
        for file, arrays in weights_for(part.tensors, what.blocks).items():
            write(f"{file}.npy", pieces(as_before(arrays, before.get(file)), 4))
        moments = moments_for(with_moments(part, model.kind, before), what.blocks, str(what.settings["optimizer"]))
        write(f"{part.moments}.npy", pieces(as_before(moments, before.get(part.moments)), 4))
    for file, path in (what.kept or {}).items():
        if model.file(file).name not in files:      # a judge that was only kept, and then begun anew
            write(file, [content(path)])
    write("lineage.json", [msgspec.json.format(msgspec.json.encode(what.lineage), indent=2) + b"\n"])
    write("summary.txt", [summary(model.title, what.iteration, options).encode()])
    write(DATA, pieces({"iter": what.iteration, "options": options, "loss_history": what.losses.tolist(),
                        "sample_for_preview": what.samples, "choosed_gpu_indexes": None}, 4))
    sync_folder(RealDisk(), folder)
    return files


def check_target(model: ModelFolder, iteration: int) -> None:
    """Raises ExchangeError where the original could not load what would be written, or a model would be replaced."""
    if iteration < 1:
        raise ExchangeError("nothing was trained yet, and the original begins anew where iter is 0",
                            hint="train the run first")
    if "_" in model.name or not model.name.strip() or "/" in model.name:
        raise ExchangeError(f"{model.name!r} cannot be the name of a model there", hint="give --model NAME without _")
    if model.file(DATA).exists():
        raise ExchangeError(f"there is a model {model.title} in {model.path} already",
                            hint="choose another --out or --model")


def parts_of(what: Content, kind: str) -> list[Part]:
    """The network, and the judges that the generation holds."""
    had = what.layout.files.get("GAN_opt", {}) if what.layout is not None else {}
    prefix = gan_prefix_of(kind, had)
    return [network_part(what.settings),
            *(judge_part(judge, settings, prefix) for judge, settings in judged_with(what.step, what.settings))]


def with_moments(part: Part, kind: str, before: Mapping[str, Mapping[str, Entry]]) -> list[OriginalTensor]:
    """The tensors of which the original's optimizer keeps moments; those that it had, where the model came from it."""
    had = before.get(part.moments)
    if had:
        return [tensor for tensor in part.tensors if any(f"_{tensor.prefix}/" in key for key in had)]
    return [tensor for tensor in part.tensors if kind != "AMP" or tensor.file not in UNTRAINED]


def summary(title: str, iteration: int, options: Mapping[str, object]) -> str:
    """The table for people that the original keeps beside a model."""
    head = [("Model name", title), None, ("Current iteration", iteration), None]
    rows: list[tuple[str, object] | None] = [*head, *options.items(), None]
    left = max(len(str(row[0])) for row in rows if row) + 1
    right = max(len(str(row[1])) for row in rows if row) + 1
    lines = ["==" + " Model Summary ".center(left + right + 2, "=") + "=="]
    for row in (None, *rows):
        lines.append(f"== {' ' * (left + right)} ==" if row is None else
                     f"=={row[0]!s:>{left}}: {row[1]!s:<{right}}==")
        if row == head[2]:
            lines += [f"== {' ' * (left + right)} ==", "==" + " Model Options ".center(left + right + 2, "-") + "=="]
    return "\n".join([*lines, "=" * (left + right + 6)]) + "\n"
