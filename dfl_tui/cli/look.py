"""`dfl-tui ls` and `dfl-tui status`: how runs stand, without starting anything."""

import json
import time
from contextlib import suppress

import click

from core.run.start import Place, Summary, is_alive, offline_summary, places, socket_path
from core.settings.error import DflTuiError, WireError
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.columns import columns
from dfl_tui.cli.connection import Connection
from dfl_tui.cli.place import found_or_only, no_runs
from dfl_tui.cli.standing import Standing, as_json, from_summary, from_welcome, one_line, told
from dfl_tui.draw.number import duration, short
from dfl_tui.language import _

HEADINGS = ("NAME", "STATE", "ITERATION", "SRC", "DST", "LAST SEEN", "WHO")
TMUX_CELLS = 60  # tmux cuts status-right at 40 unless status-right-length says otherwise; see docs/guide/remote.md


@add_everywhere_options
@click.command("ls")
@click.option("--json", "wants_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def ls_command(call: Call, wants_json: bool) -> None:
    """List all runs."""
    home = call.home_folder()
    rows: list[tuple[str, ...]] = []
    for place in places(home):
        try:
            summary = offline_summary(place)
        except DflTuiError as error:  # one damaged run must not hide the others
            click.echo(f"dfl-tui: {place.name}: {error}", err=True)
            continue
        if wants_json:
            click.echo(json.dumps(as_json(from_summary(summary)) | {"last_seen": summary.at}))
        rows.append(row(summary))
    if not rows:
        click.echo(str(no_runs(home)), err=True)
    elif not wants_json:
        click.echo("\n".join(columns([tuple(map(_, HEADINGS)), *rows])))


def row(s: Summary) -> tuple[str, ...]:
    """A run's cells in the list."""
    seen = _("{time} ago").format(time=duration(max(0.0, time.time() - s.at))) if s.at else _("never")
    losses = [short(loss) if loss is not None else "" for loss in (s.src_loss, s.dst_loss)]
    of = f"/{s.target_iter:,}" if s.target_iter else ""
    return (s.name, _(s.state), f"{s.iteration:,}{of}", *losses, seen,
            _("{src} on {dst}").format(src=s.src_person, dst=s.dst_person))


@add_everywhere_options
@click.command("status")
@run_argument(required=False)
@click.option("--json", "wants_json", is_flag=True, help="One JSON object.")
@click.option("--tmux", "wants_tmux", is_flag=True, help="One line for tmux's status-right.")
@click.pass_obj
def status_command(call: Call, name: str | None, wants_json: bool, wants_tmux: bool) -> None:
    """Say how a run stands.

    NAME may be left out where there is only one run.
    """
    standing = standing_of(found_or_only(call, name))
    if wants_json:
        click.echo(json.dumps(as_json(standing)))
    elif wants_tmux:
        # tmux would take # for the beginning of a format.
        click.echo(one_line(standing, TMUX_CELLS).replace("#", "##"))
    else:
        click.echo("\n".join(told(standing)))


def standing_of(place: Place) -> Standing:
    """Asked of the supervisor where one lives, else read from the run's folder."""
    path = socket_path(place) if is_alive(place) else None
    if path is not None:
        with suppress(WireError), Connection(path) as connection:  # it may end at this moment: then the folder tells
            return from_welcome(connection.welcome)
    return from_summary(offline_summary(place))
