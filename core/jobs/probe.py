"""Tries the precision and torch.compile of a run that does not exist yet: can this machine, and does it gain by it?

    python -P -m core.jobs.probe [KEY=VALUE]...

Records: phase (a sentence), then summary: the measurements as sentences; or error, where it cannot, or where it does
not pay and is not allowed to.
"""

import argparse
import sys
from collections.abc import Sequence

from core.jobs.record import tell, told
from core.nets.family import make_network
from core.nets.initial import initialise
from core.settings.registry import birth_settings, check_together, parse_all
from core.train.machine import choose_machine
from core.train.optim import make_optimizer
from core.train.probe import check_numerics
from core.train.step import Step


def main(arguments: Sequence[str]) -> int:
    """The job; its exit code."""
    parser = argparse.ArgumentParser(prog="core.jobs.probe")
    parser.add_argument("assignments", nargs="*", metavar="KEY=VALUE")
    return told(lambda: probe(parser.parse_args(arguments).assignments))


def probe(assignments: Sequence[str]) -> None:
    """Print what was measured. Raises DflTuiError."""
    settings = birth_settings(parse_all(assignments))
    check_together(settings)
    machine = choose_machine(settings, ())
    tell({"phase": f"tries {settings['precision']} on {machine.name}"})
    network = make_network(settings)
    initialise(network, 0)
    network.to(machine.device)
    step = Step(network, make_optimizer(str(settings["optimizer"]), network))
    step.equip({**settings, "precision": "fp32", "compile": False})
    tell({"summary": {"sentences": check_numerics(step, settings, machine.name)}})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
