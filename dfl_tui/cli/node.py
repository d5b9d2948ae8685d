"""`dfl-tui node`: this machine's devices for a training that runs on another one."""

from pathlib import Path

import click

from dfl_tui.cli.call import Call, add_everywhere_options
from dfl_tui.cli.exit_code import ExitCode
from dfl_tui.cli.job import records
from dfl_tui.language import _

PORT = "29400"      # the default of the setting node_port

Folder = click.Path(exists=True, path_type=Path, file_okay=False)


@add_everywhere_options
@click.command("node")
@click.argument("address", metavar="HOST[:PORT]")
@click.option("--interface", required=True, metavar="NAME", help="Network interface towards the other machine.")
@click.option("--devices", default="all", show_default=True, metavar="LIST", help="Devices to lend, as 0,1.")
@click.option("--src", type=Folder, metavar="DIR",
              help="The src faces on this machine.  [default: where the other one has them]")
@click.option("--dst", type=Folder, metavar="DIR", help="The same of dst.")
@click.pass_obj
def node_command(call: Call, address: str, interface: str, *, devices: str, src: Path | None,
                 dst: Path | None) -> int:
    """Lend this machine's devices to a training on another one.

    HOST is the machine on which the run is: its nodes must be set to 2 or more. Runs until Ctrl-C, and joins again
    whenever the training starts anew. Nothing is encrypted: use it in a network that you trust.
    """
    where = address if ":" in address else f"{address}:{PORT}"
    arguments = [where, "--interface", interface, "--devices", devices,
                 "--cache", str(call.home_folder().absolute() / "cache")]
    for name, folder in (("--src", src), ("--dst", dst)):
        arguments += [name, str(folder.absolute())] if folder else []
    for record in records("node", arguments, _("lending")):
        click.echo(record.get("phase", ""))
    return ExitCode.OK
