"""Commands that change a run: each sends one act and prints the run's answer.

They work as well on a run that does not train: its supervisor is started without a trainer, writes the change down, and
the change takes effect when the trainer comes.
"""

import click

from core.events.act import (
    Act,
    LockBlocks,
    MakeBackup,
    PauseRun,
    ResumeRun,
    SaveNow,
    SetValues,
    StopRun,
    UndoLast,
    UnlockBlocks,
    WithdrawAct,
)
from core.events.event import Grown
from core.settings.registry import parse_all
from dfl_tui.cli.call import Call, add_everywhere_options, run_argument
from dfl_tui.cli.consequence import agreed
from dfl_tui.cli.place import found, reached
from dfl_tui.cli.precision import allow_option
from dfl_tui.growing import growth_undone

AT = click.option("--at", type=click.IntRange(min=0), metavar="N", help="At iteration N instead of now.")
TAKE = click.option("--take", is_flag=True, help="Take the lease, where a console steers the run.")


def carry_out(call: Call, name: str, act: Act, *, at: int | None = None, take: bool = False) -> None:
    """Send `act` to the run and print its answer. Raises RefusedError with the run's own sentence."""
    with reached(found(call, name)) as connection:
        if take:
            connection.take_lease()
        click.echo(connection.command(act, at=at).sentence)


@add_everywhere_options
@click.command("set")
@run_argument()
@click.argument("assignments", nargs=-1, required=True, metavar="KEY=VALUE...")
@allow_option
@AT
@TAKE
@click.pass_obj
def set_command(call: Call, name: str, assignments: tuple[str, ...], at: int | None, take: bool) -> None:
    """Change settings of a run.

    Several settings of one call change at the same iteration. The settings are listed by dfl-tui config.
    """
    carry_out(call, name, SetValues(parse_all(assignments)), at=at, take=take)


@add_everywhere_options
@click.command("lock")
@run_argument()
@click.argument("pattern")
@AT
@TAKE
@click.pass_obj
def lock_command(call: Call, name: str, pattern: str, at: int | None, take: bool) -> None:
    """Lock blocks, so that they keep their weights.

    PATTERN is a block (encoder.down1), a group (encoder, inter, decoder_src, mask, features, all) or a pattern
    ('decoder_*.upscale*'). Commas add up, a minus takes away: 'encoder,-encoder.dense1'.
    """
    carry_out(call, name, LockBlocks(pattern), at=at, take=take)


@add_everywhere_options
@click.command("unlock")
@run_argument()
@click.argument("pattern")
@AT
@TAKE
@click.pass_obj
def unlock_command(call: Call, name: str, pattern: str, at: int | None, take: bool) -> None:
    """Open locked blocks.

    PATTERN is read as by dfl-tui lock. The optimizer goes on with the moments that the blocks had.
    """
    carry_out(call, name, UnlockBlocks(pattern), at=at, take=take)


@add_everywhere_options
@click.command("backup")
@run_argument()
@click.argument("label")
@AT
@TAKE
@click.pass_obj
def backup_command(call: Call, name: str, label: str, at: int | None, take: bool) -> None:
    """Save a run under a label that is kept.

    A backup stays until the run is removed; dfl-tui restore goes back to it.
    """
    carry_out(call, name, MakeBackup(label), at=at, take=take)


@add_everywhere_options
@click.command("withdraw")
@run_argument()
@click.argument("event", type=click.IntRange(min=1))
@TAKE
@click.pass_obj
def withdraw_command(call: Call, name: str, event: int, take: bool) -> None:
    """Take back a change that waits.

    EVENT is its number in dfl-tui show.
    """
    carry_out(call, name, WithdrawAct(event), take=take)


@add_everywhere_options
@click.command("pause")
@run_argument()
@AT
@TAKE
@click.pass_obj
def pause_command(call: Call, name: str, at: int | None, take: bool) -> None:
    """Let a run stand still.

    The trainer keeps its memory and its device; dfl-tui stop frees them.
    """
    carry_out(call, name, PauseRun(), at=at, take=take)


@add_everywhere_options
@click.command("stop")
@run_argument()
@AT
@TAKE
@click.pass_obj
def stop_command(call: Call, name: str, at: int | None, take: bool) -> None:
    """Save a run and end its trainer.

    The run stays so until dfl-tui train or dfl-tui resume.
    """
    carry_out(call, name, StopRun(), at=at, take=take)


def only_now(word: str, act: Act, text: str) -> click.Command:
    """A command that names only the run, for an act that cannot wait for an iteration."""

    @add_everywhere_options
    @click.command(word, help=text)
    @run_argument()
    @TAKE
    @click.pass_obj
    def command(call: Call, name: str, take: bool) -> None:
        carry_out(call, name, act, take=take)

    return command


@add_everywhere_options
@click.command("undo")
@run_argument()
@click.option("--yes", is_flag=True, help="Do not ask.")
@TAKE
@click.pass_obj
def undo_command(call: Call, name: str, yes: bool, take: bool) -> None:
    """Take back the last change of a setting or lock.

    The change is reversed from now on; what was trained with it stays trained. A growth is taken back by going to the
    save before it, which gives up what was trained since.
    """
    with reached(found(call, name)) as connection:
        state = connection.welcome.state
        if state.undoable and isinstance(state.undoable[-1].body, Grown):
            agreed(growth_undone(state.undoable[-1].iteration, connection.welcome.tick.iteration), yes=yes)
        if take:
            connection.take_lease()
        click.echo(connection.command(UndoLast()).sentence)


save_command = only_now("save", SaveNow(), "Save a run now.\n\nRuns save themselves as often as save_minutes says.")
resume_command = only_now("resume", ResumeRun(), "Let a run go on.\n\nAfter a pause, a stop or a failure.")
