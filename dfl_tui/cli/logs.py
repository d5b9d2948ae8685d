"""`dfl-tui logs`: the logs of a run's trainer and supervisor."""

import time

import click

from core.wire.console_record import AskLog, Log
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.connection import ANY_ID, Connection
from dfl_tui.cli.place import found_or_only, reached

MOST_LINES = 2_000  # what the wire gives in one answer
LOOK_S = 1.0


@add_everywhere_options
@click.command("logs")
@run_argument(required=False)
@click.option("--supervisor", "which", flag_value="supervisor", help="The supervisor's log instead of the trainer's.")
@click.option("-n", "--lines", type=click.IntRange(1, MOST_LINES), default=50, show_default=True, metavar="N",
              help="How many of the last lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is added, until Ctrl-C.")
@click.pass_obj
def logs_command(call: Call, name: str | None, which: str | None, lines: int, follow: bool) -> None:
    """Show a run's log."""
    with reached(found_or_only(call, name)) as connection:
        seen = tail(connection, which or "trainer")
        click.echo("\n".join(seen[-lines:]))
        while follow:
            # The wire has no stream of log lines: an answer a second is cheap, and nobody reads faster.
            time.sleep(LOOK_S)
            now = tail(connection, which or "trainer")
            for line in added(seen, now):
                click.echo(line)
            seen = now


def tail(connection: Connection, which: str) -> list[str]:
    """The end of a log, as much as one answer holds."""
    return connection.ask(Log, AskLog(ANY_ID, which, MOST_LINES)).lines


def added(before: list[str], after: list[str]) -> list[str]:
    """The lines of `after` that came since the log ended with `before`; both lose lines at the top as it grows."""
    for lost in range(len(before) + 1):
        known = before[lost:]
        if known == after[:len(known)]:
            return after[len(known):]
    return after
