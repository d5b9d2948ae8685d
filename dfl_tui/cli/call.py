"""What a command line says beside its command: `--home` and `-v`, before or after the command's name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from dfl_tui.language import _

AnyCommand = TypeVar("AnyCommand", bound=click.Command)


@dataclass(slots=True)
class Call:
    """The options that every command takes. `home` is None where it was not given."""

    home: Path | None = None

    def home_folder(self) -> Path:
        """The folder that holds the runs: --home, else $DFL_TUI_HOME, else the user's data folder."""
        from core.run.start import home_folder  # late: `config`, `keys` and --help need no home

        return home_folder(self.home)


def add_everywhere_options(command: AnyCommand) -> AnyCommand:
    """Give `command` the options that every command takes, and its help the language of the environment. Also a
    decorator, above `@click.command`."""
    command.help = _(command.help) if command.help else None
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = _(parameter.help)
    command.params += [
        click.Option(["--home"], type=click.Path(path_type=Path), expose_value=False, callback=remember_home,
                     metavar="DIR", help=_("Folder that holds the runs.  [$DFL_TUI_HOME]")),
        click.Option(["-v", "--verbose"], is_flag=True, expose_value=False, callback=tell_log,
                     help=_("Tell on standard error what is done.")),
    ]
    return command


def remember_home(ctx: click.Context, _param: click.Parameter, value: Path | None) -> None:
    """Keep --home; the one after the command's name wins over the one before it."""
    if value is not None:
        ctx.ensure_object(Call).home = value.expanduser().absolute()


def tell_log(_ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    """Send the log to standard error."""
    if wanted:
        import logging  # late: costs 8 ms, and few want it

        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")


def run_argument(*, required: bool = True) -> Callable[[Callable[..., int | None]], Callable[..., int | None]]:
    """The argument NAME, completed with the names of the runs in the home."""
    return click.argument("name", metavar="NAME", required=required, shell_complete=complete_run)


def complete_run(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of runs that begin with what was typed."""
    from core.run.start import places  # late: only while a shell completes

    home = ctx.ensure_object(Call).home_folder()
    return [place.name for place in places(home) if place.name.startswith(incomplete)]
