"""Writes a saved generation of a run for another program, while the run may go on training.

    python -P -m core.jobs.export_model RUN_FOLDER --to dfl|dfm|onnx|safetensors --out PATH [--generation N]
        [--model NAME] [--resolution N]

Records: phase, note (what a person should know), summary; or error. A graph is run once in onnxruntime, where that is
installed, and refused when it draws something else than the network does.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.events.state import RunState
from core.exchange.dfl_folder import Content, write_folder
from core.exchange.dfm import swap_graph
from core.exchange.graph_check import largest_deviation
from core.exchange.layout import read_layout, read_samples
from core.exchange.lineage import METADATA, as_text, lineage_of
from core.exchange.tensor_export import write_tensors
from core.jobs.record import tell, told
from core.jobs.swap import chosen
from core.nets.growth import smoothness_at
from core.nets.shape import shape_of
from core.settings.error import ExchangeError, StoreError
from core.settings.growth import core_of, core_resolution, octaves_of
from core.store.disk import RealDisk, put, sync_folder
from core.store.folder import RunFolder
from core.store.generation import Generations
from core.store.journal import folded, read_journal
from core.store.manifest import Generation
from core.store.metric_reader import MetricReader

TOLERANCE = 1e-4


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.export_model")
    parser.add_argument("run", type=Path)
    parser.add_argument("--to", choices=("dfl", "dfm", "onnx", "safetensors"), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--generation", type=int)
    parser.add_argument("--model", default="")
    parser.add_argument("--resolution", type=int)
    words = parser.parse_args(arguments)
    return told(lambda: export_model(words))


def export_model(words: argparse.Namespace) -> None:
    """Export one generation. Raises DflTuiError."""
    run = RunFolder(words.run)
    events = read_journal(run.journal)
    generations = Generations(run)
    generation = chosen(generations, run, words.generation)
    with generations.pin(generation.number, "export"):
        # as the generation knew it: later changes of settings are not in its weights
        state = folded(events[:generation.journal], run.journal)
        tell({"phase": f"reads generation {generation.number}"})
        what = content_of(run, generation, generations, state)
    what = of_resolution(what, words.resolution)
    files = [words.out.name]
    if words.to == "dfl":
        refuse_octaves(what)
        files = write_folder(words.out, words.model or model_name(what), what)
    elif words.to == "safetensors":
        write_tensors(words.out, what)
    else:
        write_graph(words.out, what, suffix=":0" if words.to == "dfm" else "")
    tell({"summary": {"generation": generation.number, "iteration": generation.iteration, "out": str(words.out),
                      "files": len(files)}})


def content_of(run: RunFolder, generation: Generation, generations: Generations, state: RunState) -> Content:
    """Everything that an export may need. Raises StoreError or ExchangeError."""
    folder = run.path / "origin"
    layout = read_layout(folder)
    kept = {name: folder / name for name in layout.kept} if layout is not None else {}
    return Content(generations.load(generation.number), state.settings, generation.iteration,
                   losses_of(run, generation.iteration), lineage_of(state, generation), layout, read_samples(folder),
                   kept, generation.extra.get("step", {}))


def of_resolution(what: Content, wanted: int | None) -> Content:
    """The model as it draws at that side: a grown one without its outer octaves. Raises ExchangeError."""
    octaves, core = octaves_of(what.settings), core_resolution(what.settings)
    sides = [core << count for count in range(len(octaves) + 1)]
    if wanted is None or wanted == sides[-1]:
        return what
    if wanted not in sides:
        raise ExchangeError(f"the model does not draw {wanted} px",
                            hint=f"it draws {', '.join(map(str, sides))}")
    count = sides.index(wanted)
    outer = tuple(f"octave{number}." for number in range(count + 1, len(octaves) + 1))
    blocks = {name: block for name, block in what.blocks.items() if not name.startswith(outer)}
    return replace(what, settings=core_of(what.settings, count), blocks=blocks)


def refuse_octaves(what: Content) -> None:
    """Raises ExchangeError where the model has a shape that the original does not know."""
    if octaves_of(what.settings):
        raise ExchangeError("a grown model has octaves, which DeepFaceLab does not know",
                            hint=f"give --resolution {core_resolution(what.settings)} for its core alone, or export "
                                 "it as dfm or onnx")


def losses_of(run: RunFolder, iteration: int) -> NDArray[np.float64]:
    """A row of src and dst loss for each iteration, (iteration, 2): the original ends where there are fewer.

    Where a loss is not known, that of the nearest earlier iteration stands, or of the first one known.
    """
    reader = MetricReader(run.metrics)
    names = [column.name for column in reader.columns]
    losses = np.full((iteration, 2), np.nan)
    if {"src", "dst"} <= set(names) and iteration:
        rows = reader.rows(1, iteration)
        losses[rows[:, 0].astype(np.int64) - 1] = rows[:, [names.index("src"), names.index("dst")]]
    for column in losses.T:
        known = np.flatnonzero(np.isfinite(column))
        if not len(known):
            column[:] = 0.0
            continue
        place = np.searchsorted(known, np.arange(iteration), side="right") - 1
        column[:] = column[known[np.maximum(place, 0)]]
    return losses


def model_name(what: Content) -> str:
    """What the model is called: as it came, else as its run; an underscore would cut the name there."""
    if what.layout is not None and what.layout.name:
        return what.layout.name
    name = what.lineage.run.replace("_", "-")
    if name != what.lineage.run:
        tell({"note": f"the model is called {name}: an underscore would end its name there"})
    return name


def write_graph(path: Path, what: Content, *, suffix: str) -> None:
    """Write a graph that draws what the network draws. Raises ExchangeError or StoreError."""
    tell({"phase": "writes the graph"})
    smoothness = smoothness_at(octaves_of(what.settings), what.iteration, int(what.settings["growth_ramp"]))
    data = swap_graph(shape_of(what.settings), what.blocks, {METADATA: as_text(what.lineage)}, suffix=suffix,
                      smoothness=smoothness)
    worst = largest_deviation(data, what.settings, what.blocks, what.iteration)
    if worst is None:
        tell({"note": "the graph was not checked: onnxruntime is not installed"})
    elif not worst <= TOLERANCE:
        raise ExchangeError(f"the graph draws pictures that differ by up to {worst:.2g} from the network's",
                            hint="tell the makers of dfl-tui")
    put(RealDisk(), made(path), [data])
    sync_folder(RealDisk(), path.parent)


def made(path: Path) -> Path:
    """The path, its folder made. Raises StoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {path.parent} ({error.strerror})", hint="choose another --out") from error
    if path.is_dir():
        raise StoreError(f"{path} is a folder", hint="give --out the name of a file")
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
