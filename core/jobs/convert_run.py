"""Makes a run from a save of another one, with another network (method M17). The old run is only read.

    python -P -m core.jobs.convert_run RUN_FOLDER --name NAME [--generation N] [--set KEY=VALUE]... [--author WHO]

Records: phase, tensor (a line of the report each), note (what a person should know), summary; or error. The run appears
whole or not at all. Faces and the record of consent are the old run's; losses, locks and what waits are not carried.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import asdict

from core.events.event import Born, Parent
from core.events.state import RunState
from core.exchange.conversion.asked import Asked, asked_settings
from core.exchange.conversion.convert import Converted, convert
from core.exchange.conversion.judges import keep_judges
from core.jobs.converted_run import AUTHOR, New, make
from core.jobs.record import tell, told
from core.jobs.swap import chosen
from core.run.birth import NewRun, checked
from core.settings.error import RefusedError
from core.settings.registry import parse_all
from core.store.folder import RunFolder
from core.store.generation import BlockContent, Generations
from core.store.journal import folded, read_journal
from core.store.manifest import Generation


class Old(NamedTuple):
    """The save that is read, and the run as that save knew it."""

    generation: Generation
    state: RunState
    blocks: dict[str, BlockContent]


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.convert_run")
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--generation", type=int)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="assignments")
    parser.add_argument("--author", default=AUTHOR)
    words = parser.parse_args(arguments)
    return told(lambda: convert_run(words))


def convert_run(words: argparse.Namespace) -> None:
    """Read a save, convert it, make the run. Raises DflTuiError, and then there is no run."""
    run = RunFolder(words.run)
    final = RunFolder(run.path.parent / words.name)
    if final.path.exists():
        raise RefusedError(f"there is a run {words.name!r} already", hint="choose another with --name")
    wanted = parse_all(words.assignments)
    events = read_journal(run.journal)
    generations = Generations(run)
    generation = chosen(generations, run, words.generation)
    with generations.pin(generation.number, "convert"):
        # as the save knew it: later changes of settings are not in its weights
        state = folded(events[:generation.journal], run.journal)
        asked = asked_settings(state.settings, wanted, generation.iteration)
        born = checked(child(words.name, state, generation, asked))
        tell({"phase": f"reads generation {generation.number}"})
        old = Old(generation, state, generations.load(generation.number))
    tell({"phase": "converts"})
    done = convert(old.blocks, state.settings, born.settings)
    judges = keep_judges(old.blocks, generation.extra.get("step", {}), state.settings, born.settings)
    for line in done.lines:
        tell({"tensor": {"block": line.block, "tensor": line.tensor, "what": line.what, "source": line.source,
                         "how": line.how}})
    extra = {"drawn": drawn(old), **({"step": judges.step} if "step" in generation.extra else {})}
    new = New(done.blocks | judges.blocks, done.table + judges.table, extra)
    tell({"phase": "writes the run"})
    make(final, born, new, generation.iteration, words.author)
    for note in (*asked.notes, *done.notes, *judges.notes, *left_behind(state)):
        tell({"note": note})
    tell({"summary": summary(final, born, done, generation)})


def child(name: str, state: RunState, generation: Generation, asked: Asked) -> NewRun:
    """The run that is to be made: the old one's faces and consent, and the old one as its parent."""
    parent = Parent(state.name, generation.number, generation.iteration, generation.life, asked.changes)
    return NewRun(name, asked.settings, state.src, state.dst, state.src_consent, state.dst_consent,
                  origin=state.origin, parents=(*state.parents, parent))


def drawn(old: Old) -> dict[str, int]:
    """Faces of each side drawn in its present epochs: samples go on where they stood."""
    counts: dict[str, int] = old.generation.extra.get("drawn", {})
    return {side: int(counts.get(side, 0)) - old.state.first_drawn.get(side, 0) for side in ("src", "dst")}


def left_behind(state: RunState) -> list[str]:
    """What of the old run the new one does not have, in sentences."""
    notes = []
    if state.locks:
        asked = ", ".join(dict.fromkeys(lock.asked for lock in state.locks.values()))
        notes.append(f"locks are not carried ({asked}): lock again what is to keep its weights")
    if state.waiting:
        notes.append(f"{len(state.waiting)} acts that wait are not carried")
    return notes


def summary(final: RunFolder, born: Born, done: Converted, generation: Generation) -> dict[str, Any]:
    """The record with which the job ends."""
    counts = {what: sum(line.what == what for line in done.lines) for what in ("carried", "adapted", "new", "left")}
    return {"name": born.name, "folder": str(final.path), "parent": born.parents[-1].run,
            "generation": generation.number, "iteration": generation.iteration, **counts,
            "parameters": sum(block.parameters for block in done.table),
            "changes": [asdict(change) for change in born.parents[-1].changes],
            "faces": [born.src.faces, born.dst.faces]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
