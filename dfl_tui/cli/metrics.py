"""`dfl-tui metrics`: what a run measured, for spreadsheets and programs of one's own."""

import sys
from pathlib import Path

import click

from core.run.start import metric_csv
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.place import found_or_only


@add_everywhere_options
@click.command("metrics")
@run_argument(required=False)
@click.option("--csv", "path", required=True, metavar="FILE", help="Where to write the table; - is standard output.")
@click.pass_obj
def metrics_command(call: Call, name: str | None, path: str) -> None:
    """Write a run's losses and timings as CSV.

    A line an iteration, also of those that a roll back gave up (abandoned 1). A run that trains is not disturbed. The
    settings write_csv and write_tensorboard keep such files while a run trains.
    """
    parts = metric_csv(found_or_only(call, name))
    if path == "-":
        for part in parts:
            sys.stdout.buffer.write(part)
        sys.stdout.flush()
        return
    with Path(path).open("wb") as file:
        file.writelines(parts)
