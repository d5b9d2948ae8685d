"""Gives a run that does not train the inter of another run's save (method M17), with a backup before and after.

    python -P -m core.jobs.swap_inter RUN_FOLDER --from RUN_FOLDER [--generation N] [--author WHO]

Records: phase, summary; or error. The new save is of the next life, and counts from the event on that begins it: a
crash before that event leaves the run as it was, and one after it leaves it whole.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from core.events.event import BackedUp, InterFrom, RolledBack
from core.events.state import RunState
from core.exchange.conversion.inter import inter_from
from core.jobs.record import tell, told
from core.jobs.swap import chosen
from core.run.ledger import Draft, Ledger
from core.run.moving import own_run
from core.run.place import Place
from core.settings.error import RefusedError
from core.store.folder import RunFolder
from core.store.generation import BlockContent, Generations, NewGeneration
from core.store.journal import folded, read_journal
from core.store.manifest import BlockBlobs, Generation

AUTHOR = "swap-inter"


class Donor(NamedTuple):
    """The save that the inter is taken from, and its run as that save knew it."""

    generation: Generation
    state: RunState
    blocks: dict[str, BlockContent]


class Change(NamedTuple):
    """What is to be done: the save that is gone on from, the new content, where it is from."""

    start: Generation
    blocks: dict[str, BlockContent]
    donor: Donor


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.swap_inter")
    parser.add_argument("run", type=Path)
    parser.add_argument("--from", type=Path, required=True, dest="donor")
    parser.add_argument("--generation", type=int)
    parser.add_argument("--author", default=AUTHOR)
    words = parser.parse_args(arguments)
    return told(lambda: swap_inter(words))


def swap_inter(words: argparse.Namespace) -> None:
    """Read the other run, then change this one. Raises DflTuiError; then nothing is changed."""
    donor = read_donor(RunFolder(words.donor), words.generation)
    run = RunFolder(words.run)
    with own_run(Place(run.name, run.path)), run.lock_trainer():
        ledger = Ledger(run)
        try:
            change = planned(run, ledger, donor)
            tell({"phase": "writes two saves and the event"})
            tell({"summary": carried_out(run, ledger, change, words.author)})
        finally:
            ledger.close()


def read_donor(run: RunFolder, number: int | None) -> Donor:
    """A save of the other run. Raises StoreError."""
    events = read_journal(run.journal)
    generations = Generations(run)
    generation = chosen(generations, run, number)
    with generations.pin(generation.number, "inter"):
        tell({"phase": f"reads generation {generation.number} of {run.name}"})
        return Donor(generation, folded(events[:generation.journal], run.journal), generations.load(generation.number))


def planned(run: RunFolder, ledger: Ledger, donor: Donor) -> Change:
    """The change, checked. Raises RefusedError."""
    start = chosen(Generations(run), run, None)
    ours, theirs = ledger.state.settings, donor.state.settings
    blocks = inter_from(donor.blocks, theirs, ours)
    present = Generations(run).load(start.number)
    if all(is_equal(content, present[name]) for name, content in blocks.items()):
        raise RefusedError("nothing would change: the run has this inter already", hint="choose another run or save")
    return Change(start, blocks, donor)


def is_equal(one: BlockContent, other: BlockContent) -> bool:
    """Whether two blocks have the same weights."""
    return all(array.tobytes() == other.weights[name].tobytes() for name, array in one.weights.items())


def carried_out(run: RunFolder, ledger: Ledger, change: Change, author: str) -> dict[str, object]:
    """Backup, new save, the event that makes it count, backup. The summary of it. Raises StoreError."""
    start, donor, state = change.start, change.donor, ledger.state
    number, life = state.number + 1, state.life + 1
    generations = Generations(run)
    before = generations.save(saved(start, start.blocks, f"before-inter-{number}", life=start.life,
                                    journal=start.journal))
    ledger.append(Draft(BackedUp(before.generation.name, before.generation.number), start.iteration, author))
    # Of a life that no event has begun yet: until then it is passed over like one that was given up. It knows that
    # event, which comes next: who goes back to it or exports it must have the other run's people with it.
    after = generations.save(saved(start, {**start.blocks, **change.blocks}, f"after-inter-{number}", life=life,
                                   journal=number + 1))
    inter = InterFrom(donor.state.name, donor.generation.number, donor.generation.iteration, donor.generation.life,
                      list(change.blocks), [donor.state.src_consent, donor.state.dst_consent], donor.state.parents)
    # The one write that decides: who is in the weights is said by the very event that puts them in force.
    ledger.append(Draft(RolledBack(after.generation.number, start.iteration, number, life, inter), author=author))
    ledger.append(Draft(BackedUp(after.generation.name, after.generation.number), start.iteration, author))
    return {"run": state.name, "from": donor.state.name, "generation": donor.generation.number,
            "iteration": start.iteration, "blocks": list(change.blocks), "life": life,
            "before": before.generation.name, "after": after.generation.name}


def saved(start: Generation, blocks: Mapping[str, BlockContent | BlockBlobs], name: str, *, life: int,
          journal: int) -> NewGeneration:
    """A save of the same iteration."""
    return NewGeneration(start.iteration, life, journal, start.metrics, blocks, time.time(), name, start.extra)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
