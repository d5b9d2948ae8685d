"""Say what a command gives up, in numbers, before it is done."""

import sys

import click

from core.settings.error import RefusedError
from dfl_tui.language import _


def agreed(consequence: str, *, yes: bool) -> None:
    """State the consequence and ask. Raises RefusedError where the answer is no, or where nobody can answer."""
    if yes:
        click.echo(consequence)
        return
    if not sys.stdin.isatty():
        raise RefusedError(consequence, hint=_("add --yes if that is meant"))
    if not click.confirm(_("{consequence}. Go on?").format(consequence=consequence)):
        raise RefusedError(_("nothing was changed"))
