"""`dfl-tui reset-terminal`: switch off what a console that was killed left on (facts/console.md 1.5)."""

import subprocess
import sys

import click

from dfl_tui.cli.call import add_everywhere_options
from dfl_tui.terminal import RESET


@add_everywhere_options
@click.command("reset-terminal")
def reset_terminal_command() -> None:
    """Repair a terminal that a killed console left behind.

    Ends mouse reports, the alternate screen and special key codes, and switches echo and line editing on again.
    """
    sys.stdout.write(RESET)
    sys.stdout.flush()
    if sys.stdin.isatty():
        subprocess.run(["stty", "sane"], check=False)
