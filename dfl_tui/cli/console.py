"""From the command line into the console and out of it again. Textual is imported here and not before."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from core.run.start import Place, places
from core.settings.error import RefusedError
from dfl_tui.cli.call import Call
from dfl_tui.cli.place import found
from dfl_tui.language import _

COLOURS = ("auto", "true", "256", "16", "none")


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """How the console looks. `mouse` None = on, but for slow links."""

    colours: str = "auto"
    mouse: bool | None = None
    theme: str = ""


def screen_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that opens the console; the command gets them as `screen`."""
    @wraps(function)
    def bundled(*words: Any, colours: str, mouse: bool | None, theme: str, **others: Any) -> Any:
        return function(*words, screen=ScreenOptions(colours, mouse, theme), **others)

    command: Callable[..., Any] = bundled
    for option in (click.option("--theme", default="", metavar="NAME", help="Theme of the console."),
                   click.option("--mouse/--no-mouse", default=None, help="Whether the console takes the mouse."),
                   click.option("--colours", type=click.Choice(COLOURS), default="auto", show_default=True,
                                help="Colours of the console.")):
        command = option(command)
    return command


def open_console(call: Call, name: str | None, screen: ScreenOptions) -> int:
    """The console of the run; without a name of the only run, or the picker. Says its last sentence after it."""
    home = call.home_folder()
    place = found(call, name) if name is not None else only(places(home))
    if not has_terminal():
        raise RefusedError(_("the console needs a terminal"),
                           hint=_("dfl-tui status tells how a run stands, dfl-tui train NAME --plain follows it in "
                                  "lines"))
    from dfl_tui.app import run_console  # late: Textual costs half a second

    parting = run_console(home, place, colours=screen.colours, mouse=screen.mouse, theme=screen.theme)
    if parting.sentence:
        click.echo(parting.sentence)
    return parting.code


def only(runs: list[Place]) -> Place | None:
    """The run, where there is just one; None lets the picker choose."""
    return runs[0] if len(runs) == 1 else None


def has_terminal() -> bool:
    """Whether a console can be drawn and typed to."""
    return sys.stdin.isatty() and sys.stdout.isatty()
