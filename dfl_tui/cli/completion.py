"""`dfl-tui completion`: the script that makes a shell complete commands, options and names of runs."""

import click
from click.shell_completion import get_completion_class

from core.settings.error import DflTuiError
from dfl_tui.cli.call import add_everywhere_options
from dfl_tui.language import _

SHELLS = ("bash", "zsh", "fish")


@add_everywhere_options
@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    bash: dfl-tui completion bash > ~/.local/share/bash-completion/completions/dfl-tui
    """
    script = get_completion_class(shell)
    if script is None:
        raise DflTuiError(_("there is no completion for {shell}").format(shell=shell),
                          hint=_("choose one of {names}").format(names=", ".join(SHELLS)))
    click.echo(script(ctx.find_root().command, {}, "dfl-tui", "_DFL_TUI_COMPLETE").source())
