"""`dfl-tui doctor`: what could be in the way of a training or of its console, and what helps."""

import click

from core.run.start import doctor
from dfl_tui.cli.call import Call, add_everywhere_options
from dfl_tui.cli.exit_code import ExitCode
from dfl_tui.cli.terminal_check import terminal_findings


@add_everywhere_options
@click.command("doctor")
@click.option("--no-devices", is_flag=True, help="Do not start a process that looks for GPUs, which takes seconds.")
@click.pass_obj
def doctor_command(call: Call, no_devices: bool) -> int:
    """Check machine, terminal and folders.

    Prints ok, warn or bad for each, and changes nothing. Ends with code 7 where something is bad.
    """
    findings = [*doctor(call.home_folder(), probe_devices=not no_devices), *terminal_findings()]
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        click.echo(f"{finding.state:<4}  {finding.name:<{width}}  {finding.sentence}")
    return ExitCode.PROBLEMS if any(finding.state == "bad" for finding in findings) else ExitCode.OK
