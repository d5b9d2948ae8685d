"""Ctrl-C while a run is followed: the watching ends, the training does not, and that is said."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from dfl_tui.cli.exit_code import ExitCode
from dfl_tui.language import _


@contextmanager
def says_training_goes_on(name: str) -> Iterator[None]:
    """Turn Ctrl-C inside into a sentence and the exit code for it."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\n" + _("detached: {name} goes on without you; dfl-tui attach {name} comes back, dfl-tui stop "
                            "{name} ends it").format(name=name))
        raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
