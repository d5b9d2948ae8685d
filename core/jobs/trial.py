"""Tries a step of a network that does not exist yet: how much memory, how long an iteration, on which device.

    python -P -m core.jobs.trial SRC_DIR DST_DIR CACHE_DIR [KEY=VALUE]...

Records: phase (a sentence), then trial; or error. Not enough memory is an answer and not an error of the program.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from core.jobs.record import tell, told
from core.nets.family import make_network
from core.nets.initial import initialise
from core.settings.error import RefusedError
from core.settings.registry import birth_settings, check_together, parse_all
from core.train.device import is_out_of_memory
from core.train.machine import choose_machine
from core.train.optim import make_optimizer
from core.train.probe import check_numerics
from core.train.step import Step
from core.train.train_batch import to_train_batch
from core.train.training_faces import open_faces
from core.train.trial import Trial, try_step


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.trial")
    parser.add_argument("src", type=Path)
    parser.add_argument("dst", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("assignments", nargs="*", metavar="KEY=VALUE")
    words = parser.parse_args(arguments)
    return told(lambda: try_settings(words.src, words.dst, words.cache, words.assignments))


def try_settings(src: Path, dst: Path, cache: Path, assignments: Sequence[str]) -> None:
    """Print what a step of these settings needs. Raises DflTuiError."""
    settings = birth_settings(parse_all(assignments))
    check_together(settings)
    machine = choose_machine(settings, ())
    faces = open_faces((src, dst), settings, cache, workers=0, say=lambda sentence: tell({"phase": sentence}))
    tell({"phase": "makes the network"})
    try:
        network = make_network(settings)
        initialise(network, 0)
        network.to(machine.device)
        step = Step(network, make_optimizer(str(settings["optimizer"]), network))
        batch = faces.batch(life=0, iteration=0, drawn={"src": 0, "dst": 0}, settings=settings)
        tell({"phase": "tries a step"})
        check_numerics(step, settings, machine.name)
        trial = try_step(step, to_train_batch(batch, machine.device), settings)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise RefusedError(f"a step does not fit in the memory of {machine.name}",
                           hint="lower batch_size, resolution or the dims") from error
    finally:
        faces.close()
    tell({"trial": record_of(trial, machine.name, sum(b.parameters for b in network.blocks))})


def record_of(trial: Trial, device: str, parameters: int) -> dict[str, str | float | int]:
    """The record of a trial."""
    return {"device": device, "seconds_iteration": trial.seconds, "memory_bytes": trial.memory_bytes,
            "parameters": parameters, "sentence": f"{trial.sentence}, on {device}"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
