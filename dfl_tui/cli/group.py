"""The table of commands, and the click group that imports a command's module only when it is called.

`dfl-tui --help` needs names and one-line helps only, so both stand here; a test compares them with the commands' own.
"""

from importlib import import_module
from typing import NamedTuple

import click

from dfl_tui.cli.call import add_everywhere_options
from dfl_tui.language import _


class Entry(NamedTuple):
    """One command: the module that has it, and its line in the help."""

    module: str
    help: str


SECTIONS: dict[str, dict[str, Entry]] = {
    "Train": {
        "demo": Entry("demo", "Train on the packaged synthetic faces."),
        "new": Entry("new", "Make a run from two face sets."),
        "import": Entry("exchange", "Make a run from a model of DeepFaceLab."),
        "convert": Entry("convert", "Make a run with another network from a run's save."),
        "train": Entry("train", "Start or go on training a run."),
        "attach": Entry("attach", "Open the console of a run."),
        "tmux": Entry("tmux", "Open the console of a run in its own tmux session."),
    },
    "Look": {
        "ls": Entry("look", "List all runs."),
        "status": Entry("look", "Say how a run stands."),
        "show": Entry("show", "Show a run's settings, locks, consent and what waits."),
        "watch": Entry("watch", "Follow a run in one line."),
        "logs": Entry("logs", "Show a run's log."),
        "metrics": Entry("metrics", "Write a run's losses and timings as CSV."),
        "preview": Entry("preview", "Write a run's newest preview as a PNG file."),
    },
    "Steer": {
        "set": Entry("change", "Change settings of a run."),
        "lock": Entry("change", "Lock blocks, so that they keep their weights."),
        "unlock": Entry("change", "Open locked blocks."),
        "grow": Entry("grow", "Double a run's resolution, keeping the face."),
        "undo": Entry("change", "Take back the last change of a setting or lock."),
        "withdraw": Entry("change", "Take back a change that waits."),
        "save": Entry("change", "Save a run now."),
        "backup": Entry("change", "Save a run under a label that is kept."),
        "pause": Entry("change", "Let a run stand still."),
        "resume": Entry("change", "Let a run go on."),
        "stop": Entry("change", "Save a run and end its trainer."),
        "node": Entry("node", "Lend this machine's devices to a training on another one."),
    },
    "Keep": {
        "generations": Entry("generation", "List the saves of a run."),
        "restore": Entry("generation", "Go on from an earlier save."),
        "swap-inter": Entry("convert", "Give a run the inter of another run."),
        "rename": Entry("folder", "Give a run another name."),
        "rm": Entry("folder", "Remove a run for good."),
    },
    "Use": {
        "faces": Entry("faces", "Check folders of aligned faces, give them masks, pack and unpack them."),
        "swap": Entry("swap", "Swap the faces of a folder."),
        "export": Entry("exchange", "Write a run's model for another program."),
    },
    "Help": {
        "doctor": Entry("doctor", "Check machine, terminal and folders."),
        "keys": Entry("keys", "List the keys of the console."),
        "config": Entry("config", "List the settings, or explain one."),
        "completion": Entry("completion", "Print the completion script of a shell."),
        "reset-terminal": Entry("terminal", "Repair a terminal that a killed console left behind."),
    },
}

ENTRIES: dict[str, Entry] = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class LazyGroup(click.Group):
    """Commands of SECTIONS, each imported when it is asked for."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(ENTRIES)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = ENTRIES.get(cmd_name)
        if entry is None:
            return None
        module = import_module(f"dfl_tui.cli.{entry.module}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def resolve_command(self, ctx: click.Context,
                        args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in ENTRIES and not args[0].startswith("-"):
            from difflib import get_close_matches  # late: only after a mistake

            near = get_close_matches(args[0], ENTRIES, n=1)
            ctx.fail(_("there is no command {name}").format(name=repr(args[0]))
                     + (_(": did you mean {name}?").format(name=near[0]) if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, ENTRIES))
        for section, entries in SECTIONS.items():
            with formatter.section(_(section)):
                formatter.write_dl([(name.ljust(width), _(entry.help)) for name, entry in entries.items()])


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dfl-tui", message="%(prog)s %(version)s")
@click.pass_context
def dfl_tui(ctx: click.Context) -> int | None:
    """Train face-swap models on a machine without a display.

    Without a command: the console of the only run, or the list of runs to pick one from. Nothing leaves the machine.
    """
    if ctx.invoked_subcommand is not None:
        return None
    from dfl_tui.cli.console import ScreenOptions, open_console  # late: most calls name a command

    return open_console(ctx.obj, None, ScreenOptions())


add_everywhere_options(dfl_tui)
