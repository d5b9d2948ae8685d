"""`dfl-tui config`: the settings, as the registry has them."""

import textwrap
from shutil import get_terminal_size

import click

from core.settings.registry import SETTINGS, setting
from core.settings.setting import Setting
from dfl_tui.cli.call import add_everywhere_options
from dfl_tui.language import _
from dfl_tui.telling import shown

WHEN = {"birth": _("fixed when the run is made"), "restart": _("restarts the trainer"),
        "live": _("at the next iteration")}


@add_everywhere_options
@click.command("config")
@click.argument("key", required=False)
def config_command(key: str | None) -> None:
    """List the settings, or explain one.

    Change a setting with dfl-tui set, or give it to a new run with dfl-tui new --set KEY=VALUE.
    """
    width = min(get_terminal_size().columns, 120)
    if key is not None:
        click.echo("\n".join(explained(setting(key), width)))
        return
    for s in SETTINGS:
        click.echo(f"{s.key} = {shown(s.default)}   ({s.kind.describe()}; {WHEN[s.when]})")
        click.echo(textwrap.fill(_(s.help), width, initial_indent="    ", subsequent_indent="    "))


def explained(s: Setting, width: int) -> list[str]:
    """Everything that the registry says of one setting, a line each."""
    lines = [s.key, *textwrap.wrap(_(s.help), width)]
    facts = {_("default"): shown(s.default), _("takes"): s.kind.describe(), _("usual"): s.usual,
             _("changes"): WHEN[s.when], _("cost"): _(s.cost) if s.cost else "", _("also called"): ", ".join(s.aliases)}
    for name, text in facts.items():
        if text:
            lines += textwrap.wrap(f"{name + ':':<13}{text}", width, subsequent_indent=" " * 13)
    return lines


