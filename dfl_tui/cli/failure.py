"""Which exit code belongs to which error, and the errors that only the command line knows."""

import click

from core.settings.error import DflTuiError, JournalError, MissingError, RefusedError, SettingError, WireError
from dfl_tui.cli.exit_code import ExitCode
from dfl_tui.language import _


class NotFoundError(DflTuiError):
    """No run, generation or preview of that name or number."""


class RunFailedError(DflTuiError):
    """The run that was followed stopped because of a failure."""


CODES: tuple[tuple[type[DflTuiError], ExitCode], ...] = (
    (NotFoundError, ExitCode.NOT_FOUND),
    (MissingError, ExitCode.NOT_FOUND),
    (RunFailedError, ExitCode.RUN_FAILED),
    (JournalError, ExitCode.FAILED),
    (SettingError, ExitCode.USAGE),
    (RefusedError, ExitCode.REFUSED),
    (WireError, ExitCode.NO_CONTACT),
)


def code_of(error: DflTuiError) -> ExitCode:
    """The exit code for `error`."""
    return next((code for kind, code in CODES if isinstance(error, kind)), ExitCode.FAILED)


def usage_sentence(error: click.ClickException) -> str:
    """Click's complaint as one sentence that says where the help is."""
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or message.endswith("?"):  # a near name was offered, which helps more
        return message
    return _("{message}: see {command} --help").format(message=message, command=context.command_path)
