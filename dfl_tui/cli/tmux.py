"""`dfl-tui tmux`: the console in a tmux session of its own.

A convenience: a training does not need tmux to go on, its console does not need it to come back.
"""

import os
import shlex
import shutil
import subprocess
import sys

import click

from core.run.start import Place
from core.settings.error import RefusedError
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.look import TMUX_CELLS
from dfl_tui.cli.place import found_or_only
from dfl_tui.language import _

STATUS_S = 15  # tmux runs the status command that often


@add_everywhere_options
@click.command("tmux")
@run_argument(required=False)
@click.pass_obj
def tmux_command(call: Call, name: str | None) -> None:
    """Open the console of a run in its own tmux session.

    Creates the session dfl-NAME or attaches to it. Its status line shows how the run stands.
    """
    place = found_or_only(call, name)
    program = shutil.which("tmux")
    if program is None:
        raise RefusedError(_("tmux is not installed"),
                           hint=_("dfl-tui attach {name} opens the console here; the training needs no tmux").format(
                               name=place.name))
    session = session_name(place)
    known = subprocess.run([program, "has-session", "-t", f"={session}"], capture_output=True, check=False)
    if known.returncode != 0:
        made = [program, *new_session(session, place, ["--home", str(call.home_folder())])]
        # Detached, and attached below: the same way whether the session is new or was there.
        subprocess.run(made, check=True)
    # from inside tmux the client changes its session: tmux refuses to be nested
    verb = "switch-client" if "TMUX" in os.environ else "attach-session"
    os.execv(program, [program, verb, "-t", f"={session}"])


def session_name(place: Place) -> str:
    """dfl-NAME, with what tmux does not take in a name replaced."""
    return "dfl-" + place.name.translate(str.maketrans(".:", "__"))


def new_session(session: str, place: Place, options: list[str]) -> list[str]:
    """Arguments of tmux: make the session with the console in it, and let its status line tell how the run stands."""
    ours = [sys.executable, "-P", "-m", "dfl_tui", *options]
    status = f"#({shlex.join([*ours, 'status', place.name, '--tmux'])})"
    pane = f"={session}:"
    return ["new-session", "-d", "-s", session, shlex.join([*ours, "attach", place.name]), ";",
            "set-option", "-t", pane, "status-right", status, ";",
            "set-option", "-t", pane, "status-right-length", str(TMUX_CELLS), ";",
            "set-option", "-t", pane, "status-interval", str(STATUS_S)]
