"""The record of consent on the command line: six options of every command that makes a run."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from core.events.event import Consent, Ground
from core.settings.error import SettingError
from dfl_tui.cli.person import user_name
from dfl_tui.language import _

SIDES = ("src", "dst")
GROUND = click.Choice(("own", "consent", "licence", "synthetic"))


def consent_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--src-person, --src-ground, --src-said-by and the same of dst; the command gets both records as `consents`.

    Raises SettingError before the command begins, where a record is not whole.
    """
    @wraps(function)
    def bundled(*words: Any, **options: Any) -> Any:
        said = [consent(side, *(options.pop(f"{side}_{what}") for what in ("person", "ground", "said_by")))
                for side in SIDES]
        return function(*words, consents=(said[0], said[1]), **options)

    command: Callable[..., Any] = bundled
    for side in reversed(SIDES):
        for option in (click.option(f"--{side}-said-by", metavar="TEXT", help="Who says so.  [default: you]"),
                       click.option(f"--{side}-ground", type=GROUND, help="On what ground these pictures may be used."),
                       click.option(f"--{side}-person", metavar="TEXT", help=f"Who is shown in {side}.")):
            command = option(command)
    return command


def consent(side: str, person: str | None, ground: Ground | None, said_by: str | None) -> Consent:
    """The record of consent for one face set. Raises SettingError where it is not stated."""
    if ground is None:
        raise SettingError(_("on what ground the faces of {side} may be used is not stated").format(side=side),
                           hint=_("add --{side}-ground own, consent, licence or synthetic").format(side=side))
    if not person and ground != "synthetic":
        raise SettingError(_("who is shown in {side} is not stated").format(side=side),
                           hint=_("add --{side}-person NAME").format(side=side))
    return Consent(person or "synthetic", ground, said_by or user_name())
